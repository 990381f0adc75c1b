"""The deadline rules: data windows, due dates, the first late instant, and timeliness.

Everything here is pure. Days are days of the local calendar (`app.clock.LOCAL`); what decides
whether something is late is an instant, never a date.

Sources: the plan's section VII (when each report is due), Nghị định 09/2019/NĐ-CP, Điều 12 (data
windows), Bộ luật Dân sự 2015, Điều 148 khoản 5 (a last day that is not worked).
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
    day: the named day, 1 to 31; where the month is shorter, its last day.
    due_day: whether the named day still counts. The plan says "trước ngày 15".
    non_working_day: whether a due date on a day off moves to the next working day, as Bộ luật
    Dân sự 2015, Điều 148 khoản 5 has it for periods of time.
    cutoff_day: the day of the month, 1 to 31, on which data closes; 14 by Nghị định
    09/2019/NĐ-CP, Điều 12; where the month is shorter, its last day, so 31 is the calendar
    quarter, half-year or year.

    Raises ValueError when month, day or cutoff_day is out of its range.
    """

    frequency: Frequency
    month: int
    day: int
    due_day: DueDay = DueDay.INCLUDED
    non_working_day: NonWorkingDay = NonWorkingDay.NONE
    cutoff_day: int = 14

    def __post_init__(self) -> None:
        """Refuse a rule that names no day."""
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
    days_left: days from today to the last good day, 0 on that day; None once it is past, and
    when the report is submitted or exempt.
    """

    timeliness: Timeliness
    days_late: int
    days_left: int | None


def periods_of_year(frequency: Frequency) -> range:
    """The ordinals of a year's periods: 1 to 4, 1 to 2, or just 1."""
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
    """The days that the period's figures cover, by Nghị định 09/2019/NĐ-CP, Điều 12.

    From the day after the cut-off of the month before the period to the cut-off of its last
    month. Windows of one cut-off leave neither gap nor overlap, within a year or between years.

    Raises ValueError when the year has no such period.
    """
    _check_ordinal(rule.frequency, ordinal)
    months = _MONTHS[rule.frequency]
    closed_before = _day_of(year, months * (ordinal - 1), rule.cutoff_day)
    closes = _day_of(year, months * ordinal, rule.cutoff_day)
    return Window(closed_before + _ONE_DAY, closes)


def due_date(rule: DueRule, year: int, ordinal: int, calendar: WorkingCalendar) -> date:
    """The last good day: a report that comes on it is on time until midnight.

    The named day, or the day before it where the rule excludes it, then moved to the next
    working day where the rule says so.

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
    """The first late instant: local midnight after the last good day."""
    return midnight(due + _ONE_DAY)


def effective_late_from(
    period_late_from: datetime, extension_late_from: datetime | None
) -> datetime:
    """The first late instant of one obligation, in local time: the later of both.

    An extension only ever gives time: one that ends before the period's own date changes nothing.

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

    The first submission decides for ever, also against an exemption given later: a report that
    came is on time or late. Without one, an exempt obligation is neither awaited nor late;
    any other is upcoming, due soon (at most `due_soon_days` days left) or overdue.

    Raises ValueError for an instant without a zone.
    """
    limit = _local(late_from, "late_from")
    today = _local(now, "now")
    if first_submitted_at is not None:
        return _of_submission(limit, _local(first_submitted_at, "first_submitted_at"))
    if exempt:
        return ObligationTiming(Timeliness.EXEMPT, days_late=0, days_left=None)
    return _of_waiting(limit, today, due_soon_days)


def _of_submission(limit: datetime, submitted: datetime) -> ObligationTiming:
    """The timing that the first submission decides; both instants in local time."""
    if submitted < limit:
        return ObligationTiming(Timeliness.ON_TIME, days_late=0, days_left=None)
    return ObligationTiming(
        Timeliness.LATE, days_late=_days_begun(limit, submitted), days_left=None
    )


def _of_waiting(limit: datetime, now: datetime, due_soon_days: int) -> ObligationTiming:
    """The timing of a report that was not submitted; both instants in local time."""
    if now >= limit:
        return ObligationTiming(
            Timeliness.OVERDUE, days_late=_days_begun(limit, now), days_left=None
        )
    last_good_day = local_day(limit - datetime.resolution)
    days_left = (last_good_day - local_day(now)).days
    soon = days_left <= due_soon_days
    timeliness = Timeliness.DUE_SOON if soon else Timeliness.UPCOMING
    return ObligationTiming(timeliness, days_late=0, days_left=days_left)


def _days_begun(limit: datetime, instant: datetime) -> int:
    """Calendar days begun from `limit` to a later `instant`: 1 on the first late day."""
    return (local_day(instant) - local_day(limit)).days + 1


def _local(instant: datetime, name: str) -> datetime:
    """The instant in local time; ValueError when it has no zone."""
    # Python compares two datetimes of one zone by the wall clock, which is wrong in the hour that
    # daylight saving repeats. The local zone has no such hour, so everything is compared there.
    if instant.utcoffset() is None:
        message = f"{name} must have a time zone, got {instant.isoformat()}"
        raise ValueError(message)
    return instant.astimezone(LOCAL)


def _day_of(year: int, month: int, day: int) -> date:
    """That day of the month, or the month's last; month 0 is December of the year before."""
    if month == 0:
        year, month = year - 1, _MONTHS_OF_YEAR
    return date(year, month, min(day, monthrange(year, month)[1]))


def _check_range(name: str, value: int, highest: int) -> None:
    if not 1 <= value <= highest:
        message = f"{name} must be from 1 to {highest}, got {value}"
        raise ValueError(message)


def _check_ordinal(frequency: Frequency, ordinal: int) -> None:
    _check_range(f"ordinal of a {frequency.value}", ordinal, periods_of_year(frequency)[-1])
