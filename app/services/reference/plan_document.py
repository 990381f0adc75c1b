"""A plan as people read it: its text, components and money, with the part of one's own agency.

The number of statements does not depend on the plan's length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Row, Statement
from app.policy import Principal
from app.services.reference import plans

MOST_CHOICES = 50

# The plans within the horizon, those in which the agency has a part first, then the newest.
LIST_CHOICES = Statement("""
SELECT plan.code, plan.title, plan.year, owner.name AS owner
FROM plan JOIN agency owner ON owner.id = plan.owner_id
WHERE knows_plan(plan.id, owner.path, :horizon, :area)
ORDER BY EXISTS (
    SELECT FROM assignment s WHERE s.plan_id = plan.id AND s.agency_id = :agency_id
) OR EXISTS (
    SELECT FROM obligation o JOIN reporting_period p ON p.id = o.period_id
    WHERE p.plan_id = plan.id AND o.agency_id = :agency_id
) DESC, plan.year DESC, plan.code LIMIT CAST(:most AS int)
""")

# The components in the plan's order, with the agencies by name and the money of the budget lines;
# that of a project with sub-projects is the sum over these.
LIST_COMPONENTS = Statement("""
WITH money AS (
    SELECT project_id, sum(amount_vnd) FILTER (WHERE origin = 'current_year') AS allocated_vnd,
        sum(amount_vnd) FILTER (WHERE origin <> 'current_year') AS carried_over_vnd,
        sum(amount_vnd) FILTER (WHERE agency_id = :agency_id) AS own_vnd
    FROM budget_line WHERE plan_id = :plan_id GROUP BY project_id
), part AS (
    SELECT s.project_id,
        array_agg(a.name ORDER BY a.code) FILTER (WHERE s.role = 'lead') AS leads,
        array_agg(a.name ORDER BY a.code) FILTER (WHERE s.role <> 'lead') AS coordinators,
        min(s.role) FILTER (WHERE s.agency_id = :agency_id) AS own_role
    FROM assignment s JOIN agency a ON a.id = s.agency_id
    WHERE s.plan_id = :plan_id GROUP BY s.project_id
)
SELECT j.code, j.name, parent.code AS parent, adopted.objective, adopted.target_group,
    adopted.support_content, adopted.completion_text, adopted.lead_note, adopted.coordination_note,
    part.leads, part.coordinators, part.own_role,
    sum(money.allocated_vnd)::bigint AS allocated_vnd,
    sum(money.carried_over_vnd)::bigint AS carried_over_vnd, sum(money.own_vnd)::bigint AS own_vnd
FROM plan_project adopted
JOIN project j ON j.id = adopted.project_id
LEFT JOIN project parent ON parent.id = j.parent_id
LEFT JOIN part ON part.project_id = j.id
LEFT JOIN money ON money.project_id = j.id
    OR money.project_id IN (SELECT id FROM project WHERE parent_id = j.id)
WHERE adopted.plan_id = :plan_id
GROUP BY j.id, parent.id, adopted.plan_id, adopted.project_id, part.leads, part.coordinators,
    part.own_role
ORDER BY adopted.position, j.code COLLATE "C"
""")

# The responsibilities of section VI in the plan's order. One that many agencies share comes once;
# its title says whose it is.
LIST_RESPONSIBILITIES = Statement("""
SELECT title, text, bool_or(agency_id = :agency_id) IS TRUE AS is_own
FROM responsibility WHERE plan_id = :plan_id
GROUP BY title, text ORDER BY min(id)
""")

# The budget lines of the agency, in the plan's order of projects.
LIST_OWN_MONEY = Statement("""
SELECT j.code AS project, j.name AS project_name, b.source, b.origin, b.nature, b.amount_vnd
FROM budget_line b
JOIN project j ON j.id = b.project_id
JOIN plan_project adopted ON adopted.project_id = j.id AND adopted.plan_id = b.plan_id
WHERE b.plan_id = :plan_id AND b.agency_id = :agency_id
ORDER BY adopted.position, j.code COLLATE "C", b.source, b.origin DESC, b.id
""")


@dataclass(frozen=True)
class PlanDocument:
    """A plan with everything that its page shows; rows have the columns of their statements.

    plan: as `plans.get` gives it.
    """

    plan: Row
    components: Sequence[Row]
    responsibilities: Sequence[Row]
    own_money: Sequence[Row]


async def list_choices(connection: Connection, principal: Principal) -> Sequence[Row]:
    """The plans that the principal may read, at most `MOST_CHOICES`, the closest ones first."""
    parameters = {
        "horizon": principal.horizon,
        "area": principal.area_path,
        "agency_id": principal.agency_id,
        "most": MOST_CHOICES,
    }
    return await LIST_CHOICES.fetch_all(connection, parameters)


async def get(session: AsyncSession, principal: Principal, code: str) -> PlanDocument:
    """The plan with this code.

    Raises:
        NotFound: no plan within the horizon has the code.
    """
    plan = await plans.get(session, principal, code)
    parameters = {"plan_id": plan["id"], "agency_id": principal.agency_id}
    return PlanDocument(
        plan,
        await LIST_COMPONENTS.fetch_all(session, parameters),
        await LIST_RESPONSIBILITIES.fetch_all(session, parameters),
        await LIST_OWN_MONEY.fetch_all(session, parameters),
    )
