"""Reporting periods (kỳ báo cáo): generated for a year from the schedules, closed and opened."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, select, text, update
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
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.deadlines import rules
from app.services.deadlines.working_calendar import WorkingCalendar
from app.services.notifications import events
from app.services.periods import exemptions
from app.services.periods.schedules import due_rule
from app.services.periods.working_days import working_calendars
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, EventKind, Frequency, PeriodState

# The obligations of a period whose reporters are notified that it opens or closes: those for which
# it does. For the others a closed period is open, such as those of returned reports.
LIST_OBLIGATIONS_TO_NOTIFY = text("""
SELECT o.id FROM owed_obligation o
WHERE o.period_id = :period_id AND (o.exempted_at IS NULL OR o.first_submitted_at IS NOT NULL)
AND NOT sending_is_open('closed', o.report_status, o.due_date, o.period_due_date, o.late_from,
    o.reopened, :now)
""")

UNCHANGED_STATE = {
    PeriodState.CLOSED: Bilingual(
        "Kỳ báo cáo {code} đã khóa.", "Reporting period {code} is already closed."
    ),
    PeriodState.OPEN: Bilingual(
        "Kỳ báo cáo {code} đang mở.", "Reporting period {code} is already open."
    ),
}
"""Why a period cannot be brought into a state."""


STATE_EVENTS = {
    PeriodState.CLOSED: (AuditAction.REPORTING_PERIOD_CLOSED, EventKind.PERIOD_CLOSED),
    PeriodState.OPEN: (AuditAction.REPORTING_PERIOD_OPENED, EventKind.PERIOD_OPENED),
}
"""The audit event and the notification of a change to each state."""


class GeneratedPeriods(NamedTuple):
    """The plan's code, the codes of the periods that were created, in order, and a number.

    added_obligations: how many obligations were added to periods that existed before.
    """

    plan: str
    codes: list[str]
    added_obligations: int


async def generate(
    session: AsyncSession, action: Action, year: int, *, plan: str | None = None
) -> GeneratedPeriods:
    """Create the missing periods and obligations of a year; see `generate_year`.

    Raises:
        NotFound: no such plan that the principal may change.
        AmbiguousPlan: several plans fit, and none was named.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    return await generate_year(session, action, plan_row, year)


async def generate_year(
    session: AsyncSession, action: Action, plan: Plan, year: int
) -> GeneratedPeriods:
    """Create the missing periods and obligations of a plan's year.

    Existing periods keep their dates. A reporter of a schedule that has no obligation in one of
    its open periods gets one. New obligations that were due before the plan took effect are exempt.
    """
    # Lock the plan: a concurrent call waits here and then finds the periods that this one creates.
    await session.refresh(plan, with_for_update={"key_share": True})
    periods = await _missing_periods(session, plan, year)
    session.add_all(periods)
    await session.flush()
    obligations = await _create_obligations(session, plan.id, year)
    codes = sorted(period.code for period in periods)
    if not obligations and not periods:
        return GeneratedPeriods(plan.code, codes, 0)
    generated_at = await record_event(
        session,
        action,
        AuditAction.REPORTING_PERIODS_GENERATED,
        f"plans/{plan.code}/reporting-periods/{year}",
        plan_id=plan.id,
        agency_id=plan.owner_id,
        after={"periods": codes, "obligations": len(obligations)},
    )
    new_ids = [row.id for row in obligations]
    exempted_at = await exemptions.exempt_early(session, action, plan, new_ids)
    await events.notify(
        session,
        EventKind.PERIOD_OPENED,
        [row.id for row in obligations if _is_expected(row, plan, action.now)],
        occurrence=generated_at.isoformat(),
        facts={"first": True},
        now=action.now,
    )
    # A statement of its own: a change of the loaded rows would count as their second version.
    await session.execute(
        update(ReportingPeriod)
        .where(ReportingPeriod.id.in_([period.id for period in periods]))
        .values(generated_at=generated_at)
        .execution_options(synchronize_session=False)
    )
    new_periods = {period.id for period in periods}
    added = [row.id for row in obligations if row.period_id not in new_periods]
    # No instant lies between an obligation and its exemption.
    added_at = exempted_at or generated_at
    await session.execute(
        update(Obligation).where(Obligation.id.in_(added)).values(added_at=added_at)
    )
    return GeneratedPeriods(plan.code, codes, len(added))


def _is_expected(row: Row[int, int, date, datetime], plan: Plan, now: datetime) -> bool:
    """Whether a new obligation is not late yet, and not exempt."""
    is_early = plan.effective_from is not None and row.due_date < plan.effective_from
    return bool(row.late_from > now) and not is_early


async def _missing_periods(session: AsyncSession, plan: Plan, year: int) -> list[ReportingPeriod]:
    """The periods that the plan's schedules have in a year and that do not exist yet."""
    schedules = await session.scalars(
        select(Schedule).where(Schedule.plan_id == plan.id).order_by(Schedule.id)
    )
    calendars = await working_calendars(session, [plan.owner_id])
    existing = set(
        await session.scalars(
            select(ReportingPeriod.code).where(
                ReportingPeriod.plan_id == plan.id, ReportingPeriod.year == year
            )
        )
    )
    return [
        period
        for schedule in schedules
        for period in periods_of(schedule, year, calendars[plan.owner_id])
        if period.code not in existing
    ]


def periods_of(schedule: Schedule, year: int, calendar: WorkingCalendar) -> list[ReportingPeriod]:
    """The periods of a schedule in a year, without those that are due before `applies_from`."""
    rule = due_rule(schedule)
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


async def _create_obligations(
    session: AsyncSession, plan_id: int, year: int
) -> Sequence[Row[int, int, date, datetime]]:
    """Create the missing obligations in the open periods of a year; returns the new ones.

    An agency reports for a period if it exists on the last day of the data window.
    """
    period = ReportingPeriod
    expected = (
        select(period.id, Agency.id, period.due_date, period.late_from)
        .join(ScheduleReporter, ScheduleReporter.schedule_id == period.schedule_id)
        .join(Agency, Agency.id == ScheduleReporter.agency_id)
        .where(
            period.plan_id == plan_id,
            period.year == year,
            period.state == PeriodState.OPEN,
            lookup.exists_on(period.data_to),
        )
    )
    columns = ["period_id", "agency_id", "due_date", "late_from"]
    result = await session.execute(
        insert(Obligation)
        .from_select(columns, expected)
        .on_conflict_do_nothing()
        .returning(Obligation.id, Obligation.period_id, Obligation.due_date, Obligation.late_from)
    )
    return result.all()


async def list_page(
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
    """A page of periods, each with its plan's code, in the order of their due dates.

    Raises:
        NotFound: no such plan.
    """
    query = _known(principal)
    if plan is not None:
        known_plan = await lookup.get_plan(session, principal, plan)
        query = query.where(Plan.id == known_plan.id)
    if year is not None:
        query = query.where(ReportingPeriod.year == year)
    if frequency is not None:
        query = query.where(ReportingPeriod.frequency == frequency)
    if state is not None:
        query = query.where(ReportingPeriod.state == state)
    order = [ReportingPeriod.late_from, ReportingPeriod.id]
    return await page(session, query, order, limit=limit, cursor=cursor)


def _known(principal: Principal) -> Select[ReportingPeriod, str]:
    """The periods of known plans, each with its plan's code."""
    known_plans = lookup.known_plans(principal).with_only_columns(Plan.id)
    return (
        select(ReportingPeriod, Plan.code)
        .join(Plan, Plan.id == ReportingPeriod.plan_id)
        .where(Plan.id.in_(known_plans))
    )


async def get(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> tuple[ReportingPeriod, str]:
    """A period and its plan's code.

    Raises:
        NotFound: there is no such period.
        AmbiguousPlan: several plans have it, and none was named.
    """
    its_plan = await lookup.get_plan(session, principal, plan, period=code)
    period = await session.scalar(_select_period(its_plan, code))
    if period is None:
        raise NotFound(terms.PERIOD, code=code)
    return period, its_plan.code


def _select_period(plan: Plan, code: str) -> Select[ReportingPeriod]:
    return select(ReportingPeriod).where(
        ReportingPeriod.plan_id == plan.id, ReportingPeriod.code == code
    )


async def set_state(
    session: AsyncSession, action: Action, code: str, state: PeriodState, *, plan: str | None = None
) -> tuple[ReportingPeriod, str]:
    """Close a period or open it again; returns it with its plan's code.

    An extension and a returned report keep a closed period open for their agency.

    Raises:
        NotFound: no such period in a plan that the principal may change.
        AmbiguousPlan: several plans have it, and none was named.
        StateConflict: the period is in this state already.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan, period=code)
    period = (await session.scalars(_select_period(plan_row, code))).one()
    parameters = {"period_id": period.id, "now": action.now}
    obligation_ids = list(await session.scalars(LIST_OBLIGATIONS_TO_NOTIFY, parameters))
    # Submissions lock their obligation before the period, so this does too.
    await session.execute(
        update(Obligation)
        .where(Obligation.period_id == period.id, Obligation.reopened)
        .values(reopened=False)
    )
    await session.refresh(period, with_for_update=True)
    if period.state == state:
        raise StateConflict(UNCHANGED_STATE[state], code=code)
    name, event = STATE_EVENTS[state]
    changed_at = await record_event(
        session,
        action,
        name,
        f"reporting-periods/{code}",
        plan_id=plan_row.id,
        agency_id=plan_row.owner_id,
        before={"state": period.state},
        after={"state": state},
    )
    await events.notify(
        session, event, obligation_ids, occurrence=changed_at.isoformat(), now=action.now
    )
    period.state = state
    await session.flush()
    await session.refresh(period, ["due_text"])  # an update expires computed columns
    return period, plan_row.code
