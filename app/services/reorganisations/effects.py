"""What a reorganisation does to obligations, accounts, API keys and plans."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row, Statement
from app.models.agencies import Agency
from app.services.reorganisations.resolution import Resolution
from app.services.reorganisations.rules import Outcome, Unit

# The obligations of agencies that end. Those of periods whose data window ends on or after the day
# move to successors; of earlier periods only missing reports are listed.
LIST_OBLIGATIONS = Statement("""
SELECT plan.code AS plan, p.code AS period, a.code AS agency, a.name AS agency_name,
    coalesce(r.status, 'not_started') AS report_status,
    p.data_to >= CAST(:effective_on AS date) AS moves
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
LEFT JOIN report r ON r.obligation_id = o.id
WHERE o.agency_id = ANY(CAST(:ended AS bigint[])) AND o.moved_at IS NULL
AND (p.data_to >= CAST(:effective_on AS date)
    OR o.first_submitted_at IS NULL AND o.exempted_at IS NULL AND exists_on(a, p.data_to))
ORDER BY p.late_from, plan.code, a.code
""")

# The active accounts of agencies that end.
LIST_ACCOUNTS = Statement("""
SELECT account.username, account.role, agency.code AS agency
FROM account JOIN agency ON agency.id = account.agency_id
WHERE agency.id = ANY(CAST(:ended AS bigint[])) AND account.active
ORDER BY account.username
""")

# The valid API keys of agencies that end.
LIST_API_KEYS = Statement("""
SELECT api_key.id, api_key.name, agency.code AS agency
FROM api_key JOIN agency ON agency.id = api_key.agency_id
WHERE agency.id = ANY(CAST(:ended AS bigint[])) AND api_key.revoked_at IS NULL
AND (api_key.expires_on IS NULL OR api_key.expires_on >= CAST(:effective_on AS date))
ORDER BY api_key.id
""")

# The plans that agencies that end manage, or report to while the programme runs or a period does.
LIST_PLANS = Statement("""
SELECT plan.id, plan.code AS plan, coalesce(reporting.schedules, '{}') AS schedules,
    coalesce(owner.taken_over_by_id, owner.id) AS manager_id
FROM plan
JOIN programme ON programme.id = plan.programme_id
JOIN agency owner ON owner.id = plan.owner_id
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT s.code ORDER BY s.code) AS schedules
    FROM schedule s JOIN schedule_reporter r ON r.schedule_id = s.id
    WHERE s.plan_id = plan.id AND r.agency_id = ANY(CAST(:succeeded AS bigint[]))
    AND (programme.last_year >= extract(year FROM CAST(:effective_on AS date)) OR EXISTS (
        SELECT FROM reporting_period p
        WHERE p.plan_id = plan.id AND p.data_to >= CAST(:effective_on AS date)
    ))
) AS reporting ON true
WHERE reporting.schedules IS NOT NULL
OR coalesce(owner.taken_over_by_id, owner.id) = ANY(CAST(:ended AS bigint[]))
ORDER BY plan.id
""")

OBLIGATION_FIELDS = ("plan", "period", "agency", "agency_name", "report_status")


async def list_plans(session: AsyncSession, resolution: Resolution) -> list[Row]:
    """The plans that a reorganisation touches, in the order of their ids."""
    return list(await LIST_PLANS.fetch_all(session, _parameters(resolution)))


async def describe(
    session: AsyncSession, resolution: Resolution, plans: list[Row]
) -> dict[str, Any]:
    """The effects of a reorganisation as JSON, in the shape of the schema `Effects`.

    plans: those of `list_plans`.
    """
    parameters = _parameters(resolution)
    outcome = resolution.outcome
    successors = _successors(outcome)
    moving: list[dict[str, Any]] = []
    still_owed: list[dict[str, Any]] = []
    for row in await LIST_OBLIGATIONS.fetch_all(session, parameters):
        obligation = {name: row[name] for name in OBLIGATION_FIELDS}
        obligation["successors"] = successors.get(row["agency"], [])
        (moving if row["moves"] else still_owed).append(obligation)
    takers = {agency_id: taker.code for agency_id, taker in resolution.takers.items()}
    return {
        "ended": [_ended(agency, outcome, successors) for agency in resolution.ended],
        "created": [_unit(unit) for unit in outcome.created],
        "continued": [_unit(unit) for unit in outcome.continued],
        "obligations": moving,
        "still_owed": still_owed,
        "accounts": [dict(row) for row in await LIST_ACCOUNTS.fetch_all(session, parameters)],
        "api_keys": [dict(row) for row in await LIST_API_KEYS.fetch_all(session, parameters)],
        "plans": [
            {
                "plan": plan["plan"],
                "schedules": plan["schedules"],
                "taken_over_by": takers.get(plan["manager_id"]),
            }
            for plan in plans
        ],
    }


def _parameters(resolution: Resolution) -> dict[str, list[int] | date]:
    with_successor = {link.source for link in resolution.outcome.links}
    return {
        "effective_on": resolution.effective_on,
        "ended": [agency.id for agency in resolution.ended],
        "succeeded": [
            resolution.agencies[code].id
            for code in resolution.outcome.ended
            if code in with_successor
        ],
    }


def _successors(outcome: Outcome) -> dict[str, list[str]]:
    """The codes of the successors of each ended agency that has some."""
    successors: dict[str, list[str]] = {}
    for link in outcome.links:
        successors.setdefault(link.source, []).append(link.target)
    return {source: sorted(targets) for source, targets in successors.items()}


def _ended(agency: Agency, outcome: Outcome, successors: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "code": agency.code,
        "name": agency.name,
        "kind": agency.kind,
        "successors": successors.get(agency.code, []),
        "whole": all(link.whole for link in outcome.links if link.source == agency.code),
    }


def _unit(unit: Unit) -> dict[str, Any]:
    return {"code": unit.code, "name": unit.name, "kind": unit.kind, "parent": unit.parent}
