"""A plan's files as validated rows, and the references between them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.vocabulary import COMMUNE_LEVEL, AgencyKind, AssignmentRole
from seed import rows
from seed.files import Document, Table
from seed.findings import Finding
from seed.programmes import INDICATOR_FIELDS, PROJECT_FIELDS, Catalogue
from seed.reading import read
from seed.rows import COMMUNES, OFFICES

PLAN_FILE = "plan.yaml"


@dataclass(frozen=True)
class Content:
    """All files of a plan."""

    plan: Document[rows.PlanRow]
    agencies: Table[rows.AgencyRow]
    projects: Table[rows.ProjectRow]
    assignments: Table[rows.AssignmentRow]
    responsibilities: Table[rows.ResponsibilityRow]
    budget_lines: Table[rows.BudgetLineRow]
    indicators: Table[rows.IndicatorRow]
    schedules: Table[rows.ScheduleRow]
    working_days: Table[rows.WorkingDayRow]
    reminders: Table[rows.ReminderRuleRow]

    def findings(self) -> list[Finding]:
        """The findings in single rows."""
        tables = (
            self.agencies,
            self.projects,
            self.assignments,
            self.responsibilities,
            self.budget_lines,
            self.indicators,
            self.schedules,
            self.working_days,
            self.reminders,
        )
        findings = sum((table.findings for table in tables), start=[*self.plan.source.findings])
        return findings + self.projects.redefinitions() + self.indicators.redefinitions()

    def year(self) -> int | None:
        """The plan's year; None if `plan.yaml` is invalid."""
        return self.plan.row.year if self.plan.row else None

    def agency(self, code: str) -> rows.AgencyRow | None:
        """The agency with this code in the plan's year; if several, the earliest."""
        candidates = [row for row in self.agencies.rows if row.code == code and self._exists(row)]
        return min(candidates, key=lambda row: row.valid_from or date.min, default=None)

    def communes(self) -> list[rows.AgencyRow]:
        """The governments of the lowest tier in the owner's area, in the plan's year."""
        owner = self.plan.row.owner if self.plan.row else None
        parents = {row.code: row.parent for row in self.agencies.rows}
        return [
            row
            for row in self.agencies.rows
            if row.kind in COMMUNE_LEVEL
            and self._exists(row)
            and owner in {row.code, *_ancestors(row.code, parents)}
        ]

    def offices(self, kinds: Collection[AgencyKind]) -> list[rows.AgencyRow]:
        """The agencies of these kinds directly below the plan's owner, in the plan's year."""
        owner = self.plan.row.owner if self.plan.row else None
        return [
            row
            for row in self.agencies.rows
            if row.kind in kinds and row.parent == owner and self._exists(row)
        ]

    def expand(self, references: Iterable[str]) -> list[rows.AgencyRow]:
        """The agencies for codes and selectors; unknown codes are skipped."""
        return [agency for reference in references for agency in self._named(reference)]

    def _named(self, reference: str) -> list[rows.AgencyRow]:
        if reference == COMMUNES:
            return self.communes()
        if reference in OFFICES:
            return self.offices(OFFICES[reference])
        agency = self.agency(reference)
        return [agency] if agency else []

    def leads(self, project: str) -> list[rows.AgencyRow]:
        """The lead agencies of a project, without governments of the lowest tier."""
        references = [
            row.agency
            for row in self.assignments.rows
            if row.project == project and row.role is AssignmentRole.LEAD
        ]
        return [agency for agency in self.expand(references) if agency.kind not in COMMUNE_LEVEL]

    def _exists(self, row: rows.AgencyRow) -> bool:
        year = self.year()
        if year is None:
            return True
        return (row.valid_from is None or row.valid_from.year <= year) and (
            row.valid_to is None or row.valid_to.year >= year
        )


def read_content(folder: Path, catalogue: Catalogue) -> Content:
    """Read all files of a plan's folder; errors become findings.

    catalogue: the definitions of the plan's programme, which complete the rows of the files.
    """
    return Content(
        plan=Document(folder, PLAN_FILE, rows.PlanRow),
        agencies=Table(folder, "agencies.csv", rows.AgencyRow),
        projects=Table(
            folder, "projects.yaml", rows.ProjectRow, catalogue.projects, PROJECT_FIELDS
        ),
        assignments=Table(folder, "assignments.csv", rows.AssignmentRow),
        responsibilities=Table(folder, "responsibilities.yaml", rows.ResponsibilityRow),
        budget_lines=Table(folder, "budget_lines.csv", rows.BudgetLineRow),
        indicators=Table(
            folder, "indicators.csv", rows.IndicatorRow, catalogue.indicators, INDICATOR_FIELDS
        ),
        schedules=Table(folder, "schedules.yaml", rows.ScheduleRow),
        working_days=Table(folder, "working_days.csv", rows.WorkingDayRow),
        reminders=Table(folder, "reminders.yaml", rows.ReminderRuleRow),
    )


def named_plan(folder: Path) -> str | None:
    """The code of the folder's plan; None if `plan.yaml` is unreadable or the code invalid."""
    return _named_code(folder, "code")


def named_programme(folder: Path) -> str | None:
    """The code of the plan's programme; None if `plan.yaml` is unreadable or the code invalid."""
    return _named_code(folder, "programme")


def _named_code(folder: Path, field: str) -> str | None:
    content = read(folder, PLAN_FILE).content
    code = content.get(field) if isinstance(content, dict) else None
    try:
        return TypeAdapter[str](rows.Code).validate_python(code)
    except ValidationError:
        return None


def _ancestors(code: str, parents: dict[str, str | None]) -> set[str | None]:
    """The codes of all ancestors; safe for circular references."""
    ancestors: set[str | None] = set()
    parent = parents.get(code)
    while parent is not None and parent not in ancestors:
        ancestors.add(parent)
        parent = parents.get(parent)
    return ancestors
