"""The deadline rules: data windows, due dates, the first late instant, and timeliness.

All functions are pure. Days are days of the local calendar (`app.clock.LOCAL`). Whether a report
is late is decided by comparing instants, never dates.

Sources: the plan's section VII (when each report is due), Nghị định 09/2019/NĐ-CP, Điều 12 (data
windows), Bộ luật Dân sự 2015, Điều 148 khoản 5 (a term that ends on a day off).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from app.clock import LOCAL, local_day, midnight
from app.services.deadlines.working_calendar import WorkingCalendar
from app.vocabulary import DueDay, Frequency, NonWorkingDay, Timeliness

_MONTHS_OF_YEAR = 12
_LONGEST_MONTH = 31
_ONE_DAY = timedelta(days=1)
_MONTHS = {Frequency.QUARTER: 3, Frequency.HALF_YEAR: 6, Frequency.YEAR: 12}


@dataclass(frozen=True, slots=True)
class DueRule:
    """When the reports of one schedule are due and which days they cover.

    month: the month within the period, from 1 to 3, 6 or 12 by `frequency`.
    day: the named day, 1 to 31; in a shorter month its last day.
    due_day: whether a report on the named day is on time. The plan says "trước ngày 15".
    non_working_day: whether a due date on a day off moves to the next working day, as Bộ luật
    Dân sự 2015, Điều 148 khoản 5 provides for terms.
    cutoff_day: the last day of the data window in its month, 1 to 31; 14 by Nghị định
    09/2019/NĐ-CP, Điều 12. In a shorter month its last day, so 31 gives calendar quarters,
    half-years and years.

    Raises ValueError when month, day or cutoff_day is out of its range.
    """

    frequency: Frequency
    month: int
    day: int
    due_day: DueDay = DueDay.INCLUDED
    non_working_day: NonWorkingDay = NonWorkingDay.NONE
    cutoff_day: int = 14

    def __post_init__(self) -> None:
        """Raise ValueError for a month or day out of its range."""
        _check_range("month", self.month, _MONTHS[self.frequency])
        _check_range("day", self.day, _LONGEST_MONTH)
        _check_range("cutoff_day", self.cutoff_day, _LONGEST_MONTH)


class Window(NamedTuple):
    """The days that a period's figures cover, both inclusive."""

    data_from: date
    data_to: date


@dataclass(frozen=True, slots=True)
class ObligationTiming:
    """The timeliness of an obligation at an instant.

    days_late: calendar days begun since the first late instant; 0 when nothing is late.
    days_left: calendar days from today to the due date, 0 on that day; None after it, and when the
    report is submitted or exempt.
    """

    timeliness: Timeliness
    days_late: int
    days_left: int | None


def periods_of_year(frequency: Frequency) -> range:
    """The ordinals of a year's periods: 1 to 4, 1 to 2, or only 1."""
    return range(1, _MONTHS_OF_YEAR // _MONTHS[frequency] + 1)


def period_code(frequency: Frequency, year: int, ordinal: int) -> str:
    """The period's code: `2024-Q2`, `2024-H1`, `2024-Y`.

    Raises ValueError when the year has no such period.
    """
    _check_ordinal(frequency, ordinal)
    if frequency == Frequency.YEAR:
        return f"{year}-Y"
    letter = "Q" if frequency == Frequency.QUARTER else "H"
    return f"{year}-{letter}{ordinal}"


def data_window(rule: DueRule, year: int, ordinal: int) -> Window:
    """The data window of a period, by Nghị định 09/2019/NĐ-CP, Điều 12.

    It runs from the day after the cut-off day of the month before the period to the cut-off day of
    its last month. The windows of one frequency have no gaps and do not overlap, within a year and
    between years.

    Raises ValueError when the year has no such period.
    """
    _check_ordinal(rule.frequency, ordinal)
    months = _MONTHS[rule.frequency]
    previous_cutoff = _day_of(year, months * (ordinal - 1), rule.cutoff_day)
    cutoff = _day_of(year, months * ordinal, rule.cutoff_day)
    return Window(previous_cutoff + _ONE_DAY, cutoff)


def due_date(rule: DueRule, year: int, ordinal: int, calendar: WorkingCalendar) -> date:
    """The last day on which a report is on time, until local midnight.

    It is the named day, or the day before it if the rule excludes it, moved to the next working
    day if the rule says so.

    Raises ValueError when the year has no such period.
    """
    _check_ordinal(rule.frequency, ordinal)
    month = _MONTHS[rule.frequency] * (ordinal - 1) + rule.month
    due = _day_of(year, month, rule.day)
    if rule.due_day == DueDay.EXCLUDED:
        due -= _ONE_DAY
    if rule.non_working_day == NonWorkingDay.NEXT_WORKING_DAY:
        return calendar.next_working_day(due)
    return due


def late_from(due: date) -> datetime:
    """The first late instant: the local midnight that ends the due date."""
    return midnight(due + _ONE_DAY)


def effective_late_from(
    period_late_from: datetime, extension_late_from: datetime | None
) -> datetime:
    """The first late instant of an obligation, in local time: the later of both.

    An extension that ends before the period's own due date has no effect.

    Raises ValueError for an instant without a zone.
    """
    period = _local(period_late_from, "period_late_from")
    if extension_late_from is None:
        return period
    return max(period, _local(extension_late_from, "extension_late_from"))


def timing_at(
    *,
    late_from: datetime,
    first_submitted_at: datetime | None,
    exempt: bool,
    now: datetime,
    due_soon_days: int = 7,
) -> ObligationTiming:
    """The timeliness of an obligation at `now`.

    A submitted report is on time or late by its first submission; a later exemption does not change
    that. An obligation without a submission is exempt, or else upcoming, due soon (at most
    `due_soon_days` days left) or overdue.

    Raises ValueError for an instant without a zone.
    """
    limit = _local(late_from, "late_from")
    local_now = _local(now, "now")
    if first_submitted_at is not None:
        return _of_submission(limit, _local(first_submitted_at, "first_submitted_at"))
    if exempt:
        return ObligationTiming(Timeliness.EXEMPT, days_late=0, days_left=None)
    return _of_awaited(limit, local_now, due_soon_days)


def _of_submission(limit: datetime, submitted: datetime) -> ObligationTiming:
    """The timing of a submitted report; both instants in local time."""
    if submitted < limit:
        return ObligationTiming(Timeliness.ON_TIME, days_late=0, days_left=None)
    return ObligationTiming(
        Timeliness.LATE, days_late=_days_begun(limit, submitted), days_left=None
    )


def _of_awaited(limit: datetime, now: datetime, due_soon_days: int) -> ObligationTiming:
    """The timing of a report that is neither submitted nor exempt; both instants in local time."""
    if now >= limit:
        return ObligationTiming(
            Timeliness.OVERDUE, days_late=_days_begun(limit, now), days_left=None
        )
    last_day_on_time = local_day(limit - datetime.resolution)
    days_left = (last_day_on_time - local_day(now)).days
    soon = days_left <= due_soon_days
    timeliness = Timeliness.DUE_SOON if soon else Timeliness.UPCOMING
    return ObligationTiming(timeliness, days_late=0, days_left=days_left)


def _days_begun(limit: datetime, instant: datetime) -> int:
    """Calendar days begun from `limit` to a later `instant`: 1 on the first late day."""
    return (local_day(instant) - local_day(limit)).days + 1


def _local(instant: datetime, name: str) -> datetime:
    """The instant in local time. Raises ValueError for an instant without a zone."""
    # Python compares two datetimes of one zone by their wall clocks, which is wrong in the hour
    # that daylight saving repeats. The local zone has no daylight saving, so compare them there.
    if instant.utcoffset() is None:
        message = f"{name} must have a time zone, got {instant.isoformat()}"
        raise ValueError(message)
    return instant.astimezone(LOCAL)


def _day_of(year: int, month: int, day: int) -> date:
    """The day of a month, or its last day if it is shorter; month 0 is the December before."""
    if month == 0:
        year, month = year - 1, _MONTHS_OF_YEAR
    return date(year, month, min(day, monthrange(year, month)[1]))


def _check_range(name: str, value: int, highest: int) -> None:
    if not 1 <= value <= highest:
        message = f"{name} must be from 1 to {highest}, got {value}"
        raise ValueError(message)


def _check_ordinal(frequency: Frequency, ordinal: int) -> None:
    _check_range(f"ordinal of a {frequency.value}", ordinal, periods_of_year(frequency)[-1])
