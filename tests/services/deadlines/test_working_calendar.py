"""Working days: exceptions take precedence over public holidays, and those over weekdays."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.deadlines.working_calendar import WorkingCalendar
from app.vocabulary import WorkingDayChange

OFF, WORKED = WorkingDayChange.OFF, WorkingDayChange.WORKED
PLAIN = WorkingCalendar()

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
SWAPPED = frozenset(
    date.fromisoformat(day)
    for day in [
        "2010-02-27",
        "2012-02-04",
        "2013-05-04",
        "2014-04-26",
        "2014-09-06",
        "2014-12-27",
        "2015-02-14",
        "2015-04-25",
        "2019-01-05",
        "2019-05-04",
        "2024-05-04",
        "2025-04-26",
        "2026-08-22",
    ]
)
"""The weekend days that the Government made working days in place of another day."""
NEAR_DAYS = st.dates(date(2024, 1, 1), date(2024, 3, 31))
EXCEPTIONS = st.dictionaries(NEAR_DAYS, st.sampled_from(WorkingDayChange), max_size=40)


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 1, 1),
        *(date(2024, 2, day) for day in range(8, 15)),
        date(2024, 4, 18),
        date(2024, 4, 29),
        date(2024, 4, 30),
        date(2024, 5, 1),
        date(2024, 9, 2),
        date(2024, 9, 3),
        date(2025, 1, 1),
        *(date(2025, 1, day) for day in range(27, 32)),
        date(2025, 4, 7),
        date(2025, 4, 30),
        date(2025, 5, 1),
        date(2025, 5, 2),
        date(2025, 9, 1),
        date(2025, 9, 2),
    ],
)
def test_public_holidays_are_off(day: date) -> None:
    assert not PLAIN.is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 1, 2),
        date(2024, 2, 7),
        date(2024, 2, 15),
        date(2024, 4, 17),
        date(2024, 5, 2),
        date(2024, 9, 4),
        date(2025, 1, 2),
        date(2025, 2, 3),
        date(2025, 9, 3),
        date(2024, 12, 24),
        date(2024, 12, 25),
    ],
)
def test_ordinary_weekdays_are_working_days(day: date) -> None:
    assert PLAIN.is_working_day(day)


def test_each_year_has_its_own_public_holidays() -> None:
    tet_2024, tet_2025 = date(2024, 2, 12), date(2025, 1, 29)
    assert not PLAIN.is_working_day(tet_2024)
    assert not PLAIN.is_working_day(tet_2025)
    assert PLAIN.is_working_day(date(2025, 2, 12))
    assert PLAIN.is_working_day(date(2024, 1, 29))


def test_the_working_week_is_monday_to_friday() -> None:
    monday = date(2024, 6, 10)
    week = [PLAIN.is_working_day(monday + timedelta(days=days)) for days in range(7)]
    assert week == [True] * 5 + [False] * 2


def test_swapped_days_as_exceptions() -> None:
    monday, saturday = date(2024, 6, 10), date(2024, 6, 15)
    swapped = WorkingCalendar({monday: OFF, saturday: WORKED})
    assert not swapped.is_working_day(monday)
    assert swapped.is_working_day(saturday)
    assert not swapped.is_working_day(date(2024, 6, 16))
    assert swapped.is_working_day(date(2024, 6, 11))


@pytest.mark.parametrize(
    ("off", "worked"),
    [
        (date(2024, 4, 29), date(2024, 5, 4)),
        (date(2025, 5, 2), date(2025, 4, 26)),
        (date(2026, 8, 31), date(2026, 8, 22)),
    ],
)
def test_a_saturday_is_worked_in_place_of_a_swapped_day(off: date, worked: date) -> None:
    assert not PLAIN.is_working_day(off)
    assert PLAIN.is_working_day(worked)
    assert not PLAIN.is_working_day(worked + timedelta(days=7))
    revoked = WorkingCalendar({off: WORKED, worked: OFF})
    assert revoked.is_working_day(off)
    assert not revoked.is_working_day(worked)


def test_an_exception_takes_precedence_over_a_public_holiday() -> None:
    holiday = date(2024, 9, 3)
    assert WorkingCalendar({holiday: WORKED}).is_working_day(holiday)


def test_exceptions_are_copied() -> None:
    exceptions = {date(2024, 6, 10): OFF}
    working_calendar = WorkingCalendar(exceptions)
    exceptions.clear()
    assert not working_calendar.is_working_day(date(2024, 6, 10))
    assert working_calendar == WorkingCalendar({date(2024, 6, 10): OFF})


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 6, 14), date(2024, 6, 14)),
        (date(2024, 6, 15), date(2024, 6, 17)),
        (date(2024, 6, 16), date(2024, 6, 17)),
        (date(2024, 2, 8), date(2024, 2, 15)),
        (date(2024, 4, 27), date(2024, 5, 2)),
        (date(2024, 8, 31), date(2024, 9, 4)),
        (date(2025, 1, 25), date(2025, 2, 3)),
        (date(2023, 12, 30), date(2024, 1, 2)),
    ],
)
def test_next_working_day(day: date, expected: date) -> None:
    assert PLAIN.next_working_day(day) == expected


def test_next_working_day_follows_exceptions() -> None:
    saturday, monday = date(2024, 6, 15), date(2024, 6, 17)
    assert WorkingCalendar({saturday: WORKED}).next_working_day(saturday) == saturday
    assert WorkingCalendar({monday: OFF}).next_working_day(saturday) == date(2024, 6, 18)


@settings(deadline=None)
@given(day=DAYS)
def test_weekends_without_a_swap_are_off(day: date) -> None:
    if day.isoweekday() in {6, 7} and day not in SWAPPED:
        assert not PLAIN.is_working_day(day)


@settings(deadline=None)
@given(day=st.one_of(DAYS, NEAR_DAYS), change=st.sampled_from(WorkingDayChange))
def test_an_exception_changes_only_its_day(day: date, change: WorkingDayChange) -> None:
    changed = WorkingCalendar({day: change})
    assert changed.is_working_day(day) == (change == WORKED)
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert changed.is_working_day(other) == PLAIN.is_working_day(other)


@settings(deadline=None)
@given(day=NEAR_DAYS, exceptions=EXCEPTIONS)
def test_next_working_day_is_the_first_one(
    day: date, exceptions: dict[date, WorkingDayChange]
) -> None:
    working_calendar = WorkingCalendar(exceptions)
    following = working_calendar.next_working_day(day)
    skipped = [day + timedelta(days=days) for days in range((following - day).days)]
    assert following >= day
    assert working_calendar.is_working_day(following)
    assert not any(working_calendar.is_working_day(off) for off in skipped)
    assert working_calendar.next_working_day(following) == following


@pytest.mark.parametrize("year", range(2000, 2101))
def test_every_year_has_its_fixed_public_holidays(year: int) -> None:
    for month, day in ((1, 1), (4, 30), (5, 1), (9, 2)):
        assert not PLAIN.is_working_day(date(year, month, day))
