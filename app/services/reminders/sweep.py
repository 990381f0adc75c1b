"""The sweep: plans each due reminder that was not planned before, in at most nine statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL, local_day
from app.models.notifications import ReminderRule
from app.services.deadlines.working_calendar import WorkingCalendar
from app.services.notifications import arrivals, events
from app.services.periods.working_days import working_calendars
from app.services.reminders import timing
from app.services.reminders.statements import (
    CREATE_NOTIFICATIONS,
    JOIN_BY_HASH,
    LIST_CORRECTIONS,
    LIST_DUE_DATES,
)
from app.services.reminders.timing import Timing
from app.vocabulary import Audience, EventKind, NotificationReason

SWEEP_LOCK = 5_104_773_218
"""The key of an advisory lock: only one sweep at a time."""

CORRECTIONS_FROM, CORRECTIONS_UNTIL = time(8), time(21)
"""The local hours in which reminders of corrections are planned and sent."""


@dataclass(frozen=True)
class SweepResult:
    """The counts of planned and superseded notifications, and of the messages to carry them."""

    planned: int
    superseded: int
    messages: int


NOTHING_DUE = SweepResult(0, 0, 0)


async def sweep(session: AsyncSession, now: datetime) -> SweepResult:
    """Plan all reminders that are due and were not planned before.

    An account gets one message by each channel, whatever the number of obligations. Of several
    reminders of one obligation only the latest is planned; the others are superseded.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SWEEP_LOCK})
    await arrivals.notify(session, now)
    await _remind_of_corrections(session, now)
    occurrences = await due_occurrences(session, now)
    if not occurrences["rule_ids"]:
        return NOTHING_DUE
    await session.execute(JOIN_BY_HASH)
    row = (await session.execute(CREATE_NOTIFICATIONS, {**occurrences, "now": now})).one()
    return SweepResult(**row._asdict())


async def _remind_of_corrections(session: AsyncSession, now: datetime) -> None:
    """Remind the reporters of returned reports whose correction is due or missing."""
    if not CORRECTIONS_FROM <= now.astimezone(LOCAL).time() < CORRECTIONS_UNTIL:
        return
    rows = await session.execute(LIST_CORRECTIONS, correction_days(now))
    occurrences: dict[int, str] = dict(rows.all())
    if occurrences:
        await events.notify_each(
            session,
            EventKind.CORRECTION_DUE,
            occurrences,
            now=now,
            why=NotificationReason.DUE,
            quiet=(CORRECTIONS_UNTIL, CORRECTIONS_FROM),
        )


def correction_days(now: datetime) -> dict[str, date]:
    """The parameters of the SQL function `due_corrections`."""
    return {"today": local_day(now), "oldest": local_day(now - timing.STALE_AFTER)}


async def due_occurrences(
    session: AsyncSession, now: datetime, *, only_on: date | None = None
) -> dict[str, list[Any]]:
    """The due occurrences of all rules as the array parameters of `due_reminders`.

    only_on: leave out occurrences of other days, for a preview of that day.
    """
    due_dates = await _list_due_dates(session, now)
    rules = await _list_rules(session, due_dates)
    calendars = await working_calendars(session, {each.owner_id for each in due_dates.values()})
    columns: dict[str, list[Any]] = {
        name: [] for name in ("rule_ids", "due_dates", "numbers", "send_ats", "not_befores")
    }
    for (schedule_id, _, _), group in _by_recipient(rules).items():
        of_schedule = due_dates[schedule_id]
        calendar = calendars[of_schedule.owner_id]
        for due in of_schedule.due_dates:
            _append_occurrences(columns, group, due, calendar, now, only_on)
    return columns


def _by_recipient(
    rules: Sequence[ReminderRule],
) -> dict[tuple[int, int | None, Audience], list[ReminderRule]]:
    """The rules that remind the same people of the same reports."""
    groups: dict[tuple[int, int | None, Audience], list[ReminderRule]] = {}
    for rule in rules:
        groups.setdefault((rule.schedule_id, rule.agency_id, rule.audience), []).append(rule)
    return groups


def _append_occurrences(
    columns: dict[str, list[Any]],
    rules: Sequence[ReminderRule],
    due: date,
    calendar: WorkingCalendar,
    now: datetime,
    only_on: date | None,
) -> None:
    """Append the due occurrences of rules for the same people and due date to the columns.

    What an outage has delayed waits for a reminder that is due soon, which says the same.
    """
    timings = {rule.id: timing_of(rule) for rule in rules}
    is_soon = any(timing.is_due_soon(each, due, calendar, now) for each in timings.values())
    for rule_id, rule_timing in timings.items():
        for occurrence in timing.due_occurrences(rule_timing, due, calendar, now):
            if only_on is not None and local_day(occurrence.send_at) != only_on:
                continue
            if is_soon and occurrence.is_delayed(now):
                continue
            columns["rule_ids"].append(rule_id)
            columns["due_dates"].append(due)
            columns["numbers"].append(occurrence.number)
            columns["send_ats"].append(occurrence.send_at)
            columns["not_befores"].append(timing.not_before(rule_timing, now))


@dataclass(frozen=True)
class ScheduleDueDates:
    """The due dates of a schedule's missing reports, and the owner whose calendar applies."""

    owner_id: int
    due_dates: list[date]


async def _list_due_dates(session: AsyncSession, now: datetime) -> dict[int, ScheduleDueDates]:
    """The due dates for which a rule can have an occurrence, by the ids of their schedules."""
    parameters = {"today": local_day(now), "stale_days": timing.STALE_AFTER.days}
    due_dates: dict[int, ScheduleDueDates] = {}
    for schedule_id, owner_id, due in await session.execute(LIST_DUE_DATES, parameters):
        of_schedule = due_dates.setdefault(schedule_id, ScheduleDueDates(owner_id, []))
        of_schedule.due_dates.append(due)
    return due_dates


async def _list_rules(
    session: AsyncSession, schedule_ids: Collection[int]
) -> Sequence[ReminderRule]:
    """The active rules of these schedules. A country has ten thousand rules, few of them due."""
    query = select(ReminderRule).where(
        ReminderRule.active, ReminderRule.schedule_id == func.any(list(schedule_ids))
    )
    return (await session.scalars(query.order_by(ReminderRule.id))).all()


def timing_of(rule: ReminderRule) -> Timing:
    """The columns of a rule that decide when it reminds."""
    return Timing(
        offset_days=rule.offset_days,
        day_kind=rule.day_kind,
        repeat_days=rule.repeat_days,
        repeat_times=rule.repeat_times,
        send_time=rule.send_time,
        quiet_from=rule.quiet_from,
        quiet_until=rule.quiet_until,
        working_after_due=rule.audience == Audience.LEADERSHIP,
    )
