"""The progress of targets: of one plan, or of each of several and in sum."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.aggregates import targets
from app.services.aggregates.coverage import coverage_of
from app.services.aggregates.derived import rate
from app.services.aggregates.over_plans import MOST_MISSING
from app.services.aggregates.scopes import AggregateQuery, Scope
from app.services.aggregates.target_statements import LIST_TARGETS, SUM_FIGURES
from app.services.aggregates.targets import Figure, TargetValue
from app.services.audit.settlement import Settlement
from app.vocabulary import Breakdown, TargetMeasure

Row = dict[str, Any]


async def measure_targets(
    session: AsyncSession, scope: Scope, query: AggregateQuery, settlement: Settlement
) -> dict[str, Any]:
    """The progress of targets, for the subtree as a whole, its agencies or its governments.

    Several plans have the rows of each; counts that they have in common come first, in sum. Rates
    and shares cannot be added, so they have no such row.

    Raises as `aggregates.sum_indicators`.
    """
    as_of = await scope.settle(settlement, query)
    by_agency = query.by is Breakdown.AGENCY
    head = scope.head(replace(query, by=None) if by_agency else query, as_of)
    parameters = _parameters(scope, query, as_of)
    is_one = "plan" in head
    plans = await _fetch(session, LIST_TARGETS, parameters) or {}
    codes = {
        code
        for plan in plans.values()
        for code in targets.needed_codes(plan["targets"], plan["formulas"])
    }
    parameters |= {"codes": sorted(codes), "most": None if is_one else MOST_MISSING}
    sums = await _fetch(session, SUM_FIGURES, parameters)
    rows = {
        code: _rows_of_plan(plan, sums["plans"][code], query.by)
        for code, plan in sorted(plans.items())
    }
    if is_one:
        (only,) = rows.values()
        return head | {"coverage": coverage_of(sums), "rows": only}
    named = [row | {"plan": code} for code, each in rows.items() for row in each]
    totals = [] if by_agency else _totals(named)
    return head | {
        "by": query.by and query.by.value,
        "regroup": None,
        "divided": [],
        "without_plan": sums["without_plan"],
        "coverage": coverage_of(sums),
        "rows": [*totals, *named],
    }


def _rows_of_plan(plan: Any, sums: Any, by: Breakdown | None) -> list[Row]:
    """The rows of one plan, from what the statements give of it."""
    rows = targets.progress_rows(
        plan["targets"],
        plan["formulas"],
        dict(sums["holders"]) if by is not None else {None: None},
        {
            (holder, code): TargetValue(_decimal(value), _decimal(baseline))
            for holder, code, value, baseline in plan["values"]
        },
        {
            (holder, code): Figure(_decimal(value), agencies, expected)
            for holder, code, value, agencies, expected in sums["figures"]
        },
    )
    return [_of_government(row) for row in rows] if by is Breakdown.GOVERNMENT else rows


def _of_government(row: Row) -> Row:
    """The row with its holder as the government."""
    government = {"government": row["agency"], "government_name": row["agency_name"]}
    return government | row | {"agency": None, "agency_name": None}


def _totals(rows: Iterable[Row]) -> list[Row]:
    """The sums of the counts that several plans have as a target, for each government if any."""
    shared: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row["measure"] == TargetMeasure.VALUE.value:
            key = (row.get("government") or "", row["code"], row["unit"])
            shared.setdefault(key, []).append(row)
    return [_total(each) for each in shared.values() if len(each) > 1]


def _total(rows: Sequence[Row]) -> Row:
    """The sum of the targets of several plans; its gaps are those of any."""
    target, value = (_sum(row[name] for row in rows) for name in ("target", "value"))
    whole = None if value is None or not target else rate(int(value * 100), int(target * 100))
    gaps = dict.fromkeys(gap for row in rows for gap in row["gaps"])
    return rows[0] | {
        "plan": None,
        "indicator": next((row["indicator"] for row in rows if row["indicator"]), None),
        "target": target,
        "figure": _sum(row["figure"] for row in rows),
        "value": value,
        "share": whole,
        "agencies": sum(row["agencies"] for row in rows),
        "expected": sum(row["expected"] for row in rows),
        "gaps": list(gaps),
    }


def _sum(values: Iterable[float | None]) -> int | float | None:
    """The sum of the known values; None if none is known."""
    known = [Decimal(str(value)) for value in values if value is not None]
    if not known:
        return None
    total = sum(known, Decimal(0))
    return int(total) if total == total.to_integral_value() else float(total)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _parameters(scope: Scope, query: AggregateQuery, as_of: datetime) -> dict[str, Any]:
    return {
        "periods": [each.id for each in scope.periods],
        "root": scope.root.path,
        "subtree": scope.root.subtree,
        "root_id": scope.root.id,
        "day": max((each.data_to for each in scope.periods), default=as_of.date()),
        "as_of": as_of,
        "basis": query.basis.value,
        "by": query.by and query.by.value,
    }


async def _fetch(
    session: AsyncSession, statement: TextClause, parameters: Mapping[str, Any]
) -> Any:
    used = {name: parameters[name] for name in statement.compile().params}
    document = (await session.execute(statement, used)).scalar_one()
    return None if document is None else json.loads(document)
