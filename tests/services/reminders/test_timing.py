"""When a reminder is due: a table of cases, then properties of all rules, days and instants."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import LOCAL, local_day
from app.services.deadlines.working_calendar import WorkingCalendar
from app.services.reminders.timing import (
    STALE_AFTER,
    Timing,
    due_occurrences,
    not_before,
    occurrences,
    shift_day,
)
from app.vocabulary import DayKind, WorkingDayChange

Q2_DUE = date(2024, 6, 15)
CALENDAR = WorkingCalendar({date(2024, 5, 4): WorkingDayChange.WORKED})
DAY = timedelta(days=1)


def timing(
    offset: int = 0,
    kind: DayKind = DayKind.CALENDAR,
    every: int | None = None,
    times: int = 0,
    at: time = time(8),
    quiet: tuple[time, time] = (time(21), time(6)),
) -> Timing:
    return Timing(offset, kind, every, times, at, *quiet)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("due", "offset", "kind", "day"),
    [
        ("2024-06-15", -7, DayKind.CALENDAR, "2024-06-08"),
        ("2024-06-15", 0, DayKind.CALENDAR, "2024-06-15"),
        ("2024-06-15", 7, DayKind.CALENDAR, "2024-06-22"),
        ("2024-03-01", -1, DayKind.CALENDAR, "2024-02-29"),
        # The 15th is a Saturday: the working day before it is Friday, the one after it Monday.
        ("2024-06-15", -1, DayKind.WORKING, "2024-06-14"),
        ("2024-06-15", -5, DayKind.WORKING, "2024-06-10"),
        ("2024-06-15", -6, DayKind.WORKING, "2024-06-07"),
        ("2024-06-15", 1, DayKind.WORKING, "2024-06-17"),
        ("2024-06-15", 0, DayKind.WORKING, "2024-06-15"),
        # Over 30/4 and 1/5, with the 29th swapped for Saturday 4/5, which is worked.
        ("2024-05-06", -1, DayKind.WORKING, "2024-05-04"),
        ("2024-05-06", -4, DayKind.WORKING, "2024-04-26"),
        ("2024-04-26", 1, DayKind.WORKING, "2024-05-02"),
        ("2024-12-31", 1, DayKind.WORKING, "2025-01-02"),
    ],
)
def test_an_offset_counts_days_or_working_days(
    due: str, offset: int, kind: DayKind, day: str
) -> None:
    shifted = shift_day(date.fromisoformat(due), offset, kind, CALENDAR)
    assert shifted == date.fromisoformat(day)


def test_repetitions_are_numbered() -> None:
    every_morning = timing(-1, every=1, times=3)
    assert [(o.number, o.send_at) for o in occurrences(every_morning, Q2_DUE, CALENDAR)] == [
        (0, local("2024-06-14T08:00")),
        (1, local("2024-06-15T08:00")),
        (2, local("2024-06-16T08:00")),
        (3, local("2024-06-17T08:00")),
    ]


def test_repetitions_across_the_due_date_count_working_days_from_it() -> None:
    by_working_days = timing(-2, DayKind.WORKING, every=2, times=2)
    days = [local_day(o.send_at) for o in occurrences(by_working_days, Q2_DUE, CALENDAR)]
    assert days == [date(2024, 6, 13), Q2_DUE, date(2024, 6, 18)]


def test_a_rule_without_an_interval_reminds_once() -> None:
    assert len(list(occurrences(timing(-3, times=5), Q2_DUE, CALENDAR))) == 1


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        ("2024-06-08T07:59:59.999999", False),
        ("2024-06-08T08:00:00", True),
        ("2024-06-09T03:00:00", True),
        ("2024-06-22T07:59:59.999999", True),
        ("2024-06-22T08:00:00", False),
    ],
)
def test_a_reminder_is_due_until_it_is_stale(now: str, is_due: bool) -> None:
    due = due_occurrences(timing(-7), Q2_DUE, CALENDAR, local(now))
    assert [o.number for o in due] == ([0] if is_due else [])


def test_reminders_missed_in_an_outage_are_all_due() -> None:
    due = due_occurrences(
        timing(-1, every=1, times=15), Q2_DUE, CALENDAR, local("2024-06-17T09:00")
    )
    assert [o.number for o in due] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("now", "quiet", "expected"),
    [
        ("2024-06-08T08:00", ("21:00", "06:00"), "2024-06-08T08:00"),
        ("2024-06-08T20:59:59", ("21:00", "06:00"), "2024-06-08T20:59:59"),
        ("2024-06-08T21:00", ("21:00", "06:00"), "2024-06-09T06:00"),
        ("2024-06-08T23:30", ("21:00", "06:00"), "2024-06-09T06:00"),
        ("2024-06-09T00:00", ("21:00", "06:00"), "2024-06-09T06:00"),
        ("2024-06-09T05:59:59", ("21:00", "06:00"), "2024-06-09T06:00"),
        ("2024-06-09T06:00", ("21:00", "06:00"), "2024-06-09T06:00"),
        ("2024-12-31T22:00", ("21:00", "06:00"), "2025-01-01T06:00"),
        ("2024-06-08T12:00", ("11:30", "13:30"), "2024-06-08T13:30"),
        ("2024-06-08T11:29", ("11:30", "13:30"), "2024-06-08T11:29"),
        ("2024-06-08T13:30", ("11:30", "13:30"), "2024-06-08T13:30"),
        ("2024-06-08T03:00", ("00:00", "06:00"), "2024-06-08T06:00"),
        ("2024-06-08T23:00", ("21:00", "00:00"), "2024-06-09T00:00"),
        ("2024-06-08T03:00", ("06:00", "06:00"), "2024-06-08T03:00"),
    ],
)
def test_quiet_hours_delay_a_reminder(now: str, quiet: tuple[str, str], expected: str) -> None:
    start, end = map(time.fromisoformat, quiet)
    assert not_before(timing(quiet=(start, end)), local(now)) == local(expected)


def test_quiet_hours_are_local() -> None:
    evening = datetime.fromisoformat("2024-06-08T14:30:00+00:00")
    assert not_before(timing(), evening) == local("2024-06-09T06:00")


timings = st.builds(
    Timing,
    offset_days=st.integers(-60, 60),
    day_kind=st.sampled_from(DayKind),
    repeat_days=st.none() | st.integers(1, 10),
    repeat_times=st.integers(0, 30),
    send_time=st.times(),
    quiet_from=st.times(),
    quiet_until=st.times(),
)
days = st.dates(date(2023, 1, 1), date(2030, 12, 31))
instants = st.datetimes(datetime(2023, 1, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - the zone follows
    lambda naive: naive.replace(tzinfo=LOCAL)
)


@given(timings, days)
def test_occurrences_are_numbered_in_order_of_time(rule: Timing, due: date) -> None:
    every = list(occurrences(rule, due, CALENDAR))
    assert [o.number for o in every] == list(range(len(every)))
    assert len(every) == (rule.repeat_times + 1 if rule.repeat_days else 1)
    instants_of_sending = [o.send_at for o in every]
    assert instants_of_sending == sorted(instants_of_sending)
    assert all(at.time() == rule.send_time for at in instants_of_sending)


@given(timings, days, instants, st.timedeltas(timedelta(0), timedelta(days=13)))
def test_an_outage_loses_no_reminder(
    rule: Timing, due: date, before: datetime, outage: timedelta
) -> None:
    """After an outage, all reminders are due that became due in its course."""
    after = before + outage
    every = set(occurrences(rule, due, CALENDAR))
    missed = {o for o in every if before < o.send_at <= after}
    assert missed <= set(due_occurrences(rule, due, CALENDAR, after))


@given(timings, days, instants)
def test_due_occurrences_are_past_and_not_stale(rule: Timing, due: date, now: datetime) -> None:
    past = due_occurrences(rule, due, CALENDAR, now)
    assert all(timedelta(0) <= now - o.send_at < STALE_AFTER for o in past)
    if rule.repeat_days:
        assert len(past) <= STALE_AFTER.days // rule.repeat_days + 1


@given(days, st.integers(1, 60))
def test_working_days_are_counted_in_both_directions(due: date, offset: int) -> None:
    shifted = shift_day(due, offset, DayKind.WORKING, CALENDAR)
    assert CALENDAR.is_working_day(shifted)
    between = (due + n * DAY for n in range(1, (shifted - due).days + 1))
    assert sum(CALENDAR.is_working_day(day) for day in between) == offset
    if CALENDAR.is_working_day(due):
        assert shift_day(shifted, -offset, DayKind.WORKING, CALENDAR) == due


@given(timings, instants)
def test_a_delay_ends_with_the_quiet_hours_within_a_day(rule: Timing, now: datetime) -> None:
    earliest = not_before(rule, now)
    assert timedelta(0) <= earliest - now <= DAY
    assert not_before(rule, earliest) == earliest
    assert earliest == now or earliest.time() == rule.quiet_until
