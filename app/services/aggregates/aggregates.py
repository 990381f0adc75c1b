"""Aggregates: sums over one revision of each agency in a subtree, always with their coverage."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.agencies import Agency
from app.models.periods import ReportingPeriod
from app.policy import Principal
from app.services import lookup
from app.services.aggregates.coverage import ASKED, CHOSEN, COVERAGE
from app.services.audit import ledger
from app.services.deadlines import rules
from app.services.periods import periods
from app.services.reference import formulas
from app.text import terms
from app.vocabulary import Basis

INDICATORS = {
    basis: text(f"""
        WITH {ASKED}, chosen AS ({chosen}), summed AS (
            SELECT e.indicator_id, sum(e.value) AS value,
                sum(coalesce(e.estimate, e.value)) FILTER (WHERE e.value IS NOT NULL) AS expected,
                count(e.estimate) AS estimates, count(*) AS agencies
            FROM chosen JOIN revision_entry e ON e.revision_id = chosen.id GROUP BY 1
        )
        SELECT json_build_object(
            'coverage', ({COVERAGE}),
            'rows', (SELECT coalesce(json_agg(json_build_object(
                'project', j.code, 'indicator', i.code, 'name', i.name, 'unit', i.unit,
                'kind', i.kind, 'formula', i.formula, 'decimals', i.decimals,
                'value', s.value::text, 'agencies', coalesce(s.agencies, 0),
                'estimate', CASE WHEN s.estimates > 0 THEN s.expected::text END
                ) ORDER BY i.position), '[]')
                FROM indicator i
                JOIN reporting_period p ON p.id = :period_id AND p.plan_id = i.plan_id
                LEFT JOIN project j ON j.id = i.project_id
                LEFT JOIN summed s ON s.indicator_id = i.id
                WHERE p.frequency = ANY(i.frequencies))
        )::text
    """)  # noqa: S608 - composed of constants
    for basis, chosen in CHOSEN.items()
}

# What the plan has not given on yet belongs to the district, so to every subtree that holds it.
EXECUTION = {
    basis: text(f"""
        WITH {ASKED}, chosen AS ({chosen}), spent AS (
            SELECT d.project_id, d.source, d.origin, sum(d.amount_vnd) AS vnd, count(*) AS agencies
            FROM chosen JOIN revision_disbursement d ON d.revision_id = chosen.id GROUP BY 1, 2, 3
        ), given AS (
            SELECT b.project_id, b.source, b.origin, sum(b.change_vnd) AS vnd
            FROM budget_change b
            JOIN project j ON j.id = b.project_id
            JOIN plan ON plan.id = j.plan_id
            JOIN agency holder ON holder.id = coalesce(b.agency_id, plan.district_id)
            JOIN reporting_period p ON p.id = :period_id AND p.plan_id = j.plan_id
            WHERE holder.path LIKE :subtree AND b.recorded_at <= :as_of
            GROUP BY 1, 2, 3
        )
        SELECT json_build_object(
            'coverage', ({COVERAGE}),
            'rows', (SELECT coalesce(json_agg(json_build_object(
                'project', j.code, 'name', j.name, 'source', source, 'origin', origin,
                'allocated_vnd', coalesce(given.vnd, 0), 'disbursed_vnd', coalesce(spent.vnd, 0),
                'agencies', coalesce(spent.agencies, 0)
                ) ORDER BY j.position, source, origin DESC), '[]')
                FROM given FULL JOIN spent USING (project_id, source, origin)
                JOIN project j ON j.id = project_id
                WHERE coalesce(given.vnd, 0) > 0 OR spent.vnd IS NOT NULL)
        )::text
    """)  # noqa: S608 - composed of constants
    for basis, chosen in CHOSEN.items()
}

# How early a report is due soon may be changed; the first change after the instant tells what it
# was then.
TIMELINESS = text(f"""
    WITH {ASKED}
    SELECT json_build_object(
        'coverage', ({COVERAGE}),
        'rows', (SELECT coalesce(json_agg(json_build_object(
            'agency', code, 'agency_name', name, 'due_date', due_date, 'late_from', late_from,
            'first_submitted_at', received_at, 'exempt', exempt
            ) ORDER BY code), '[]') FROM asked),
        'due_soon_days', (
            SELECT coalesce((
                SELECT CAST(before->>'due_soon_days' AS int) FROM audit_event
                WHERE subject = 'plans/' || plan.code AND action = 'plan.changed'
                AND at > :as_of AND before->>'due_soon_days' IS NOT NULL
                ORDER BY id LIMIT 1
            ), due_soon_days)
            FROM plan JOIN reporting_period p ON p.plan_id = plan.id WHERE p.id = :period_id)
    )::text
""")  # noqa: S608 - composed of constants


@dataclass(frozen=True)
class Question:
    """What is asked for: a period, a subtree (None: the principal's whole), a basis, an instant."""

    period: str
    plan: str | None
    agency: str | None
    basis: Basis
    as_of: datetime | None


@dataclass(frozen=True)
class Scope:
    """The question with its codes read."""

    period: ReportingPeriod
    plan_code: str
    agency_code: str
    subtree: str


async def indicators(
    session: AsyncSession, principal: Principal, question: Question, now: datetime
) -> dict[str, Any]:
    """Each indicator's sum over the subtree; derived ones are worked out from the sums."""
    scope = await _scope(session, principal, question)
    as_of = await ledger.settle(session, scope.period.plan_id, question.as_of, now)
    found = await _ask(session, INDICATORS[question.basis], scope, as_of)
    return _head(scope, question, as_of) | {
        "coverage": found["coverage"],
        "rows": _with_derived(found["rows"]),
    }


async def budget_execution(
    session: AsyncSession, principal: Principal, question: Question, now: datetime
) -> dict[str, Any]:
    """Money given and spent by project, source and origin, with the totals' ratio of sums."""
    scope = await _scope(session, principal, question)
    as_of = await ledger.settle(session, scope.period.plan_id, question.as_of, now)
    found = await _ask(session, EXECUTION[question.basis], scope, as_of)
    rows = found["rows"]
    allocated = sum(row["allocated_vnd"] for row in rows)
    disbursed = sum(row["disbursed_vnd"] for row in rows)
    for row in rows:
        row["execution_rate"] = rate(row["disbursed_vnd"], row["allocated_vnd"])
    return _head(scope, question, as_of) | {
        "coverage": found["coverage"],
        "rows": rows,
        "total": {
            "allocated_vnd": allocated,
            "disbursed_vnd": disbursed,
            "execution_rate": rate(disbursed, allocated),
        },
    }


async def timeliness(
    session: AsyncSession, principal: Principal, question: Question, now: datetime
) -> dict[str, Any]:
    """How every agency of the subtree stood at the instant, and how many stood so.

    What is overdue depends on the instant itself, so without `as_of` now is settled.
    """
    scope = await _scope(session, principal, question)
    last_change = await ledger.settle(session, scope.period.plan_id, None, now)
    wanted = question.as_of or max(now, last_change)
    as_of = await ledger.settle(session, scope.period.plan_id, wanted, now)
    found = await _ask(session, TIMELINESS, scope, as_of)
    rows = [_standing(row, found["due_soon_days"], as_of) for row in found["rows"]]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["timeliness"]] = counts.get(row["timeliness"], 0) + 1
    head = _head(scope, question, as_of)
    return head | {"coverage": found["coverage"], "counts": counts, "rows": rows}


def rate(part: int, whole: int) -> float | None:
    """The ratio of two sums, to six places; None where there is nothing to divide by."""
    if whole == 0:
        return None
    return float((Decimal(part) / whole).quantize(Decimal("0.000001"), ROUND_HALF_UP))


async def _scope(session: AsyncSession, principal: Principal, question: Question) -> Scope:
    period, plan_code = await periods.one(session, principal, question.period, question.plan)
    agency = await _agency(session, principal, question.agency, period)
    return Scope(period, plan_code, agency.code, agency.path + "%")


async def _agency(
    session: AsyncSession, principal: Principal, code: str | None, period: ReportingPeriod
) -> Agency:
    """The agency asked for; without one, where the principal stands, or the plan's district."""
    if code is None:
        return await lookup.default_agency(session, principal, period.plan_id)
    agency = await lookup.get_agency(session, principal, code, period.data_to)
    if not principal.reaches(agency.path):
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def _ask(session: AsyncSession, statement: Any, scope: Scope, as_of: datetime) -> Any:
    parameters = {"period_id": scope.period.id, "subtree": scope.subtree, "as_of": as_of}
    return json.loads((await session.execute(statement, parameters)).scalar_one())


def _head(scope: Scope, question: Question, as_of: datetime) -> dict[str, Any]:
    return {
        "plan": scope.plan_code,
        "period": scope.period.code,
        "agency": scope.agency_code,
        "basis": question.basis.value,
        "as_of": as_of.isoformat(),
    }


def _with_derived(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they are shown: derived indicators from the sums of the others."""
    values = {row["indicator"]: Decimal(row["value"]) for row in rows if row["value"] is not None}
    agencies = {row["indicator"]: row["agencies"] for row in rows}
    _derive(rows, values, agencies)
    return [_shown(row, values, agencies) for row in rows]


def _derive(
    rows: list[dict[str, Any]], values: dict[str, Decimal], agencies: dict[str, int]
) -> None:
    """Work out the derived indicators; one may rest on another, in whatever order they stand."""
    waiting = {row["indicator"]: formulas.parse(row["formula"]) for row in rows if row["formula"]}
    while waiting:
        ready = [code for code, formula in waiting.items() if not formula.codes() & waiting.keys()]
        if not ready:
            return
        for code in ready:
            formula = waiting.pop(code)
            agencies[code] = min((agencies.get(part, 0) for part in formula.codes()), default=0)
            if (value := formula.evaluate(values)) is not None:
                values[code] = value


def _shown(
    row: dict[str, Any], values: dict[str, Decimal], agencies: dict[str, int]
) -> dict[str, Any]:
    code = row["indicator"]
    step = Decimal(1).scaleb(-row["decimals"])
    value = values.get(code)
    return {
        "project": row["project"],
        "indicator": code,
        "name": row["name"],
        "unit": row["unit"],
        "kind": row["kind"],
        "value": None if value is None else _number(value.quantize(step, ROUND_HALF_UP)),
        "estimate": None if row["estimate"] is None else _number(Decimal(row["estimate"])),
        "agencies": agencies[code],
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _standing(row: dict[str, Any], due_soon_days: int, as_of: datetime) -> dict[str, Any]:
    received = row["first_submitted_at"]
    standing = rules.standing(
        late_from=datetime.fromisoformat(row["late_from"]),
        first_submitted_at=received and datetime.fromisoformat(received),
        exempt=row.pop("exempt"),
        now=as_of,
        due_soon_days=due_soon_days,
    )
    return row | {"timeliness": standing.timeliness.value, "days_late": standing.days_late}
