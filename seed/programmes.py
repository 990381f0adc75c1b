"""A programme's files, and the definitions that plans adopt."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.models.indicators import Indicator
from app.models.programmes import Programme
from app.models.projects import Project
from app.models.reports import RevisionEntry
from app.services.reference.catalogue import (
    FIXED_FIELDS,
    CatalogueEntry,
    codes_derived_from,
    validate,
)
from app.vocabulary import Frequency
from seed.files import Definitions, Document, Table
from seed.findings import Finding, SeedError
from seed.rows import IndicatorDefinitionRow, ProgrammeRow, ProjectDefinitionRow
from seed.table_sync import TableSync

FILE = "programme.yaml"
PROJECT_FIELDS = frozenset({"parent", "name"})
INDICATOR_FIELDS = frozenset(IndicatorDefinitionRow.model_fields) - {"code"}

_HAS_FIGURES = "đã có số liệu báo cáo nên không đổi được; hãy thêm chỉ tiêu mới"


@dataclass(frozen=True)
class Catalogue:
    """The projects and indicators that a programme defines, as text values by code."""

    projects: Definitions
    indicators: Definitions


class ProgrammeContent:
    """The files of a programme's folder."""

    def __init__(self, folder: Path) -> None:
        # Findings name the folder, because a plan's folder has files of the same names.
        top, name = folder.parent, folder.name
        self.programme = Document(top, f"{name}/{FILE}", ProgrammeRow)
        self.projects = Table(top, f"{name}/projects.yaml", ProjectDefinitionRow)
        self.indicators = Table(top, f"{name}/indicators.csv", IndicatorDefinitionRow)

    def findings(self) -> list[Finding]:
        """All findings, in single rows and across rows."""
        projects, indicators = self.projects, self.indicators
        findings = [*self.programme.source.findings, *projects.findings, *indicators.findings]
        for table in (projects, indicators):
            findings += _duplicates(table)
        known = projects.codes() or frozenset()
        findings += [
            indicators.finding(entry, "project", "cần mã của một dự án trong projects.yaml")
            for entry in indicators.entries
            if projects.readable and entry.row.project not in {None, *known}
        ]
        findings += self._rule_findings()
        above: set[str | None] = {None}
        for entry in projects.entries:
            if entry.row.parent not in above:
                message = "cần mã của một dự án đứng trước trong tệp này"
                findings.append(projects.finding(entry, "parent", message))
            above.add(entry.row.code)
        return findings

    def _rule_findings(self) -> Iterator[Finding]:
        """Findings about the rules between indicators, for every plan that adopts all of them."""
        entries = {
            row.code: CatalogueEntry(
                code=row.code,
                unit=row.unit,
                kind=row.kind,
                frequencies=frozenset(Frequency),
                filled_by=() if row.formula else ("communes",),
                formula=row.formula,
            )
            for row in self.indicators.rows
        }
        for entry in self.indicators.entries:
            for fault in validate(entry.row.code, entries):
                if fault.facts.get("code", entry.row.code) == entry.row.code:
                    field = fault.pointer.removeprefix("/")
                    message = fault.message.fill("vi", fault.facts)
                    yield self.indicators.finding(entry, field, message)

    def catalogue(self) -> Catalogue:
        """The definitions in the files."""
        return Catalogue(
            {row.code: _as_text(row, PROJECT_FIELDS) for row in self.projects.rows},
            {row.code: _as_text(row, INDICATOR_FIELDS) for row in self.indicators.rows},
        )


def find_folder(plan_folder: Path, code: str) -> Path | None:
    """The programme's folder beside a plan's folder, if there is one."""
    folder = plan_folder.parent / code
    return folder if (folder / FILE).exists() else None


async def read_catalogue(session: AsyncSession, code: str) -> Catalogue | None:
    """The definitions in the database; None if it has no such programme."""
    programme = await session.scalar(select(Programme).where(Programme.code == code))
    if programme is None:
        return None
    above = aliased(Project)
    projects = await session.execute(
        select(Project.code, Project.name, above.code.label("parent"))
        .outerjoin(above, above.id == Project.parent_id)
        .where(Project.programme_id == programme.id, Project.plan_id.is_(None))
    )
    indicators = await session.execute(
        select(*Indicator.__table__.columns, Project.code.label("project"))
        .outerjoin(Project, Project.id == Indicator.project_id)
        .where(Indicator.programme_id == programme.id, Indicator.plan_id.is_(None))
    )
    return Catalogue(
        {row.code: _as_text(row, PROJECT_FIELDS) for row in projects},
        {row.code: _as_text(row, INDICATOR_FIELDS) for row in indicators},
    )


def _as_text(row: Any, fields: Iterable[str]) -> Mapping[str, str | None]:
    values = {name: getattr(row, name) for name in fields}
    return {name: None if value is None else str(value) for name, value in values.items()}


def _duplicates(table: Table[Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for entry in table.entries:
        if entry.row.code in seen:
            yield table.finding(entry, "code", f"đã ghi ở dòng trước: {entry.row.code}")
        seen.add(entry.row.code)


class ProgrammeSync:
    """Writes a programme's definitions, and counts the changes. Never deletes."""

    def __init__(self, session: AsyncSession, content: ProgrammeContent) -> None:
        self._session = session
        self._content = content
        self.added = 0
        self.changed = 0

    async def upsert(self) -> Programme:
        """Insert new definitions and update changed ones.

        Raises:
            SeedError: the meaning of reported figures would change.
        """
        row = self._content.programme.row
        assert row is not None, "the files have been checked"  # noqa: S101 - narrows
        table = await TableSync.of(self._session, Programme, Programme.code == row.code, ["code"])
        programme = table.upsert(row.model_dump())
        await self._session.flush()
        await self._ensure_figures_keep_meaning(programme)
        projects = await self._upsert_projects(programme)
        await self._upsert_indicators(programme, projects)
        return programme

    async def _upsert_projects(self, programme: Programme) -> Mapping[str, Project]:
        scope = (Project.programme_id == programme.id) & Project.plan_id.is_(None)
        table = await TableSync.of(self._session, Project, scope, ["code"])
        written: dict[str, Project] = {}
        for position, row in enumerate(self._content.projects.rows, start=1):
            parent = written[row.parent] if row.parent else None
            if parent is not None and parent.id is None:
                await self._session.flush()
            written[row.code] = table.upsert(
                {
                    "programme_id": programme.id,
                    "parent_id": parent and parent.id,
                    "position": position,
                    "code": row.code,
                    "name": row.name,
                }
            )
        await self._session.flush()
        self._count(table)
        return written

    async def _upsert_indicators(
        self, programme: Programme, projects: Mapping[str, Project]
    ) -> None:
        scope = (Indicator.programme_id == programme.id) & Indicator.plan_id.is_(None)
        table = await TableSync.of(self._session, Indicator, scope, ["code"])
        for position, row in enumerate(self._content.indicators.rows, start=1):
            columns = {
                "programme_id": programme.id,
                "project_id": projects[row.project].id if row.project else None,
                "position": position,
            }
            table.upsert(row.model_dump(exclude={"project"}) | columns)
        await self._session.flush()
        self._count(table)

    async def _ensure_figures_keep_meaning(self, programme: Programme) -> None:
        """Ensure that no definition of reported figures changes.

        Raises:
            SeedError: one would change.
        """
        stored = await read_catalogue(self._session, programme.code)
        rows = await self._session.scalars(
            select(Indicator.code).where(
                Indicator.programme_id == programme.id,
                exists().where(RevisionEntry.indicator_id == Indicator.id),
            )
        )
        reported = frozenset(rows)
        if stored is None or not reported:
            return
        formulas_of = {code: row["formula"] for code, row in stored.indicators.items()}
        reported |= codes_derived_from(reported, formulas_of)
        table, files = self._content.indicators, self._content.catalogue().indicators
        findings = [
            table.finding(entry, field, _HAS_FIGURES)
            for entry in table.entries
            if entry.row.code in reported & stored.indicators.keys()
            for field in sorted(FIXED_FIELDS)
            if files[entry.row.code][field] != stored.indicators[entry.row.code][field]
        ]
        if findings:
            raise SeedError(findings)

    def _count(self, *tables: TableSync[Any]) -> None:
        self.added += sum(table.added for table in tables)
        self.changed += sum(table.changed for table in tables)
