"""Agencies of the files and of the database brought together, parents first."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.models.agencies import Agency
from seed.content import Content, Entry
from seed.findings import SeedError
from seed.rows import AgencyRow
from seed.stock import assign

_IN_USE = "cơ sở dữ liệu đã có một cơ quan khác dùng mã này trong thời gian đó"
_NOT_YET = ""
_TABLE = Agency.metadata.tables[Agency.__tablename__]


class Agencies:
    """The agencies that the files name, as rows of the database."""

    def __init__(self, session: AsyncSession, content: Content) -> None:
        self._session = session
        self._content = content
        self._rows: dict[AgencyRow, Agency] = {}
        self.added = 0
        self.changed = 0

    def of(self, row: AgencyRow) -> Agency:
        """The database's row for a row of the file."""
        return self._rows[row]

    def named(self, code: str) -> Agency:
        """The agency that has the code in the plan's year."""
        row = self._content.agency(code)
        assert row is not None, "references have been checked"  # noqa: S101 - narrows
        return self._rows[row]

    def code(self, agency_id: int) -> str:
        """The code for an id, or the id where the files don't name the agency."""
        named = (agency.code for agency in self._rows.values() if agency.id == agency_id)
        return next(named, str(agency_id))

    async def put(self) -> None:
        """Add and change agencies.

        Raises:
            SeedError: the database gives a code to somebody else at the time.
        """
        matched = await self._match()
        for row in _parents_first(self._content):
            parent = self.named(row.parent) if row.parent else None
            if parent is not None and parent.id is None:
                await self._session.flush()
            values = row.model_dump(exclude={"parent"}) | {"parent_id": parent and parent.id}
            agency = matched.get(row)
            if agency is None:
                agency = Agency(**values, path=_NOT_YET)
                self._session.add(agency)
                self.added += 1
            elif assign(agency, values):
                self.changed += 1
            self._rows[row] = agency
        await self._session.flush()
        await self._put_paths()

    async def left(self, district: Agency) -> list[str]:
        """The codes of agencies of the district that the file doesn't name."""
        known = [agency.id for agency in self._rows.values()]
        return list(
            await self._session.scalars(
                select(Agency.code)
                .where(Agency.path.startswith(district.path), Agency.id.not_in(known))
                .order_by(Agency.code)
            )
        )

    async def _match(self) -> dict[AgencyRow, Agency]:
        """By code and first day; failing that, by code and time."""
        entries = self._content.agencies.entries
        existing = (
            await self._session.scalars(
                select(Agency).where(Agency.code.in_({entry.row.code for entry in entries}))
            )
        ).all()
        exact = {(agency.code, agency.valid_from): agency for agency in existing}
        matched = {
            entry.row: exact[entry.row.code, entry.row.valid_from]
            for entry in entries
            if (entry.row.code, entry.row.valid_from) in exact
        }
        for entry in entries:
            others = self._others(entry, existing, matched)
            if entry.row not in matched and len(others) == 1:
                matched[entry.row] = others[0]
        findings = [
            self._content.agencies.finding(entry, "valid_from", _IN_USE)
            for entry in entries
            if self._others(entry, existing, matched)
        ]
        if findings:
            raise SeedError(findings)
        return matched

    @staticmethod
    def _others(
        entry: Entry[AgencyRow], existing: Sequence[Agency], matched: dict[AgencyRow, Agency]
    ) -> list[Agency]:
        """Agencies that no row of the file means, with this row's code at its time."""
        row, meant = entry.row, {agency.id for agency in matched.values()}
        return [
            agency
            for agency in existing
            if agency.code == row.code
            and agency.id not in meant
            and (agency.valid_from or date.min) <= (row.valid_to or date.max)
            and (row.valid_from or date.min) <= (agency.valid_to or date.max)
        ]

    async def _put_paths(self) -> None:
        """The paths of new agencies, whose ids the insertion has just given, and of moved ones."""
        new: list[Agency] = []
        moved: list[tuple[str, Agency]] = []
        for row, agency in self._rows.items():
            path = f"{self.named(row.parent).path if row.parent else '/'}{agency.id}/"
            if agency.path == _NOT_YET:
                # Part of the insertion, not a change: the version stays 1.
                set_committed_value(agency, "path", path)
                new.append(agency)
            elif agency.path != path:
                moved.append((agency.path, agency))
                agency.path = path
        if new:
            await self._session.execute(
                update(_TABLE).where(_TABLE.c.id == bindparam("new")).values(path=bindparam("at")),
                [{"new": agency.id, "at": agency.path} for agency in new],
            )
        for old_path, agency in reversed(moved):  # the deepest first, each takes its own along
            await self._move_below(old_path, agency.path)

    async def _move_below(self, old_path: str, new_path: str) -> None:
        """Take along the agencies that the files don't name."""
        below = await self._session.scalars(select(Agency).where(Agency.path.startswith(old_path)))
        for agency in below:
            agency.path = new_path + agency.path.removeprefix(old_path)
        await self._session.flush()


def _parents_first(content: Content) -> Iterator[AgencyRow]:
    waiting = list(content.agencies.rows)
    given: set[AgencyRow | None] = {None}
    while waiting:
        ready = [
            row for row in waiting if (content.agency(row.parent) if row.parent else None) in given
        ]
        yield from ready
        given |= set(ready)
        waiting = [row for row in waiting if row not in given]
