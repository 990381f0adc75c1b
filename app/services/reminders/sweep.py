"""The sweep: plans every reminder that is due and not yet told, in a handful of questions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL, local_day
from app.models.notifications import ReminderRule
from app.services.deadlines.sql import STILL_OWES
from app.services.deadlines.working_calendar import WorkingCalendar
from app.services.notifications import events
from app.services.notifications.events import UNTOLD
from app.services.notifications.recheck import IN_FORCE, LATER_REMINDER
from app.services.notifications.recipients import RECIPIENT, WAYS
from app.services.periods.working_days import working_calendars
from app.services.reminders import timing
from app.services.reminders.timing import Timing
from app.vocabulary import EventKind, NotificationReason

ONE_AT_A_TIME = 5_104_773_218
"""The advisory lock of the sweep: who finds it taken waits, and then finds little left to plan."""

DUE = NotificationReason.DUE

# The due dates for which some rule could have something to say today; working days are at most
# doubled by weekends, and two weeks more by Tết. What was due before the plan existed is nobody's
# omission, so nobody is reminded of it: a plan is as old as the newest document that it cites, or
# as its record here where that is older.
DUE_DATES = text("""
    WITH reach AS MATERIALIZED (
        SELECT 2 * max(abs(offset_days) + coalesce(repeat_days * repeat_times, 0)) + 14 + :stale
            AS days
        FROM reminder_rule WHERE active
    ), since AS MATERIALIZED (
        SELECT plan.id AS plan_id, plan.district_id, least(
            (SELECT max(issued_on) FROM legal_document d WHERE d.plan_id = plan.id),
            (SELECT at::date FROM audit_event e WHERE e.ledger_id = ledger.id
                ORDER BY e.id LIMIT 1)
        ) AS day
        FROM plan LEFT JOIN ledger ON ledger.plan_id = plan.id
    )
    SELECT DISTINCT p.schedule_id, since.district_id, o.due_date
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN since ON since.plan_id = p.plan_id
    CROSS JOIN reach
    WHERE o.first_submitted_at IS NULL AND o.exempted_at IS NULL AND p.state = 'open'
    AND o.due_date BETWEEN CAST(:today AS date) - reach.days AND CAST(:today AS date) + reach.days
    AND (since.day IS NULL OR o.due_date >= since.day)
""")

_UNTOLD = UNTOLD.format(
    obligation="r.obligation_id", rule="'report.correction_due'", occurrence="occurrence.name"
)
CORRECTIONS_FROM, CORRECTIONS_UNTIL = time(8), time(21)

# Returned reports that are due again tomorrow or today, or were due and did not come: told once on
# the eve and once after, and not on the day of the return itself, which has just said the date.
CORRECTION = f"""
    SELECT r.obligation_id, occurrence.name AS occurrence
    FROM report r
    CROSS JOIN LATERAL (
        SELECT id, recorded_at FROM decision WHERE decision.report_id = r.id
        ORDER BY id DESC LIMIT 1
    ) AS return
    CROSS JOIN LATERAL (
        SELECT concat_ws('/', r.correction_due, return.id,
            CASE WHEN r.correction_due < :today THEN 'overdue' END) AS name
    ) AS occurrence
    WHERE r.status = 'returned' AND r.correction_due BETWEEN :oldest AND :tomorrow
    AND :today > return.recorded_at::date
    AND EXISTS (
        SELECT FROM obligation JOIN account ON account.agency_id = obligation.agency_id
        WHERE obligation.id = r.obligation_id AND account.role = 'reporter' AND account.active
        AND {_UNTOLD}
    )
    ORDER BY 1
"""  # noqa: S608 - composed of constants
CORRECTIONS = text(CORRECTION)

# Each reminder that is due now, for each person and channel; `recency` 1 is the one that says
# most. An agency's own rule stands in for the schedule's. What an extension's own notice has just
# said is not said again.
WANTED = f"""
{RECIPIENT}, due AS MATERIALIZED (
    SELECT o.id AS obligation_id, o.due_date, r.id AS rule_id, r.code AS rule, r.audience,
        r.template, r.channels, r.offset_days, r.quiet_from, r.quiet_until,
        c.number, c.send_at, c.not_before,
        CASE WHEN r.audience IN ('reporter', 'head') THEN o.agency_id ELSE plan.district_id END
            AS desk_id
    FROM unnest(
        CAST(:rules AS bigint[]), CAST(:due_dates AS date[]), CAST(:numbers AS int[]),
        CAST(:send_ats AS timestamptz[]), CAST(:not_befores AS timestamptz[])
    ) AS c (rule_id, due_date, number, send_at, not_before)
    JOIN reminder_rule r ON r.id = c.rule_id
    JOIN reporting_period p ON p.schedule_id = r.schedule_id AND p.state = 'open'
    JOIN obligation o ON o.period_id = p.id AND o.due_date = c.due_date
    JOIN plan ON plan.id = p.plan_id
    JOIN agency a ON a.id = o.agency_id AND {STILL_OWES}
    WHERE o.first_submitted_at IS NULL AND o.exempted_at IS NULL AND {IN_FORCE}
    AND NOT EXISTS (
        SELECT FROM extension e WHERE e.obligation_id = o.id AND e.recorded_at >= c.send_at
    )
), wanted AS (
    SELECT obligation_id, rule, due.audience, template, due_date, send_at, not_before,
        quiet_from, quiet_until, recipient.account_id, chosen.channel,
        due_date || CASE WHEN number > 0 THEN '/' || number ELSE '' END AS occurrence,
        row_number() OVER (
            PARTITION BY obligation_id, recipient.account_id, chosen.channel
            ORDER BY send_at DESC, offset_days DESC, rule_id
        ) AS recency
    FROM due
    JOIN recipient ON recipient.audience = due.audience AND recipient.agency_id = due.desk_id
    JOIN account ON account.id = recipient.account_id
    {WAYS.format(usual="due.channels")}
)
"""  # noqa: S608 - composed of constants

# Untold is also what was skipped for a reason that is over (an exemption taken back, a period
# opened again), looked at anew every ten minutes at most. Who has heard since by another rule or
# channel is not told again: a rule that is renamed, or a channel that is added, repeats nothing.
#
# The planner takes all this for a few rows, and would compare each with each: so its parts are
# joined by hash, and the rows say themselves which message carries them instead of being joined.
BY_HASH = text(
    "SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
PLAN = text(f"""
WITH {WANTED}, untold AS (
    SELECT w.* FROM (SELECT * FROM wanted ORDER BY account_id, channel) AS w
    WHERE NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id, n.channel)
            = (w.obligation_id, w.rule, w.occurrence, w.account_id, w.channel)
        AND (n.state <> 'skipped'
            OR n.created_at > CAST(:now AS timestamptz) - interval '10 minutes')
    )
), heard AS MATERIALIZED (
    SELECT obligation_id, account_id, audience, max(planned_for) AS last_at
    FROM notification
    WHERE template IN ('reminder', 'escalation') AND state IN ('planned', 'sent')
    AND planned_for > CAST(:now AS timestamptz) - interval '15 days'
    GROUP BY 1, 2, 3
), weighed AS (
    SELECT untold.*, last_at, recency = 1 AND coalesce(last_at < send_at, true) AS matters
    FROM untold LEFT JOIN heard USING (obligation_id, account_id, audience)
), numbered AS (
    SELECT weighed.*, CASE WHEN matters THEN nextval('message_id_seq') END AS ticket
    FROM (SELECT * FROM weighed ORDER BY account_id, channel) AS weighed
), carried AS MATERIALIZED (
    SELECT numbered.*, min(ticket) OVER (
        PARTITION BY account_id, channel, not_before, quiet_from, quiet_until
    ) AS carrier_id
    FROM numbered
), carrier AS (
    INSERT INTO message
        (id, account_id, channel, state, created_at, not_before, quiet_from, quiet_until)
    OVERRIDING SYSTEM VALUE
    SELECT DISTINCT carrier_id, account_id, channel, 'waiting', CAST(:now AS timestamptz),
        not_before, quiet_from, quiet_until
    FROM carried WHERE matters ORDER BY carrier_id
    RETURNING id
), told AS (
    INSERT INTO notification AS n (obligation_id, rule, occurrence, account_id, channel, audience,
        template, facts, planned_for, created_at, state, why, message_id)
    SELECT obligation_id, rule, occurrence, account_id, channel, audience, template,
        jsonb_build_object('due_date', due_date), send_at, :now,
        CASE WHEN matters THEN 'planned' ELSE 'superseded' END,
        CASE WHEN matters THEN '{DUE}'
            WHEN recency = 1 AND last_at = send_at THEN 'already_notified'
            ELSE '{LATER_REMINDER}' END,
        CASE WHEN matters THEN carrier_id END
    FROM carried
    ORDER BY account_id, channel, obligation_id, send_at, rule
    ON CONFLICT ON CONSTRAINT notification_once DO UPDATE SET (facts, planned_for, created_at,
        state, why, message_id) = (excluded.facts, excluded.planned_for, excluded.created_at,
        excluded.state, excluded.why, excluded.message_id)
    WHERE n.state = 'skipped'
    RETURNING state
)
SELECT count(*) FILTER (WHERE state = 'planned') AS planned,
    count(*) FILTER (WHERE state = 'superseded') AS superseded,
    (SELECT count(*) FROM carrier) AS messages
FROM told
""")  # noqa: S608 - composed of constants


@dataclass(frozen=True)
class Swept:
    """What a sweep planned: notifications, those passed over, and messages to carry them."""

    planned: int
    superseded: int
    messages: int


async def sweep(session: AsyncSession, now: datetime) -> Swept:
    """Plan all that is due and not yet told, once, for everybody.

    A person gets one message by each channel, however many obligations it speaks of, and of each
    obligation only what still matters.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    await _remind_of_corrections(session, now)
    candidates = await due_candidates(session, now)
    if not candidates["rules"]:
        return Swept(0, 0, 0)
    await session.execute(BY_HASH)
    row = (await session.execute(PLAN, candidates | {"now": now})).one()
    return Swept(row.planned, row.superseded, row.messages)


async def _remind_of_corrections(session: AsyncSession, now: datetime) -> None:
    """Remind those whose returned report is due again, or was and did not come."""
    if not CORRECTIONS_FROM <= now.astimezone(LOCAL).time() < CORRECTIONS_UNTIL:
        return
    rows = await session.execute(CORRECTIONS, days_of_correction(now))
    occurrences: dict[int, str] = dict(rows.all())
    if occurrences:
        await events.tell_each(
            session,
            EventKind.CORRECTION_DUE,
            occurrences,
            now=now,
            why=DUE,
            quiet=(CORRECTIONS_UNTIL, CORRECTIONS_FROM),
        )


def days_of_correction(now: datetime) -> dict[str, date]:
    """The days by which CORRECTION finds what is due again."""
    today = local_day(now)
    return {
        "today": today,
        "tomorrow": today + timing.ONE_DAY,
        "oldest": local_day(now - timing.STALE_AFTER),
    }


async def due_candidates(
    session: AsyncSession, now: datetime, only_day: date | None = None
) -> dict[str, list[Any]]:
    """The reminders that are due for the due dates that wait, as the arrays of WANTED.

    `only_day` keeps those of that day: for a look ahead.
    """
    waiting = await _due_dates(session, now)
    rules = await _rules(session, waiting)
    calendars = await working_calendars(session, {each.district_id for each in waiting.values()})
    columns: dict[str, list[Any]] = {
        name: [] for name in ("rules", "due_dates", "numbers", "send_ats", "not_befores")
    }
    for rule in rules:
        found = waiting[rule.schedule_id]
        for due in found.due_dates:
            _add(columns, rule, due, calendars[found.district_id], now, only_day)
    return columns


def _add(
    columns: dict[str, list[Any]],
    rule: ReminderRule,
    due: date,
    calendar: WorkingCalendar,
    now: datetime,
    only_day: date | None,
) -> None:
    rule_timing = timing_of(rule)
    for occurrence in timing.due_occurrences(rule_timing, due, calendar, now):
        if only_day is not None and local_day(occurrence.send_at) != only_day:
            continue
        columns["rules"].append(rule.id)
        columns["due_dates"].append(due)
        columns["numbers"].append(occurrence.number)
        columns["send_ats"].append(occurrence.send_at)
        columns["not_befores"].append(timing.not_before(rule_timing, now))


@dataclass(frozen=True)
class Waiting:
    """The due dates of a schedule that wait, and whose calendar they are counted by."""

    district_id: int
    due_dates: list[date]


async def _due_dates(session: AsyncSession, now: datetime) -> dict[int, Waiting]:
    """The due dates within reach of a rule, by schedule."""
    parameters = {"today": local_day(now), "stale": timing.STALE_AFTER.days}
    waiting: dict[int, Waiting] = {}
    for schedule_id, district_id, due in await session.execute(DUE_DATES, parameters):
        waiting.setdefault(schedule_id, Waiting(district_id, [])).due_dates.append(due)
    return waiting


async def _rules(session: AsyncSession, schedules: Collection[int]) -> Sequence[ReminderRule]:
    """The rules of these schedules alone: a country has ten thousand, and rarely needs any."""
    query = select(ReminderRule).where(
        ReminderRule.active, ReminderRule.schedule_id == func.any(list(schedules))
    )
    return (await session.scalars(query.order_by(ReminderRule.id))).all()


def timing_of(rule: ReminderRule) -> Timing:
    """When a rule reminds."""
    return Timing(
        offset_days=rule.offset_days,
        day_kind=rule.day_kind,
        repeat_days=rule.repeat_days,
        repeat_times=rule.repeat_times,
        send_time=rule.send_time,
        quiet_from=rule.quiet_from,
        quiet_until=rule.quiet_until,
    )
