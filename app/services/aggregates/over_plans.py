"""Sums over several plans of a programme, and breakdowns of the sums of one or several."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, ValidationFailed
from app.services.aggregates import paging, regrouping, timeliness
from app.services.aggregates.coverage import coverage_of
from app.services.aggregates.derived import with_derived
from app.services.aggregates.plan_statements import (
    LIST_TIMELINESS_FACTS,
    SUM_INDICATORS,
    SUM_MONEY,
)
from app.services.aggregates.scopes import AggregateQuery, Scope
from app.text.bilingual import Bilingual
from app.vocabulary import Breakdown, Timeliness

Row = Mapping[str, Any]

GROUP = ("group", "group_name", "group_id")
"""What the statements say of a row's group."""
MOST_MISSING = 200
"""At most so many missing agencies are named; `missing_count` counts all."""

NOT_BY_PROJECT = Bilingual(
    "Tình hình gửi báo cáo không chia theo dự án.",
    "Timeliness is not broken down by project.",
)


async def sum_indicators(
    session: AsyncSession, scope: Scope, query: AggregateQuery, as_of: datetime
) -> dict[str, Any]:
    """As `aggregates.sum_indicators`; an indicator of one plan's own names the plan."""
    by = None if query.by is Breakdown.PROJECT else query.by  # each indicator names its project
    sums = await _fetch(session, SUM_INDICATORS, scope, query, as_of, by)
    rows: list[dict[str, Any]] = []
    for group, members in groupby(sums["rows"], key=_group_key):
        derived = _with_derived(list(members))
        # A group has the indicators that it has figures of, or figures beside them.
        shown = (
            row for row in derived if by is None or row["value"] is not None or row["compared"]
        )
        rows += [_group_columns(by, group) | row for row in shown]
    return _head(scope, query, as_of, sums) | {"rows": rows}


async def sum_money(
    session: AsyncSession, scope: Scope, query: AggregateQuery, as_of: datetime
) -> dict[str, Any]:
    """As `aggregates.sum_budget_execution`, without rates and total."""
    sums = await _fetch(session, SUM_MONEY, scope, query, as_of, query.by)
    rows = [
        _group_columns(query.by, _group_key(row)) | _without(row, *GROUP) for row in sums["rows"]
    ]
    if query.by is Breakdown.PROJECT:
        rows = [_without(row, "source", "origin", "nature") for row in rows]
    return _head(scope, query, as_of, sums) | {"rows": rows}


async def list_timeliness(
    session: AsyncSession, scope: Scope, query: AggregateQuery, as_of: datetime
) -> tuple[dict[str, Any], datetime | None]:
    """As `aggregates.list_timeliness`; governments and kinds have a row of counts.

    Raises:
        ValidationFailed: the breakdown is by project.
    """
    if query.by is Breakdown.PROJECT:
        raise ValidationFailed([FieldError("/by", "not_by_project", NOT_BY_PROJECT, part="query")])
    facts = await _fetch(session, LIST_TIMELINESS_FACTS, scope, query, as_of, query.by)
    days = facts["due_soon_days"]
    classes, rows = (
        [timeliness.with_timeliness(row, days[row["plan"]], as_of) for row in facts[name]]
        for name in ("classes", "rows")
    )
    answer = _head(scope, query, as_of, facts) | {"counts": timeliness.count(classes)}
    held_until = timeliness.holds_until(classes, as_of)
    if query.by in (Breakdown.GOVERNMENT, Breakdown.KIND):
        return answer | {"rows": _counted(classes, query.by), "next_cursor": None}, held_until
    return answer | (query.paging.page(rows) if query.paging else {"rows": rows}), held_until


def _with_derived(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows of a group as they are answered.

    Plans may define indicators with the same code for themselves: their formulas refer to these and
    to the programme's, not to those of another plan.
    """
    shared = [row for row in rows if row["plan"] is None]
    answered = list(zip(shared, with_derived(shared), strict=True))
    for plan in sorted({row["plan"] for row in rows if row["plan"] is not None}):
        own = [row for row in rows if row["plan"] == plan]
        answered += zip(own, with_derived(shared + own)[len(shared) :], strict=True)
    return [
        answer | {"compared_count": row["compared_count"], "plan": row["plan"]}
        for row, answer in answered
    ]


def _counted(rows: Iterable[Row], by: Breakdown) -> list[dict[str, Any]]:
    """A row of counts for each group, from its classes of reports."""
    ordered = sorted(rows, key=lambda row: (row["group"], row["group_id"] or 0))
    counted = []
    for group, members in groupby(ordered, key=_group_key):
        counts = timeliness.count(members)
        each = {state.value: counts.get(state.value, 0) for state in Timeliness}
        counted.append(_group_columns(by, group) | {"reports": sum(counts.values())} | each)
    return counted


def _group_key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in GROUP)


def _group_columns(by: Breakdown | None, group: tuple[Any, ...]) -> dict[str, Any]:
    """The columns that name a group; none where there is none, or rows name it anyway."""
    code, name, _ = group
    match by:
        case None | Breakdown.PROJECT:
            return {}
        case Breakdown.KIND:
            return {"agency_kind": code}
    return {by.value: code, f"{by.value}_name": name}


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _head(scope: Scope, query: AggregateQuery, as_of: datetime, sums: Row) -> dict[str, Any]:
    return scope.head(query, as_of) | {
        "without_plan": sums["without_plan"],
        "coverage": coverage_of(sums),
        "regroup": sums["regroup"],
        "divided": sums["divided"],
    }


async def _fetch(
    session: AsyncSession,
    statement: TextClause,
    scope: Scope,
    query: AggregateQuery,
    as_of: datetime,
    by: Breakdown | None,
) -> Any:
    """The document of a statement over the plans."""
    parameters = {
        "periods": [each.id for each in scope.periods],
        "root": scope.root.path,
        "root_id": scope.root.id,
        "subtree": scope.root.subtree,
        "day": max((each.data_to for each in scope.periods), default=as_of.date()),
        "basis": query.basis.value,
        "by": by and by.value,
        "as_of": as_of,
        "most": MOST_MISSING,
        **paging.parameters_of(query.paging),
        **regrouping.parameters_of(scope.regrouping),
    }
    used = {name: parameters[name] for name in statement.compile().params}
    document = json.loads((await session.execute(statement, used)).scalar_one())
    return document | await regrouping.describe(session, scope.regrouping, parameters["periods"])
