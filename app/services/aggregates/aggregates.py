"""Aggregates: sums over one revision of each agency in a subtree, always with their coverage."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.aggregates import over_plans, timeliness
from app.services.aggregates.coverage import compared_totals, coverage_of
from app.services.aggregates.derived import rate, with_derived
from app.services.aggregates.scopes import AggregateQuery, Scope
from app.services.aggregates.statements import (
    LIST_TIMELINESS_FACTS,
    SUM_INDICATORS,
    SUM_MONEY,
)
from app.services.audit.settlement import Settlement


async def sum_indicators(
    session: AsyncSession, scope: Scope, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """Each indicator's sum over the subtree, and derived indicators computed from the sums.

    Raises:
        NotSettled: `as_of` lies in the future.
        ValidationFailed: `as_of` lies before the plan's year.
    """
    as_of = await scope.settle(settlement, query)
    if scope.is_plain(query):
        sums = await _fetch(session, SUM_INDICATORS, scope, as_of, basis=query.basis.value)
        rows = with_derived(sums["rows"])
        return scope.head(query, as_of) | {"coverage": coverage_of(sums), "rows": rows}
    return await over_plans.sum_indicators(session, scope, query, as_of)


async def sum_budget_execution(
    session: AsyncSession, scope: Scope, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """Money allocated and disbursed by project, source, origin and nature, in VND, with the total.

    Raises as `sum_indicators`.
    """
    as_of = await scope.settle(settlement, query)
    if scope.is_plain(query):
        sums = await _fetch(session, SUM_MONEY, scope, as_of, basis=query.basis.value)
        answer = scope.head(query, as_of) | {"coverage": coverage_of(sums), "rows": sums["rows"]}
    else:
        answer = await over_plans.sum_money(session, scope, query, as_of)
    rows = answer["rows"]
    for row in rows:
        row["execution_rate"] = rate(row["disbursed_vnd"], row["allocated_vnd"])
    allocated = sum(row["allocated_vnd"] for row in rows)
    disbursed = sum(row["disbursed_vnd"] for row in rows)
    total = {"allocated_vnd": allocated, "disbursed_vnd": disbursed}
    answer |= {"total": total | {"execution_rate": rate(disbursed, allocated)}}
    if scope.is_plain(query):
        answer["total_compared"] = compared_totals(rows, disbursed)
    return answer


async def list_timeliness(
    session: AsyncSession, scope: Scope, query: AggregateQuery, settlement: Settlement
) -> tuple[dict[str, Any], datetime | None]:
    """The timeliness of every agency of the subtree at the instant, and how many have each.

    Whether a report is overdue depends on the instant itself, so without `as_of` the answer is as
    of now, or of the last instant that is settled in all plans. Returns also until when the clock
    leaves the answer as it is.

    Raises as `sum_indicators`.
    """
    as_of = await scope.settle_now(settlement, query)
    if not scope.is_plain(query):
        return await over_plans.list_timeliness(session, scope, query, as_of)
    facts = await _fetch(session, LIST_TIMELINESS_FACTS, scope, as_of)
    days = facts["due_soon_days"]
    rows = [timeliness.with_timeliness(row, days, as_of) for row in facts["rows"]]
    head = scope.head(query, as_of)
    answer = head | {"coverage": coverage_of(facts), "counts": timeliness.count(rows), "rows": rows}
    return answer, timeliness.holds_until(rows, as_of)


async def _fetch(
    session: AsyncSession, statement: TextClause, scope: Scope, as_of: datetime, **more: Any
) -> Any:
    """The document of a statement over one plan."""
    subtree = scope.root.subtree
    parameters = {"period_id": scope.periods[0].id, "subtree": subtree, "as_of": as_of} | more
    return json.loads((await session.execute(statement, parameters)).scalar_one())
