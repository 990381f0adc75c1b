"""When a reminder is due: a pure function of rules, due dates and the current instant.

A reminder is due from its instant until it is stale, not only on its day. After an outage, the
next sweep therefore finds the reminders that were missed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile

from app.clock import LOCAL, local_day
from app.services.deadlines.working_calendar import WorkingCalendar
from app.vocabulary import DayKind

STALE_AFTER = timedelta(days=14)
"""A reminder that was not planned for this time is dropped."""
DELAYED_AFTER = timedelta(minutes=10)
"""A reminder that is planned later than this was delayed by an outage."""
ABSORBED_WITHIN = timedelta(hours=1)
"""A delayed reminder is left to the next one where that is due within this time."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """The timing of a rule.

    offset_days: days from the due date to the first reminder, negative before it; `day_kind` says
    whether calendar or working days are counted. repeat_days, repeat_times: the reminder is
    repeated every `repeat_days`, `repeat_times` times; None is never. Times are local.
    working_after_due: after the due date working days are counted, whatever `day_kind` says.
    """

    offset_days: int
    day_kind: DayKind
    repeat_days: int | None
    repeat_times: int
    send_time: time
    quiet_from: time
    quiet_until: time
    working_after_due: bool = False

    def day_kind_at(self, offset: int) -> DayKind:
        """The kind of days in which an offset from the due date is counted."""
        return DayKind.WORKING if self.working_after_due and offset > 0 else self.day_kind


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One reminder of a rule for a due date.

    number: the repetition, 0 for the first reminder. send_at: when it should be sent.
    """

    number: int
    send_at: datetime

    def is_delayed(self, now: datetime) -> bool:
        """Whether it was not planned in time, because no sweep ran."""
        return now - self.send_at > DELAYED_AFTER


def occurrences(timing: Timing, due: date, calendar: WorkingCalendar) -> Iterator[Occurrence]:
    """All reminders of a rule for a due date, the earliest first."""
    repetitions = timing.repeat_times if timing.repeat_days else 0
    for number in range(repetitions + 1):
        offset = timing.offset_days + number * (timing.repeat_days or 0)
        day = shift_day(due, offset, timing.day_kind_at(offset), calendar)
        yield Occurrence(number, datetime.combine(day, timing.send_time, LOCAL))


def due_occurrences(
    timing: Timing, due: date, calendar: WorkingCalendar, now: datetime
) -> list[Occurrence]:
    """The reminders that are due at `now` and not stale."""
    past = takewhile(lambda each: each.send_at <= now, occurrences(timing, due, calendar))
    return [occurrence for occurrence in past if now - STALE_AFTER < occurrence.send_at]


def is_due_soon(timing: Timing, due: date, calendar: WorkingCalendar, now: datetime) -> bool:
    """Whether a reminder will be due within ABSORBED_WITHIN."""
    end = now + ABSORBED_WITHIN
    coming = takewhile(lambda each: each.send_at <= end, occurrences(timing, due, calendar))
    return any(now < occurrence.send_at for occurrence in coming)


def shift_day(day: date, offset: int, kind: DayKind, calendar: WorkingCalendar) -> date:
    """The day that is `offset` days from `day`, in calendar or working days.

    An offset of 0 is the day itself, even where it is no working day.
    """
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
    """The first instant from `now` on that is outside the quiet hours, which may span midnight."""
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
