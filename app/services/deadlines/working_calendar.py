"""Working days in Vietnam: exceptions first, then public holidays, then weekends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from app.vocabulary import WorkingDayChange

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working days of the administration.

    exceptions: days with a decision of their own, which takes precedence. Each year the Government
    swaps some working days with weekend days (hoán đổi ngày làm việc). The mapping is copied.

    Public holidays, swapped weekdays and the weekend days that are worked instead come from the
    `holidays` package, which covers the years 1901 to 2100; in other years only exceptions and
    weekends count. The package learns of a swap with a release after the decision: until then, and
    where a government decides otherwise, the swapped days have to be exceptions.
    """

    exceptions: Mapping[date, WorkingDayChange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep a read-only copy of the exceptions."""
        object.__setattr__(self, "exceptions", MappingProxyType(dict(self.exceptions)))

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is a working day."""
        change = self.exceptions.get(day)
        if change is not None:
            return change == WorkingDayChange.WORKED
        known = _public_days(day.year)
        if day.weekday() >= _SATURDAY:
            return day in known.worked
        return day not in known.off

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the next one.

        Raises OverflowError when there is none before the year 10000.
        """
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day


class _PublicDays(NamedTuple):
    """What the `holidays` package knows of a year."""

    off: frozenset[date]
    """Public holidays, with substitute and swapped days off."""
    worked: frozenset[date]
    """Weekend days that are worked in place of swapped days off."""


@cache
def _public_days(year: int) -> _PublicDays:
    import holidays  # noqa: PLC0415 - slow to import, and rarely needed

    known = holidays.country_holidays("VN", years=year)
    return _PublicDays(frozenset(known), frozenset(known.weekend_workdays))
