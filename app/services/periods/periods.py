"""Reporting periods: made for a year from the schedules, closed and opened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound, StateConflict
from app.models.agencies import Agency
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod, Schedule, ScheduleReporter
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.deadlines import rules
from app.services.deadlines.working_calendar import WorkingCalendar
from app.services.notifications import events
from app.services.periods.working_days import working_calendars
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import EventKind, Frequency, PeriodState

# Whoever was given the report back may still send it, so the period is not closed to them.
LIST_AWAITED = text("""
    SELECT o.id FROM owed_obligation o
    WHERE o.period_id = :period_id AND o.exempted_at IS NULL AND o.report_status <> 'returned'
""")

ALREADY = Bilingual("Kỳ báo cáo {code} đã ở trạng thái này.", "Period {code} is so already.")


async def generate_year(
    session: AsyncSession, plan: Plan, year: int, *, now: datetime, actor: Actor
) -> list[str]:
    """Make a year's periods and their obligations, where they do not exist yet.

    Returns the codes of the periods that were made. Periods that exist stay as they are; an
    agency that has to report and has no obligation in them gets one.
    """
    # Two who generate at once: the second waits here, and finds what the first has made.
    await session.refresh(plan, with_for_update={"key_share": True})
    schedules = (
        await session.scalars(
            select(Schedule).where(Schedule.plan_id == plan.id).order_by(Schedule.id)
        )
    ).all()
    calendars = await working_calendars(session, [plan.district_id])
    existing = set(
        await session.scalars(
            select(ReportingPeriod.code).where(
                ReportingPeriod.plan_id == plan.id, ReportingPeriod.year == year
            )
        )
    )
    made = [
        period
        for schedule in schedules
        for period in periods_of(schedule, year, calendars[plan.district_id])
        if period.code not in existing
    ]
    session.add_all(made)
    await session.flush()
    obliged = await _oblige(session, plan.id, year)
    codes_made = sorted(period.code for period in made)
    if made or obliged:
        at = await ledger.record(
            session,
            now=now,
            actor=actor,
            action="reporting_periods.generated",
            subject=f"plans/{plan.code}/reporting-periods/{year}",
            plan_id=plan.id,
            agency_id=plan.district_id,
            after={"periods": codes_made, "obligations": len(obliged)},
        )
        still_due = [row.id for row in obliged if row.late_from > now]
        await events.tell(
            session,
            EventKind.PERIOD_OPENED,
            still_due,
            occurrence=at.isoformat(),
            facts={"first": True},
            now=now,
        )
        fresh = {period.id for period in made}
        added = [row.id for row in obliged if row.period_id not in fresh]
        await session.execute(
            update(Obligation).where(Obligation.id.in_(added)).values(added_at=at)
        )
    return codes_made


def periods_of(schedule: Schedule, year: int, calendar: WorkingCalendar) -> list[ReportingPeriod]:
    """The periods that a schedule makes of a year, those due before `applies_from` left out."""
    rule = rules.DueRule(
        frequency=schedule.frequency,
        month=schedule.month,
        day=schedule.day,
        due_day=schedule.due_day,
        non_working_day=schedule.non_working_day,
        cutoff_day=schedule.cutoff_day,
    )
    periods = []
    for ordinal in schedule.ordinals:
        due = rules.due_date(rule, year, ordinal, calendar)
        if schedule.applies_from is not None and due < schedule.applies_from:
            continue
        window = rules.data_window(rule, year, ordinal)
        periods.append(
            ReportingPeriod(
                plan_id=schedule.plan_id,
                schedule_id=schedule.id,
                code=rules.period_code(schedule.frequency, year, ordinal),
                year=year,
                frequency=schedule.frequency,
                ordinal=ordinal,
                data_from=window.data_from,
                data_to=window.data_to,
                due_date=due,
                late_from=rules.late_from(due),
                state=PeriodState.OPEN,
            )
        )
    return periods


async def _oblige(
    session: AsyncSession, plan_id: int, year: int
) -> Sequence[Row[int, int, datetime]]:
    """Give every reporter that exists on a period's last day its obligation; those that are new."""
    period = ReportingPeriod
    expected = (
        select(period.id, Agency.id, period.due_date, period.late_from)
        .join(ScheduleReporter, ScheduleReporter.schedule_id == period.schedule_id)
        .join(Agency, Agency.id == ScheduleReporter.agency_id)
        .where(
            period.plan_id == plan_id,
            period.year == year,
            period.state == PeriodState.OPEN,
            func.daterange(Agency.valid_from, Agency.valid_to, "[]").op("@>")(period.data_to),
        )
    )
    columns = ["period_id", "agency_id", "due_date", "late_from"]
    result = await session.execute(
        insert(Obligation)
        .from_select(columns, expected)
        .on_conflict_do_nothing()
        .returning(Obligation.id, Obligation.period_id, Obligation.late_from)
    )
    return result.all()


async def listed(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    year: int | None,
    frequency: Frequency | None,
    state: PeriodState | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """A page of periods with their plans' codes, in the order in which they are due.

    Raises:
        NotFound: no such plan.
    """
    query = _known(principal)
    if plan is not None:
        found = await lookup.get_plan(session, principal, plan)
        query = query.where(Plan.id == found.id)
    if year is not None:
        query = query.where(ReportingPeriod.year == year)
    if frequency is not None:
        query = query.where(ReportingPeriod.frequency == frequency)
    if state is not None:
        query = query.where(ReportingPeriod.state == state)
    order = [(ReportingPeriod.late_from, datetime), (ReportingPeriod.id, int)]
    return await page(session, query, order, limit=limit, cursor=cursor)


async def get(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> tuple[ReportingPeriod, str]:
    """The period with a code, and its plan's code.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans have it, and none was named.
    """
    its_plan = await lookup.get_plan(session, principal, plan, period=code)
    period = await session.scalar(
        select(ReportingPeriod).where(
            ReportingPeriod.plan_id == its_plan.id, ReportingPeriod.code == code
        )
    )
    if period is None:
        raise NotFound(terms.PERIOD, code=code)
    return period, its_plan.code


def _known(principal: Principal) -> Select[ReportingPeriod, str]:
    return (
        select(ReportingPeriod, Plan.code)
        .join(Plan, Plan.id == ReportingPeriod.plan_id)
        .join(Agency, Agency.id == Plan.district_id)
        .where(Agency.path.startswith(principal.horizon))
    )


async def set_state(
    session: AsyncSession,
    principal: Principal,
    code: str,
    plan_code: str | None,
    state: PeriodState,
    *,
    now: datetime,
    actor: Actor,
) -> tuple[ReportingPeriod, Plan]:
    """Close a period, or open it again.

    Raises:
        NotFound: no such period within the principal's reach.
        StateConflict: it is so already.
    """
    plan = await lookup.get_managed_plan(session, principal, plan_code, period=code)
    period = await session.scalar(
        select(ReportingPeriod)
        .where(ReportingPeriod.plan_id == plan.id, ReportingPeriod.code == code)
        .with_for_update()
    )
    assert period is not None, "get_plan saw it"  # noqa: S101 - periods are never deleted
    if period.state == state:
        raise StateConflict(ALREADY, code=code)
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"reporting_period.{'closed' if state == PeriodState.CLOSED else 'opened'}",
        subject=f"reporting-periods/{code}",
        plan_id=plan.id,
        agency_id=plan.district_id,
        before={"state": period.state},
        after={"state": state},
    )
    waiting = await session.scalars(LIST_AWAITED, {"period_id": period.id})
    closed = state == PeriodState.CLOSED
    await events.tell(
        session,
        EventKind.PERIOD_CLOSED if closed else EventKind.PERIOD_OPENED,
        list(waiting),
        occurrence=at.isoformat(),
        now=now,
    )
    period.state = state
    await session.flush()
    return period, plan
