"""Budget lines of the file, where the money has not been given on in the meantime."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.budgets import BudgetLine
from app.models.projects import Project
from seed.stock import assign

Values = Mapping[str, Any]
Item = TypeVar("Item")


class Group(NamedTuple):
    """What is given on within stays within: money of one project, source, origin and years."""

    project_id: int
    source: str
    origin: str
    origin_years: tuple[int, ...]


class Budgets:
    """Puts budget lines, a group at a time."""

    def __init__(self, session: AsyncSession, name: Callable[[int], str]) -> None:
        self._session = session
        self._name = name
        self.added = 0
        self.changed = 0
        self.kept: list[str] = []
        """What was left alone, in words."""

    async def put(self, plan_id: int, wanted: Iterable[Values]) -> None:
        """Add groups that are new, and correct lines that are still as a file made them.

        Nothing is flushed: the database stamps a line's change with the instant of the plan's
        ledger, so the change has to be recorded there before.
        """
        stored = await self._session.scalars(
            select(BudgetLine)
            .join(Project, Project.id == BudgetLine.project_id)
            .where(Project.plan_id == plan_id)
            .order_by(BudgetLine.id)
        )
        lines = _grouped(stored, lambda line: _group(line.__dict__))
        groups = _grouped(wanted, _group)
        for group, values in groups.items():
            self._put_group(group, values, lines.pop(group, []))
        self.kept += [f"{self._words(group)}: không có trong tệp" for group in lines]

    def _put_group(self, group: Group, wanted: list[Values], lines: list[BudgetLine]) -> None:
        if not lines:
            self._session.add_all(BudgetLine(**values) for values in wanted)
            self.added += len(wanted)
        elif len(lines) == len(wanted) == 1 and lines[0].agency_id == wanted[0]["agency_id"]:
            self.changed += assign(lines[0], wanted[0])
        elif _shares(line.__dict__ for line in lines) != _shares(wanted):
            stored = sum(line.amount_vnd for line in lines)
            filed = sum(values["amount_vnd"] for values in wanted)
            total = (
                "tổng số không đổi"
                if stored == filed
                else f"tổng số {stored} đồng, trong tệp {filed} đồng; cần sửa ngay trong hệ thống"
            )
            self.kept.append(f"{self._words(group)}: đã giao cho đơn vị ({total})")

    def _words(self, group: Group) -> str:
        years = ";".join(map(str, group.origin_years))
        return f"{self._name(group.project_id)} {group.source} {group.origin} {years}"


def _grouped(items: Iterable[Item], group: Callable[[Item], Group]) -> dict[Group, list[Item]]:
    groups: dict[Group, list[Item]] = {}
    for item in items:
        groups.setdefault(group(item), []).append(item)
    return groups


def _group(values: Values) -> Group:
    return Group(
        values["project_id"],
        values["source"],
        values["origin"],
        tuple(sorted(values["origin_years"])),
    )


def _shares(lines: Iterable[Values]) -> dict[int | None, int]:
    return {line["agency_id"]: line["amount_vnd"] for line in lines}
