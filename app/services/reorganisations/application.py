"""The application of a reorganisation, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.models.agencies import Agency, AgencySuccession
from app.models.plans import Plan
from app.models.reorganisations import Reorganisation
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.ledger import open_ledger, record_event
from app.services.notifications import events
from app.services.reference import agency_tree
from app.services.reorganisations import effects
from app.services.reorganisations.resolution import Resolution
from app.vocabulary import AuditAction, EventKind

# The successors report under the schedules of their predecessors.
ADD_REPORTERS = text("""
INSERT INTO schedule_reporter (schedule_id, agency_id, money_only)
SELECT r.schedule_id, s.successor_id, bool_and(r.money_only)
FROM agency_succession s
JOIN schedule_reporter r ON r.agency_id = s.predecessor_id
JOIN schedule ON schedule.id = r.schedule_id
WHERE s.reorganisation_id = :reorganisation_id AND schedule.plan_id = ANY(:plan_ids)
GROUP BY r.schedule_id, s.successor_id
ON CONFLICT DO NOTHING
""")

# The successors have the roles of their predecessors in projects, the leading one of several.
ADD_ASSIGNMENTS = text("""
INSERT INTO assignment (plan_id, project_id, agency_id, role)
SELECT a.plan_id, a.project_id, s.successor_id,
    CASE WHEN bool_or(a.role = 'lead') THEN 'lead' ELSE 'coordinating' END
FROM agency_succession s JOIN assignment a ON a.agency_id = s.predecessor_id
WHERE s.reorganisation_id = :reorganisation_id AND a.plan_id = ANY(:plan_ids)
GROUP BY a.plan_id, a.project_id, s.successor_id
ON CONFLICT DO NOTHING
""")

# The successors have the responsibilities of their predecessors, once where these are the same.
ADD_RESPONSIBILITIES = text("""
INSERT INTO responsibility (plan_id, agency_id, position, title, text)
SELECT DISTINCT ON (d.plan_id, s.successor_id, d.position)
    d.plan_id, s.successor_id, d.position, d.title, d.text
FROM agency_succession s JOIN responsibility d ON d.agency_id = s.predecessor_id
WHERE s.reorganisation_id = :reorganisation_id AND d.plan_id = ANY(:plan_ids)
ORDER BY d.plan_id, s.successor_id, d.position, s.predecessor_id
ON CONFLICT DO NOTHING
""")

# The successors owe the reports of the periods whose data window ends on or after the day. One
# that continues owes its own already.
ADD_OBLIGATIONS = text("""
INSERT INTO obligation (period_id, agency_id, due_date, late_from, added_at)
SELECT DISTINCT p.id, s.successor_id, p.due_date, p.late_from, recorded.at
FROM unnest(CAST(:plan_ids AS bigint[]), CAST(:instants AS timestamptz[])) AS recorded (plan_id, at)
JOIN reporting_period p ON p.plan_id = recorded.plan_id
JOIN obligation o ON o.period_id = p.id
JOIN agency_succession s ON s.predecessor_id = o.agency_id
WHERE s.reorganisation_id = :reorganisation_id AND p.data_to >= :effective_on
ON CONFLICT DO NOTHING
RETURNING id, late_from
""")

# Agencies that end do not owe these reports any more.
MARK_MOVED = text("""
UPDATE obligation o SET moved_at = recorded.at
FROM unnest(CAST(:plan_ids AS bigint[]), CAST(:instants AS timestamptz[])) AS recorded (plan_id, at)
JOIN reporting_period p ON p.plan_id = recorded.plan_id
WHERE o.period_id = p.id AND p.data_to >= :effective_on
AND o.agency_id = ANY(:ended) AND o.moved_at IS NULL
""")

# The governments whose plans a government has taken over go on to the one that takes over its own.
PASS_ON = text("""
UPDATE agency SET taken_over_by_id = :taker_id, version = version + 1
WHERE id = :ended_id OR taken_over_by_id = :ended_id
""")


async def apply(
    session: AsyncSession, action: Action, reorganisation: Reorganisation, resolution: Resolution
) -> None:
    """Apply a reorganisation whose changes were resolved after the tree was locked.

    Figures, reports and revisions are not touched.
    """
    # 1. Lock the plans in the order of their ids: generating periods waits.
    plans = await effects.list_plans(session, resolution)
    await _lock_plans(session, plans)
    done = await effects.describe(session, resolution, plans)
    # 2. Record the event in the ledger of each plan, in the same order, then in that of no plan.
    instants = await _record(session, action, reorganisation, plans, done)
    # 3. Change the tree.
    _end(reorganisation, resolution)
    await session.flush()
    await _continue(session, action, resolution)
    await _create(session, action, resolution)
    await _link(session, reorganisation, resolution)
    await _take_over(session, resolution)
    # 4. Let the successors take part in the plans, and move the obligations.
    await _succeed(session, action, reorganisation, resolution, instants)
    reorganisation.effects = done
    reorganisation.applied_at = action.now
    await session.flush()


async def _lock_plans(session: AsyncSession, plans: Sequence[Row]) -> None:
    ids = [plan["id"] for plan in plans]
    query = select(Plan.id).where(Plan.id.in_(ids)).order_by(Plan.id)
    await session.execute(query.with_for_update(key_share=True))


async def _record(
    session: AsyncSession,
    action: Action,
    reorganisation: Reorganisation,
    plans: Sequence[Row],
    done: Mapping[str, Any],
) -> dict[int, datetime]:
    """Record the application; its instant in the ledger of each plan, by the plan's id."""
    after = {"number": reorganisation.number, "effective_on": str(reorganisation.effective_on)}
    subject = f"reorganisations/{reorganisation.id}"
    instants = {}
    for plan in plans:
        moved = [each for each in done["obligations"] if each["plan"] == plan["plan"]]
        instants[plan["id"]] = await record_event(
            session,
            action,
            AuditAction.REORGANISATION_APPLIED,
            subject,
            plan_id=plan["id"],
            agency_id=reorganisation.area_id,
            after={**after, "obligations": len(moved)},
        )
    await open_ledger(session, None, action.now)
    codes = {name: [each["code"] for each in done[name]] for name in ("ended", "created")}
    await record_event(
        session,
        action,
        AuditAction.REORGANISATION_APPLIED,
        subject,
        agency_id=reorganisation.area_id,
        after={**after, **codes},
    )
    return instants


def _end(reorganisation: Reorganisation, resolution: Resolution) -> None:
    """Set the last day of the agencies that end."""
    for agency in resolution.ended:
        agency.valid_to = resolution.last_day
        agency.ended_by_id = reorganisation.id


async def _continue(session: AsyncSession, action: Action, resolution: Resolution) -> None:
    """Rename and move the agencies that continue."""
    for unit in resolution.outcome.continued:
        agency = resolution.agencies[unit.code]
        changes.apply(agency, unit.details)
        if unit.parent is not None:
            day = resolution.effective_on
            await agency_tree.move(session, action.principal, agency, unit.parent, day)


async def _create(session: AsyncSession, action: Action, resolution: Resolution) -> None:
    """Create the new agencies, parents first."""
    for unit in resolution.outcome.created:
        day = resolution.effective_on
        parent = await agency_tree.get_parent(session, action.principal, unit.parent, day)
        agency = Agency(code=unit.code, valid_from=day, **unit.details)
        await agency_tree.insert(session, agency, parent)


async def _link(
    session: AsyncSession, reorganisation: Reorganisation, resolution: Resolution
) -> None:
    """Store the successions."""
    links = resolution.outcome.links
    query = select(Agency.code, Agency.id).where(
        Agency.code.in_({link.target for link in links}),
        lookup.exists_on(resolution.effective_on),
    )
    successors: dict[str, int] = dict((await session.execute(query)).all())
    session.add_all(
        AgencySuccession(
            predecessor_id=resolution.agencies[link.source].id,
            successor_id=successors[link.target],
            whole=link.whole,
            reorganisation_id=reorganisation.id,
        )
        for link in links
    )
    await session.flush()


async def _take_over(session: AsyncSession, resolution: Resolution) -> None:
    for ended_id, taker in resolution.takers.items():
        await session.execute(PASS_ON, {"ended_id": ended_id, "taker_id": taker.id})


async def _succeed(
    session: AsyncSession,
    action: Action,
    reorganisation: Reorganisation,
    resolution: Resolution,
    instants: Mapping[int, datetime],
) -> None:
    """Add the successors to the plans, and move the obligations of running and coming periods."""
    parameters = {
        "reorganisation_id": reorganisation.id,
        "effective_on": resolution.effective_on,
        "ended": [agency.id for agency in resolution.ended],
        "plan_ids": list(instants),
        "instants": list(instants.values()),
    }
    for statement in (ADD_REPORTERS, ADD_ASSIGNMENTS, ADD_RESPONSIBILITIES):
        await session.execute(statement, parameters)
    added = (await session.execute(ADD_OBLIGATIONS, parameters)).all()
    await session.execute(MARK_MOVED, parameters)
    await events.notify(
        session,
        EventKind.PERIOD_OPENED,
        [row.id for row in added if row.late_from > action.now],
        occurrence=f"reorganisation/{reorganisation.id}",
        facts={"first": True},
        now=action.now,
    )
