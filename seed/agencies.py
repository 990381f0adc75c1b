"""Write the agencies of the files to the database, parents first."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.models.agencies import Agency
from seed.content import Content
from seed.files import NumberedRow
from seed.findings import SeedError
from seed.rows import AgencyRow
from seed.table_sync import assign

_CODE_IN_USE = "cơ sở dữ liệu đã có một cơ quan khác dùng mã này trong thời gian đó"
_NO_PATH = ""
_TABLE = Agency.metadata.tables[Agency.__tablename__]


class AgencySync:
    """Matches the agencies in the files with those in the database, and writes them."""

    def __init__(self, session: AsyncSession, content: Content) -> None:
        self._session = session
        self._content = content
        self._rows: dict[AgencyRow, Agency] = {}
        self.added = 0
        self.changed = 0

    def agency_of(self, row: AgencyRow) -> Agency:
        """The database row for a row of the file."""
        return self._rows[row]

    def by_code(self, code: str) -> Agency:
        """The agency with this code in the plan's year."""
        row = self._content.agency(code)
        assert row is not None, "references have been checked"  # noqa: S101 - narrows
        return self._rows[row]

    def code_of(self, agency_id: int) -> str:
        """The agency's code, or its id if the agency is not in the files."""
        named = (agency.code for agency in self._rows.values() if agency.id == agency_id)
        return next(named, str(agency_id))

    async def upsert(self) -> None:
        """Insert new agencies and update changed ones.

        Raises:
            SeedError: another agency in the database has the same code at the same time.
        """
        matched = await self._match()
        for row in _parents_first(self._content):
            parent = self.by_code(row.parent) if row.parent else None
            if parent is not None and parent.id is None:
                await self._session.flush()
            values = row.model_dump(exclude={"parent"}) | {"parent_id": parent and parent.id}
            agency = matched.get(row)
            if agency is None:
                agency = Agency(**values, path=_NO_PATH)
                self._session.add(agency)
                self.added += 1
            elif assign(agency, values | {"valid_to": _last_day(row, agency)}):
                self.changed += 1
            self._rows[row] = agency
        await self._session.flush()
        await self._set_paths()

    async def missing_from_files(self, owner: Agency) -> list[str]:
        """The codes of the agencies in the owner's area that are not in the file."""
        known = [agency.id for agency in self._rows.values()]
        return list(
            await self._session.scalars(
                select(Agency.code)
                .where(Agency.path.startswith(owner.path), Agency.id.not_in(known))
                .order_by(Agency.code)
            )
        )

    async def _match(self) -> dict[AgencyRow, Agency]:
        """Match by code and `valid_from`, otherwise by code and overlapping validity."""
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
            overlapping = self._overlapping(entry, existing, matched)
            if entry.row not in matched and len(overlapping) == 1:
                matched[entry.row] = overlapping[0]
        findings = [
            self._content.agencies.finding(entry, "valid_from", _CODE_IN_USE)
            for entry in entries
            if self._overlapping(entry, existing, matched)
        ]
        if findings:
            raise SeedError(findings)
        return matched

    @staticmethod
    def _overlapping(
        entry: NumberedRow[AgencyRow], existing: Sequence[Agency], matched: dict[AgencyRow, Agency]
    ) -> list[Agency]:
        """Unmatched agencies with this row's code and an overlapping validity."""
        row, matched_ids = entry.row, {agency.id for agency in matched.values()}
        last_day = _last_day(row, matched.get(row))
        return [
            agency
            for agency in existing
            if agency.code == row.code
            and agency.id not in matched_ids
            and (agency.valid_from or date.min) <= (last_day or date.max)
            and (row.valid_from or date.min) <= (agency.valid_to or date.max)
        ]

    async def _set_paths(self) -> None:
        """Set the paths of new agencies, which contain their new ids, and of moved agencies."""
        new: list[Agency] = []
        moved: list[tuple[str, Agency]] = []
        for row, agency in self._rows.items():
            path = f"{self.by_code(row.parent).path if row.parent else '/'}{agency.id}/"
            if agency.path == _NO_PATH:
                # Bypass change tracking: this belongs to the insertion, so the version stays 1.
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
        for old_path, agency in reversed(moved):  # deepest first
            await self._move_descendants(old_path, agency.path)

    async def _move_descendants(self, old_path: str, new_path: str) -> None:
        """Update the paths of descendants that are not in the files."""
        below = await self._session.scalars(select(Agency).where(Agency.path.startswith(old_path)))
        for agency in below:
            agency.path = new_path + agency.path.removeprefix(old_path)
        await self._session.flush()


def _parents_first(content: Content) -> Iterator[AgencyRow]:
    remaining = list(content.agencies.rows)
    yielded: set[AgencyRow | None] = {None}
    while remaining:
        ready = [
            row
            for row in remaining
            if (content.agency(row.parent) if row.parent else None) in yielded
        ]
        yield from ready
        yielded |= set(ready)
        remaining = [row for row in remaining if row not in yielded]


def _last_day(row: AgencyRow, agency: Agency | None) -> date | None:
    """The last day of a row's agency; the files do not undo a reorganisation."""
    if agency is not None and agency.ended_by_id is not None:
        return agency.valid_to
    return row.valid_to
