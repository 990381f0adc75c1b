"""Write budget lines, except those that were distributed to agencies in the meantime."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.budgets import BudgetLine
from seed.table_sync import assign

Values = Mapping[str, Any]
Item = TypeVar("Item")


class BudgetGroup(NamedTuple):
    """Distribution moves money only within a group."""

    project_id: int
    source: str
    origin: str
    origin_years: tuple[int, ...]
    nature: str | None


class BudgetSync:
    """Inserts or updates budget lines by group."""

    def __init__(self, session: AsyncSession, name: Callable[[int], str]) -> None:
        self._session = session
        self._name = name
        self.added = 0
        self.changed = 0
        self.skipped: list[str] = []
        """Vietnamese descriptions of the groups that were left unchanged."""

    async def upsert(self, plan_id: int, file_lines: Iterable[Values]) -> None:
        """Insert new groups, and update groups that were not distributed.

        Does not flush: a trigger writes each change with the instant of the plan's ledger, so the
        audit event must be recorded first.
        """
        stored = await self._session.scalars(
            select(BudgetLine).where(BudgetLine.plan_id == plan_id).order_by(BudgetLine.id)
        )
        lines = _grouped(stored, lambda line: _group(line.__dict__))
        groups = _grouped(file_lines, _group)
        for group, values in groups.items():
            self._upsert_group(group, values, _pop(lines, group))
        self.skipped += [f"{self._label(group)}: không có trong tệp" for group in lines]

    def _upsert_group(
        self, group: BudgetGroup, file_lines: list[Values], lines: list[BudgetLine]
    ) -> None:
        if not lines:
            self._session.add_all(BudgetLine(**values) for values in file_lines)
            self.added += len(file_lines)
        elif (
            len(lines) == len(file_lines) == 1 and lines[0].agency_id == file_lines[0]["agency_id"]
        ):
            self.changed += assign(lines[0], file_lines[0])
        elif _shares(line.__dict__ for line in lines) != _shares(file_lines):
            stored_vnd = sum(line.amount_vnd for line in lines)
            file_vnd = sum(values["amount_vnd"] for values in file_lines)
            total = (
                "tổng số không đổi"
                if stored_vnd == file_vnd
                else f"tổng số {stored_vnd} đồng, trong tệp {file_vnd} đồng; "
                "cần sửa ngay trong hệ thống"
            )
            self.skipped.append(f"{self._label(group)}: đã giao cho đơn vị ({total})")

    def _label(self, group: BudgetGroup) -> str:
        years = ";".join(map(str, group.origin_years))
        return f"{self._name(group.project_id)} {group.source} {group.origin} {years}"


def _grouped(
    items: Iterable[Item], group: Callable[[Item], BudgetGroup]
) -> dict[BudgetGroup, list[Item]]:
    groups: dict[BudgetGroup, list[Item]] = {}
    for item in items:
        groups.setdefault(group(item), []).append(item)
    return groups


def _pop(lines: dict[BudgetGroup, list[Item]], group: BudgetGroup) -> list[Item]:
    """Take the stored lines of a group, or those of the same money where one has no nature."""
    same = (
        stored
        for stored in lines
        if stored._replace(nature=None) == group._replace(nature=None)
        and None in (stored.nature, group.nature)
    )
    return lines.pop(group if group in lines else next(same, group), [])


def _group(values: Values) -> BudgetGroup:
    return BudgetGroup(
        values["project_id"],
        values["source"],
        values["origin"],
        tuple(sorted(values["origin_years"])),
        values["nature"],
    )


def _shares(lines: Iterable[Values]) -> dict[int | None, int]:
    return {line["agency_id"]: line["amount_vnd"] for line in lines}
