"""Working days in Vietnam: exceptions first, then public holidays, then weekends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

from app.vocabulary import WorkingDayChange

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working days of the administration.

    exceptions: days with a decision of their own, which takes precedence. Each year the Government
    swaps some working days with weekend days (hoán đổi ngày làm việc). The mapping is copied.

    Public holidays come from the `holidays` package, which covers the years 1901 to 2100; in other
    years only exceptions and weekends count. The package includes the swapped weekdays, but not the
    weekend days that are worked instead: they have to be exceptions.
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
        return day not in _public_holidays(day.year) and day.weekday() < _SATURDAY

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the next one.

        Raises OverflowError when there is none before the year 10000.
        """
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day


@cache
def _public_holidays(year: int) -> frozenset[date]:
    """The public holidays of a year, with substitute and swapped days off."""
    import holidays  # noqa: PLC0415 - slow to import, and rarely needed

    return frozenset(holidays.country_holidays("VN", years=year))
