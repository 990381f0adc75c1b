"""When a reminder is due. Pure: rules, due dates and the present in, occurrences out.

What goes out is always "due and not yet told", never "just N days before": a day on which the
service was down is caught up, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile

from app.clock import LOCAL, local_day
from app.services.deadlines.working_calendar import WorkingCalendar
from app.vocabulary import DayKind

STALE_AFTER = timedelta(days=14)
"""A reminder that could not be sent for so long says nothing that still matters."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a rule reminds: days from the due date, repetitions, the time of day, quiet hours."""

    offset_days: int
    day_kind: DayKind
    repeat_days: int | None
    repeat_times: int
    send_time: time
    quiet_from: time
    quiet_until: time


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One reminder of a rule for a due date: which repetition, and when it should leave."""

    number: int
    send_at: datetime


def occurrences(timing: Timing, due: date, calendar: WorkingCalendar) -> Iterator[Occurrence]:
    """Every reminder that a rule has for a due date, the earliest first."""
    repetitions = timing.repeat_times if timing.repeat_days else 0
    for number in range(repetitions + 1):
        offset = timing.offset_days + number * (timing.repeat_days or 0)
        day = moved(due, offset, timing.day_kind, calendar)
        yield Occurrence(number, datetime.combine(day, timing.send_time, LOCAL))


def due_occurrences(
    timing: Timing, due: date, calendar: WorkingCalendar, now: datetime
) -> list[Occurrence]:
    """The reminders that should have left by now and are not stale."""
    begun = takewhile(lambda each: each.send_at <= now, occurrences(timing, due, calendar))
    return [occurrence for occurrence in begun if now - STALE_AFTER < occurrence.send_at]


def moved(day: date, offset: int, kind: DayKind, calendar: WorkingCalendar) -> date:
    """The day `offset` days, or working days, from `day`; an offset of 0 is the day itself."""
    if kind == DayKind.CALENDAR:
        return day + offset * ONE_DAY
    step = ONE_DAY if offset > 0 else -ONE_DAY
    left = abs(offset)
    while left > 0:
        day += step
        if calendar.is_working_day(day):
            left -= 1
    return day


def not_before(timing: Timing, now: datetime) -> datetime:
    """Now, or the end of the quiet hours that it falls into; they may span midnight."""
    local = now.astimezone(LOCAL)
    clock, start, end = local.time(), timing.quiet_from, timing.quiet_until
    if start == end:
        return local
    spans_midnight = start > end
    quiet = clock >= start or clock < end if spans_midnight else start <= clock < end
    if not quiet:
        return local
    day = local_day(local)
    if spans_midnight and clock >= start:
        day += ONE_DAY
    return datetime.combine(day, end, LOCAL)
