"""Which days are worked in Vietnam: edited exceptions, then public holidays, then weekends."""

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
    """The working days of the administration, with what was decided otherwise for single days.

    `exceptions` maps a day to its change and wins over everything else: the Government decides
    each year which working days are swapped with which weekend days, and no package can know
    that in advance. The mapping is copied, so changing it later changes nothing here.

    Public holidays are those of the `holidays` package for VN, which knows the years 1901 to
    2100; outside them only exceptions and weekends count. The package says which weekdays were
    swapped off, but the weekend days worked in their place have to be given as exceptions.
    """

    exceptions: Mapping[date, WorkingDayChange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep a read-only copy of the exceptions."""
        object.__setattr__(self, "exceptions", MappingProxyType(dict(self.exceptions)))

    def is_working_day(self, day: date) -> bool:
        """Whether the administration works on `day`."""
        change = self.exceptions.get(day)
        if change is not None:
            return change == WorkingDayChange.WORKED
        return day not in _public_holidays(day.year) and day.weekday() < _SATURDAY

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is worked, else the first worked day after it.

        Raises OverflowError when there is none up to the end of the year 9999.
        """
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day


@cache
def _public_holidays(year: int) -> frozenset[date]:
    """The public holidays of one year, substitute and swapped days off included."""
    import holidays  # noqa: PLC0415 - slow, and only needed where a date is made

    return frozenset(holidays.country_holidays("VN", years=year))
