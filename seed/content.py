"""A plan's files as validated rows, and the references between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.vocabulary import COMMUNE_LEVEL, AssignmentRole
from seed import rows
from seed.findings import Finding
from seed.reading import Source, read
from seed.rows import COMMUNES

RowType = TypeVar("RowType", bound=rows.Row)


class NumberedRow(NamedTuple, Generic[RowType]):
    """A valid row and its index in the file."""

    number: int
    row: RowType


class Table(Generic[RowType]):
    """The valid rows of one file, and its findings."""

    def __init__(self, folder: Path, name: str, row_type: type[RowType]) -> None:
        self.source = read(folder, name)
        self.findings = self.source.findings
        self.readable = not self.findings
        self.entries: list[NumberedRow[RowType]] = []
        self._row_type = row_type
        self._check_columns()
        content = self.source.content
        if not isinstance(content, list):
            if self.readable:
                self.source.add_finding(
                    1, "tệp", "cần một danh sách, mỗi mục bắt đầu bằng dấu gạch ngang"
                )
            self.readable = False
            return
        for number, item in enumerate(content):
            self._add(number, item)

    @property
    def rows(self) -> list[RowType]:
        """The rows without their indexes."""
        return [entry.row for entry in self.entries]

    def codes(self) -> frozenset[str] | None:
        """The codes in the file, also of invalid rows; None if the file is unreadable."""
        if not self.readable:
            return None
        named = (item.get("code") for item in self.source.content if isinstance(item, dict))
        return frozenset(code for code in named if isinstance(code, str))

    def finding(self, entry: NumberedRow[RowType], field: str, expected: str) -> Finding:
        """A finding about a field of a row."""
        return self.source.finding((entry.number, field), expected)

    def _check_columns(self) -> None:
        columns = self.source.columns
        if columns is None:
            return
        fields = self._row_type.model_fields
        for name in fields.keys() - set(columns):
            self.source.add_finding(1, name, f"cần có cột này; các cột: {','.join(fields)}")
        for name in set(columns) - fields.keys():
            self.source.add_finding(
                1, name or "cột", f"không có cột này; các cột: {','.join(fields)}"
            )
        for name in {name for name in columns if columns.count(name) > 1}:
            self.source.add_finding(1, name, "chỉ được có một cột tên như vậy")
        self.readable = not self.findings

    def _add(self, number: int, item: object) -> None:
        columns = self.source.columns
        if columns is not None and isinstance(item, dict):
            # The header has its own findings; keep only known columns.
            item = {name: item[name] for name in self._row_type.model_fields if name in item}
        try:
            self.entries.append(NumberedRow(number, self._row_type.model_validate(item)))
        except ValidationError as error:
            for detail in error.errors():
                if columns is None or detail["type"] != "missing":
                    path = (number, *detail["loc"])
                    self.findings.append(self.source.finding(path, rows.message_of(detail)))


@dataclass(frozen=True)
class PlanText:
    """`plan.yaml`; `row` is None if it is invalid."""

    source: Source
    row: rows.PlanRow | None


@dataclass(frozen=True)
class Content:
    """All files of a plan."""

    plan: PlanText
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
        return sum((table.findings for table in tables), start=[*self.plan.source.findings])

    def year(self) -> int | None:
        """The plan's year; None if `plan.yaml` is invalid."""
        return self.plan.row.year if self.plan.row else None

    def agency(self, code: str) -> rows.AgencyRow | None:
        """The agency with this code in the plan's year; if several, the earliest."""
        candidates = [row for row in self.agencies.rows if row.code == code and self._exists(row)]
        return min(candidates, key=lambda row: row.valid_from or date.min, default=None)

    def communes(self) -> list[rows.AgencyRow]:
        """The communes and townships of the plan's district in the plan's year."""
        district = self.plan.row.district if self.plan.row else None
        parents = {row.code: row.parent for row in self.agencies.rows}
        return [
            row
            for row in self.agencies.rows
            if row.kind in COMMUNE_LEVEL
            and self._exists(row)
            and district in _ancestors(row.code, parents)
        ]

    def expand(self, references: Iterable[str]) -> list[rows.AgencyRow]:
        """The agencies for codes and `@communes`; unknown codes are skipped."""
        named: list[rows.AgencyRow] = []
        for reference in references:
            agency = self.agency(reference)
            named += self.communes() if reference == COMMUNES else [agency] if agency else []
        return named

    def leads(self, project: str) -> list[rows.AgencyRow]:
        """The lead agencies of a project, without communes and townships."""
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


def read_content(folder: Path) -> Content:
    """Read all files of a folder; errors become findings."""
    return Content(
        plan=_plan(folder),
        agencies=Table(folder, "agencies.csv", rows.AgencyRow),
        projects=Table(folder, "projects.yaml", rows.ProjectRow),
        assignments=Table(folder, "assignments.csv", rows.AssignmentRow),
        responsibilities=Table(folder, "responsibilities.yaml", rows.ResponsibilityRow),
        budget_lines=Table(folder, "budget_lines.csv", rows.BudgetLineRow),
        indicators=Table(folder, "indicators.csv", rows.IndicatorRow),
        schedules=Table(folder, "schedules.yaml", rows.ScheduleRow),
        working_days=Table(folder, "working_days.csv", rows.WorkingDayRow),
        reminders=Table(folder, "reminders.yaml", rows.ReminderRuleRow),
    )


def named_plan(folder: Path) -> str | None:
    """The code of the folder's plan; None if `plan.yaml` is unreadable or the code invalid."""
    content = read(folder, "plan.yaml").content
    code = content.get("code") if isinstance(content, dict) else None
    try:
        return TypeAdapter[str](rows.Code).validate_python(code)
    except ValidationError:
        return None


def _plan(folder: Path) -> PlanText:
    source = read(folder, "plan.yaml")
    if source.findings:
        return PlanText(source, None)
    try:
        return PlanText(source, rows.PlanRow.model_validate(source.content))
    except ValidationError as error:
        source.findings += [
            source.finding(detail["loc"], rows.message_of(detail)) for detail in error.errors()
        ]
        return PlanText(source, None)


def _ancestors(code: str, parents: dict[str, str | None]) -> set[str | None]:
    """The codes of all ancestors; safe for circular references."""
    ancestors: set[str | None] = set()
    parent = parents.get(code)
    while parent is not None and parent not in ancestors:
        ancestors.add(parent)
        parent = parents.get(parent)
    return ancestors
