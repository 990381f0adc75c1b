"""Aggregates: sums over one revision of each agency in a subtree, always with their coverage."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.agencies import Agency
from app.models.periods import ReportingPeriod
from app.policy import Principal
from app.services import lookup
from app.services.aggregates import targets
from app.services.aggregates.derived import rate, with_derived
from app.services.aggregates.statements import (
    LIST_TARGETS,
    LIST_TIMELINESS_FACTS,
    SUM_INDICATORS,
    SUM_MONEY,
    SUM_TARGET_FIGURES,
)
from app.services.aggregates.targets import Figure, TargetValue
from app.services.audit.ledger import Settlement
from app.services.deadlines import rules
from app.services.periods import periods
from app.text import terms
from app.vocabulary import Basis


@dataclass(frozen=True, kw_only=True)
class AggregateQuery:
    """The parameters of an aggregate.

    period: None for the period of the plan's whole year. agency: root of the subtree; None for the
    default one. as_of: None for the newest settled instant. now: the instant of the request.
    by_agency: whether each agency has rows of its own.
    """

    period: str | None
    plan: str | None
    agency: str | None
    basis: Basis
    as_of: datetime | None
    now: datetime
    by_agency: bool = False


@dataclass(frozen=True)
class ResolvedQuery:
    """A query with its codes resolved; `subtree` is a LIKE pattern over agency paths."""

    period: ReportingPeriod
    plan_code: str
    agency_code: str
    subtree: str


async def sum_indicators(
    session: AsyncSession, principal: Principal, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """Each indicator's sum over the subtree, and derived indicators computed from the sums.

    Raises:
        NotFound: no such period, plan or agency within reach.
        AmbiguousPlan: several plans fit, and none was named.
        NotSettled: `as_of` lies in the future.
    """
    scope = await _scope(session, principal, query)
    as_of = await settlement.settle(scope.period.plan_id, query.as_of, query.now)
    sums = await _fetch(session, SUM_INDICATORS, scope, as_of, basis=query.basis.value)
    return _head(scope, query, as_of) | {
        "coverage": sums["coverage"],
        "rows": with_derived(sums["rows"]),
    }


async def sum_budget_execution(
    session: AsyncSession, principal: Principal, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """Money allocated and disbursed by project, source and origin, in VND, with the total.

    Raises as `sum_indicators`.
    """
    scope = await _scope(session, principal, query)
    as_of = await settlement.settle(scope.period.plan_id, query.as_of, query.now)
    sums = await _fetch(session, SUM_MONEY, scope, as_of, basis=query.basis.value)
    rows = sums["rows"]
    allocated = sum(row["allocated_vnd"] for row in rows)
    disbursed = sum(row["disbursed_vnd"] for row in rows)
    for row in rows:
        row["execution_rate"] = rate(row["disbursed_vnd"], row["allocated_vnd"])
    return _head(scope, query, as_of) | {
        "coverage": sums["coverage"],
        "rows": rows,
        "total": {
            "allocated_vnd": allocated,
            "disbursed_vnd": disbursed,
            "execution_rate": rate(disbursed, allocated),
        },
    }


async def list_timeliness(
    session: AsyncSession, principal: Principal, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """The timeliness of every agency of the subtree at the instant, and how many have each.

    Whether a report is overdue depends on the instant itself, so without `as_of` now is settled.
    Raises as `sum_indicators`.
    """
    scope = await _scope(session, principal, query)
    plan_id = scope.period.plan_id
    last_commit = await settlement.settle(plan_id, None, query.now)
    wanted = query.as_of or max(query.now, last_commit)
    as_of = await settlement.settle(plan_id, wanted, query.now)
    facts = await _fetch(session, LIST_TIMELINESS_FACTS, scope, as_of)
    rows = [_with_timeliness(row, facts["due_soon_days"], as_of) for row in facts["rows"]]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["timeliness"]] = counts.get(row["timeliness"], 0) + 1
    head = _head(scope, query, as_of)
    return head | {"coverage": facts["coverage"], "counts": counts, "rows": rows}


async def measure_targets(
    session: AsyncSession, principal: Principal, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """The progress of the plan's targets, for the subtree as a whole or for each of its agencies.

    Raises as `sum_indicators`.
    """
    scope = await _scope(session, principal, query)
    as_of = await settlement.settle(scope.period.plan_id, query.as_of, query.now)
    by_agency = {"by_agency": query.by_agency}
    plan = await _fetch(session, LIST_TARGETS, scope, as_of, **by_agency)
    codes = targets.needed_codes(plan["targets"], plan["formulas"])
    sums = await _fetch(
        session,
        SUM_TARGET_FIGURES,
        scope,
        as_of,
        basis=query.basis.value,
        codes=codes,
        **by_agency,
    )
    rows = targets.progress_rows(
        plan["targets"],
        plan["formulas"],
        dict(sums["agencies"]) if query.by_agency else {None: None},
        {
            (holder, code): TargetValue(_decimal(value), _decimal(baseline))
            for holder, code, value, baseline in plan["values"]
        },
        {
            (holder, code): Figure(_decimal(value), agencies, expected)
            for holder, code, value, agencies, expected in sums["figures"]
        },
    )
    return _head(scope, query, as_of) | {"coverage": sums["coverage"], "rows": rows}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


async def _scope(
    session: AsyncSession, principal: Principal, query: AggregateQuery
) -> ResolvedQuery:
    if query.period is None:
        period, plan_code = await periods.get_whole_year(session, principal, plan=query.plan)
    else:
        period, plan_code = await periods.get(session, principal, query.period, plan=query.plan)
    agency = await _agency(session, principal, query.agency, period)
    return ResolvedQuery(period, plan_code, agency.code, agency.path + "%")


async def _agency(
    session: AsyncSession, principal: Principal, code: str | None, period: ReportingPeriod
) -> Agency:
    """The root of the subtree, its code read on the period's last day."""
    if code is None:
        return await lookup.default_agency(session, principal, period.plan_id)
    agency = await lookup.get_agency(session, principal, code, period.data_to)
    if not principal.reaches(agency.path):
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def _fetch(
    session: AsyncSession, statement: TextClause, scope: ResolvedQuery, as_of: datetime, **more: Any
) -> Any:
    parameters = {"period_id": scope.period.id, "subtree": scope.subtree, "as_of": as_of} | more
    return json.loads((await session.execute(statement, parameters)).scalar_one())


def _head(scope: ResolvedQuery, query: AggregateQuery, as_of: datetime) -> dict[str, Any]:
    return {
        "plan": scope.plan_code,
        "period": scope.period.code,
        "agency": scope.agency_code,
        "basis": query.basis.value,
        "as_of": as_of.isoformat(),
    }


def _with_timeliness(row: dict[str, Any], due_soon_days: int, as_of: datetime) -> dict[str, Any]:
    received_at = row["first_submitted_at"]
    timing = rules.timing_at(
        late_from=datetime.fromisoformat(row["late_from"]),
        first_submitted_at=received_at and datetime.fromisoformat(received_at),
        exempt=row.pop("exempt"),
        now=as_of,
        due_soon_days=due_soon_days,
    )
    return row | {"timeliness": timing.timeliness.value, "days_late": timing.days_late}
