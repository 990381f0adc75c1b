"""The deadline rules: tables for 2024 and 2025, boundaries, and properties of every year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import LOCAL, local_day
from app.services.deadlines.rules import (
    DueRule,
    ObligationTiming,
    Window,
    data_window,
    due_date,
    effective_late_from,
    late_from,
    period_code,
    periods_of_year,
    timing_at,
)
from app.services.deadlines.working_calendar import WorkingCalendar
from app.vocabulary import DueDay, Frequency, NonWorkingDay, Timeliness, WorkingDayChange

QUARTER, HALF_YEAR, YEAR = Frequency.QUARTER, Frequency.HALF_YEAR, Frequency.YEAR
INCLUDED, EXCLUDED = DueDay.INCLUDED, DueDay.EXCLUDED
STAYS, ROLLS = NonWorkingDay.NONE, NonWorkingDay.NEXT_WORKING_DAY
PLAIN = WorkingCalendar()
ONE_DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
NAMED_DAY = {QUARTER: (3, 15), HALF_YEAR: (6, 20), YEAR: (12, 10)}
MONTHS = {QUARTER: 3, HALF_YEAR: 6, YEAR: 12}

DUE_DATES = [
    (QUARTER, 2024, 1, ("Fri 2024-03-15", "Fri 2024-03-15", "Thu 2024-03-14", "Thu 2024-03-14")),
    (QUARTER, 2024, 2, ("Sat 2024-06-15", "Mon 2024-06-17", "Fri 2024-06-14", "Fri 2024-06-14")),
    (QUARTER, 2024, 3, ("Sun 2024-09-15", "Mon 2024-09-16", "Sat 2024-09-14", "Mon 2024-09-16")),
    (QUARTER, 2024, 4, ("Sun 2024-12-15", "Mon 2024-12-16", "Sat 2024-12-14", "Mon 2024-12-16")),
    (HALF_YEAR, 2024, 1, ("Thu 2024-06-20", "Thu 2024-06-20", "Wed 2024-06-19", "Wed 2024-06-19")),
    (HALF_YEAR, 2024, 2, ("Fri 2024-12-20", "Fri 2024-12-20", "Thu 2024-12-19", "Thu 2024-12-19")),
    (YEAR, 2024, 1, ("Tue 2024-12-10", "Tue 2024-12-10", "Mon 2024-12-09", "Mon 2024-12-09")),
    (QUARTER, 2025, 1, ("Sat 2025-03-15", "Mon 2025-03-17", "Fri 2025-03-14", "Fri 2025-03-14")),
    (QUARTER, 2025, 2, ("Sun 2025-06-15", "Mon 2025-06-16", "Sat 2025-06-14", "Mon 2025-06-16")),
    (QUARTER, 2025, 3, ("Mon 2025-09-15", "Mon 2025-09-15", "Sun 2025-09-14", "Mon 2025-09-15")),
    (QUARTER, 2025, 4, ("Mon 2025-12-15", "Mon 2025-12-15", "Sun 2025-12-14", "Mon 2025-12-15")),
    (HALF_YEAR, 2025, 1, ("Fri 2025-06-20", "Fri 2025-06-20", "Thu 2025-06-19", "Thu 2025-06-19")),
    (HALF_YEAR, 2025, 2, ("Sat 2025-12-20", "Mon 2025-12-22", "Fri 2025-12-19", "Fri 2025-12-19")),
    (YEAR, 2025, 1, ("Wed 2025-12-10", "Wed 2025-12-10", "Tue 2025-12-09", "Tue 2025-12-09")),
]
"""The due dates by rule: included, included and rolled, excluded, excluded and rolled."""

WINDOWS = [
    (QUARTER, 2024, 1, "2023-12-15", "2024-03-14"),
    (QUARTER, 2024, 2, "2024-03-15", "2024-06-14"),
    (QUARTER, 2024, 3, "2024-06-15", "2024-09-14"),
    (QUARTER, 2024, 4, "2024-09-15", "2024-12-14"),
    (HALF_YEAR, 2024, 1, "2023-12-15", "2024-06-14"),
    (HALF_YEAR, 2024, 2, "2024-06-15", "2024-12-14"),
    (YEAR, 2024, 1, "2023-12-15", "2024-12-14"),
    (QUARTER, 2025, 1, "2024-12-15", "2025-03-14"),
    (QUARTER, 2025, 2, "2025-03-15", "2025-06-14"),
    (QUARTER, 2025, 3, "2025-06-15", "2025-09-14"),
    (QUARTER, 2025, 4, "2025-09-15", "2025-12-14"),
    (HALF_YEAR, 2025, 1, "2024-12-15", "2025-06-14"),
    (HALF_YEAR, 2025, 2, "2025-06-15", "2025-12-14"),
    (YEAR, 2025, 1, "2024-12-15", "2025-12-14"),
]

LATE_FROM = datetime(2024, 6, 16, tzinfo=LOCAL)
"""The first late instant of the second quarter of 2024, which is due on 15 June."""

FREQUENCIES = st.sampled_from(Frequency)
YEARS = st.integers(2000, 2100)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
LATE_FROMS = DAYS.map(late_from)
ZONES = st.one_of(
    st.just(LOCAL),
    st.timezones(),
    st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
OFFSETS = st.one_of(
    st.timedeltas(timedelta(days=-40), timedelta(days=40)),
    st.builds(
        lambda days, ticks: timedelta(days=days, microseconds=ticks),
        st.integers(-10, 10),
        st.integers(-1, 1),
    ),
)
CHANGES = st.lists(st.one_of(st.none(), st.sampled_from(WorkingDayChange)), max_size=12)
"""The changes of the days from a due date on; None is no exception."""


@st.composite
def rules(draw: st.DrawFn) -> DueRule:
    frequency = draw(FREQUENCIES)
    return DueRule(
        frequency=frequency,
        month=draw(st.integers(1, MONTHS[frequency])),
        day=draw(st.integers(1, 31)),
        due_day=draw(st.sampled_from(DueDay)),
        non_working_day=draw(st.sampled_from(NonWorkingDay)),
        cutoff_day=draw(st.integers(1, 31)),
    )


def windows(frequency: Frequency, year: int, cutoff_day: int = 14) -> list[Window]:
    rule = DueRule(frequency, month=1, day=1, cutoff_day=cutoff_day)
    return [data_window(rule, year, ordinal) for ordinal in periods_of_year(frequency)]


@pytest.mark.parametrize(
    ("frequency", "codes"),
    [
        (QUARTER, ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]),
        (HALF_YEAR, ["2024-H1", "2024-H2"]),
        (YEAR, ["2024-Y"]),
    ],
)
def test_codes_of_a_year(frequency: Frequency, codes: list[str]) -> None:
    ordinals = periods_of_year(frequency)
    assert [period_code(frequency, 2024, ordinal) for ordinal in ordinals] == codes


@pytest.mark.parametrize(
    ("frequency", "ordinal"),
    [(QUARTER, 0), (QUARTER, 5), (HALF_YEAR, 0), (HALF_YEAR, 3), (YEAR, 0), (YEAR, 2), (YEAR, -1)],
)
def test_ordinals_outside_the_year_are_refused(frequency: Frequency, ordinal: int) -> None:
    rule = DueRule(frequency, month=1, day=15)
    with pytest.raises(ValueError, match=f"ordinal of a {frequency.value} must be from 1 to"):
        period_code(frequency, 2024, ordinal)
    with pytest.raises(ValueError, match="ordinal"):
        data_window(rule, 2024, ordinal)
    with pytest.raises(ValueError, match="ordinal"):
        due_date(rule, 2024, ordinal, PLAIN)


@pytest.mark.parametrize(
    ("frequency", "month"),
    [(QUARTER, 0), (QUARTER, 4), (HALF_YEAR, 0), (HALF_YEAR, 7), (YEAR, 0), (YEAR, 13)],
)
def test_a_month_outside_the_period_is_refused(frequency: Frequency, month: int) -> None:
    with pytest.raises(ValueError, match=f"^month must be from 1 to .*, got {month}$"):
        DueRule(frequency, month=month, day=15)


@pytest.mark.parametrize("day", [-1, 0, 32])
def test_a_day_outside_every_month_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match=f"^day must be from 1 to 31, got {day}$"):
        DueRule(QUARTER, month=3, day=day)
    with pytest.raises(ValueError, match=f"^cutoff_day must be from 1 to 31, got {day}$"):
        DueRule(QUARTER, month=3, day=15, cutoff_day=day)


@pytest.mark.parametrize("frequency", Frequency)
def test_the_bounds_of_the_ranges_are_accepted(frequency: Frequency) -> None:
    DueRule(frequency, month=1, day=1, cutoff_day=1)
    DueRule(frequency, month=MONTHS[frequency], day=31, cutoff_day=31)


def test_defaults_of_a_rule() -> None:
    assert DueRule(QUARTER, 3, 15) == DueRule(QUARTER, 3, 15, INCLUDED, STAYS, 14)


@pytest.mark.parametrize(("frequency", "year", "ordinal", "data_from", "data_to"), WINDOWS)
def test_data_windows(
    frequency: Frequency, year: int, ordinal: int, data_from: str, data_to: str
) -> None:
    month, day = NAMED_DAY[frequency]
    window = data_window(DueRule(frequency, month, day), year, ordinal)
    assert window == Window(date.fromisoformat(data_from), date.fromisoformat(data_to))


def test_a_cutoff_day_past_the_end_of_the_month_is_its_last_day() -> None:
    assert windows(QUARTER, 2024, cutoff_day=31) == [
        (date(2024, 1, 1), date(2024, 3, 31)),
        (date(2024, 4, 1), date(2024, 6, 30)),
        (date(2024, 7, 1), date(2024, 9, 30)),
        (date(2024, 10, 1), date(2024, 12, 31)),
    ]


@given(frequency=FREQUENCIES, year=YEARS, cutoff_day=st.integers(1, 31))
def test_windows_cover_each_day_of_every_year_once(
    frequency: Frequency, year: int, cutoff_day: int
) -> None:
    parts = windows(frequency, year, cutoff_day)
    [whole] = windows(YEAR, year, cutoff_day)
    [following] = windows(YEAR, year + 1, cutoff_day)
    assert parts[0].data_from == whole.data_from
    assert parts[-1].data_to == whole.data_to
    assert all(part.data_from < part.data_to for part in parts)
    for part, successor in pairwise([*parts, following]):
        assert successor.data_from - part.data_to == ONE_DAY


@given(year=YEARS, cutoff_day=st.integers(1, 31))
def test_two_quarters_make_a_half_year(year: int, cutoff_day: int) -> None:
    q1, q2, q3, q4 = windows(QUARTER, year, cutoff_day)
    first, second = windows(HALF_YEAR, year, cutoff_day)
    assert (q1.data_from, q2.data_to) == first
    assert (q3.data_from, q4.data_to) == second


@given(year=YEARS)
def test_the_statutory_year_window_runs_from_15_to_14_december(year: int) -> None:
    assert windows(YEAR, year) == [(date(year - 1, 12, 15), date(year, 12, 14))]


@pytest.mark.parametrize(("frequency", "year", "ordinal", "expected"), DUE_DATES)
def test_due_dates(
    frequency: Frequency, year: int, ordinal: int, expected: tuple[str, ...]
) -> None:
    month, day = NAMED_DAY[frequency]
    rules_of_row = [
        DueRule(frequency, month, day, due_day, non_working_day)
        for due_day in (INCLUDED, EXCLUDED)
        for non_working_day in (STAYS, ROLLS)
    ]
    due_dates = [f"{due_date(rule, year, ordinal, PLAIN):%a %Y-%m-%d}" for rule in rules_of_row]
    assert due_dates == list(expected)


def test_the_annual_report_is_due_before_the_fourth_quarter_and_the_end_of_its_window() -> None:
    annual = DueRule(YEAR, *NAMED_DAY[YEAR])
    quarterly = DueRule(QUARTER, *NAMED_DAY[QUARTER])
    due = due_date(annual, 2024, 1, PLAIN)
    assert due < due_date(quarterly, 2024, 4, PLAIN)
    assert due < data_window(annual, 2024, 1).data_to


@pytest.mark.parametrize(
    ("year", "due_day", "expected"),
    [
        (2024, INCLUDED, date(2024, 2, 29)),
        (2024, EXCLUDED, date(2024, 2, 28)),
        (2025, INCLUDED, date(2025, 2, 28)),
        (2025, EXCLUDED, date(2025, 2, 27)),
        (2100, INCLUDED, date(2100, 2, 28)),
    ],
)
def test_a_named_day_past_the_end_of_the_month_is_its_last_day(
    year: int, due_day: DueDay, expected: date
) -> None:
    assert due_date(DueRule(QUARTER, 2, 31, due_day), year, 1, PLAIN) == expected


def test_the_day_before_the_first_is_in_the_month_before() -> None:
    assert due_date(DueRule(QUARTER, 1, 1, EXCLUDED), 2024, 1, PLAIN) == date(2023, 12, 31)
    assert due_date(DueRule(QUARTER, 3, 1, EXCLUDED), 2024, 1, PLAIN) == date(2024, 2, 29)


def test_the_excluded_day_is_subtracted_before_rolling() -> None:
    """The day before Sunday 15 September is a Saturday, which rolls to Monday 16 September."""
    rule = DueRule(QUARTER, 3, 15, EXCLUDED, ROLLS)
    assert due_date(rule, 2024, 3, PLAIN) == date(2024, 9, 16)


def test_rolling_skips_public_holidays() -> None:
    rule_in_tet = DueRule(QUARTER, month=2, day=8, non_working_day=ROLLS)
    assert due_date(rule_in_tet, 2024, 1, PLAIN) == date(2024, 2, 15)


def test_rolling_follows_exceptions() -> None:
    rule = DueRule(QUARTER, 3, 15, non_working_day=ROLLS)
    worked = WorkingCalendar({date(2024, 6, 15): WorkingDayChange.WORKED})
    off = WorkingCalendar({date(2024, 6, 17): WorkingDayChange.OFF})
    assert due_date(rule, 2024, 2, worked) == date(2024, 6, 15)
    assert due_date(rule, 2024, 2, off) == date(2024, 6, 18)


@settings(deadline=None)
@given(rule=rules(), year=YEARS, data=st.data())
def test_a_due_date_is_its_named_day_or_the_one_before(
    rule: DueRule, year: int, data: st.DataObject
) -> None:
    ordinal = data.draw(st.sampled_from(periods_of_year(rule.frequency)))
    unrolled = replace(rule, non_working_day=STAYS)
    due = due_date(unrolled, year, ordinal, PLAIN)
    named = due if rule.due_day == INCLUDED else due + ONE_DAY
    assert named.year == year
    assert named.month == MONTHS[rule.frequency] * (ordinal - 1) + rule.month
    assert named.day == rule.day or (named.day < rule.day and (named + ONE_DAY).day == 1)


@settings(deadline=None)
@given(rule=rules(), year=YEARS, changes=CHANGES, data=st.data())
def test_a_rolled_due_date_is_the_first_working_day_from_the_unrolled_one(
    rule: DueRule, year: int, changes: list[WorkingDayChange | None], data: st.DataObject
) -> None:
    ordinal = data.draw(st.sampled_from(periods_of_year(rule.frequency)))
    stays = replace(rule, non_working_day=STAYS)
    rolls = replace(rule, non_working_day=ROLLS)
    unrolled = due_date(stays, year, ordinal, PLAIN)
    exceptions = {
        unrolled + timedelta(days=days): change for days, change in enumerate(changes) if change
    }
    working_calendar = WorkingCalendar(exceptions)
    rolled = due_date(rolls, year, ordinal, working_calendar)
    skipped = [unrolled + timedelta(days=days) for days in range((rolled - unrolled).days)]
    assert due_date(stays, year, ordinal, working_calendar) == unrolled
    assert rolled >= unrolled
    assert working_calendar.is_working_day(rolled)
    assert not any(working_calendar.is_working_day(off) for off in skipped)


def test_late_from_carries_the_local_offset() -> None:
    assert late_from(date(2024, 6, 15)).isoformat() == "2024-06-16T00:00:00+07:00"
    assert late_from(date(2024, 12, 31)).isoformat() == "2025-01-01T00:00:00+07:00"


@given(due=DAYS)
def test_late_from_is_the_local_midnight_after_the_due_date(due: date) -> None:
    instant = late_from(due)
    # Vietnam is seven hours ahead of UTC, so its midnight is 17:00 of the day before.
    assert instant.astimezone(UTC) == datetime(due.year, due.month, due.day, 17, tzinfo=UTC)
    assert instant.tzinfo is LOCAL
    assert local_day(instant) == due + ONE_DAY
    assert local_day(instant - TICK) == due


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        (None, LATE_FROM),
        (LATE_FROM - ONE_DAY, LATE_FROM),
        (LATE_FROM, LATE_FROM),
        (LATE_FROM + TICK, LATE_FROM + TICK),
        (LATE_FROM + 5 * ONE_DAY, LATE_FROM + 5 * ONE_DAY),
    ],
)
def test_the_later_of_period_and_extension_applies(
    extension: datetime | None, expected: datetime
) -> None:
    assert effective_late_from(LATE_FROM, extension) == expected


def test_the_effective_instant_is_in_local_time() -> None:
    tokyo, new_york = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
    period, extension = LATE_FROM.astimezone(tokyo), (LATE_FROM + ONE_DAY).astimezone(new_york)
    assert effective_late_from(period, None).isoformat() == "2024-06-16T00:00:00+07:00"
    assert effective_late_from(period, extension).isoformat() == "2024-06-17T00:00:00+07:00"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-01-01T00:00:00", ObligationTiming(Timeliness.UPCOMING, 0, 166)),
        ("2024-06-07T23:59:59.999999", ObligationTiming(Timeliness.UPCOMING, 0, 8)),
        ("2024-06-08T00:00:00", ObligationTiming(Timeliness.DUE_SOON, 0, 7)),
        ("2024-06-14T23:59:59.999999", ObligationTiming(Timeliness.DUE_SOON, 0, 1)),
        ("2024-06-15T00:00:00", ObligationTiming(Timeliness.DUE_SOON, 0, 0)),
        ("2024-06-15T23:59:59.999999", ObligationTiming(Timeliness.DUE_SOON, 0, 0)),
        ("2024-06-16T00:00:00", ObligationTiming(Timeliness.OVERDUE, 1, None)),
        ("2024-06-16T23:59:59.999999", ObligationTiming(Timeliness.OVERDUE, 1, None)),
        ("2024-06-17T00:00:00", ObligationTiming(Timeliness.OVERDUE, 2, None)),
        ("2025-06-16T12:00:00", ObligationTiming(Timeliness.OVERDUE, 366, None)),
    ],
)
def test_timing_of_an_awaited_report(now: str, expected: ObligationTiming) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=LOCAL)
    timing = timing_at(late_from=LATE_FROM, first_submitted_at=None, exempt=False, now=instant)
    assert timing == expected


@pytest.mark.parametrize(
    ("submitted", "expected"),
    [
        ("2023-11-01T08:00:00", ObligationTiming(Timeliness.ON_TIME, 0, None)),
        ("2024-06-15T00:00:00", ObligationTiming(Timeliness.ON_TIME, 0, None)),
        ("2024-06-15T23:59:59.999999", ObligationTiming(Timeliness.ON_TIME, 0, None)),
        ("2024-06-16T00:00:00", ObligationTiming(Timeliness.LATE, 1, None)),
        ("2024-06-16T23:59:59.999999", ObligationTiming(Timeliness.LATE, 1, None)),
        ("2024-06-17T00:00:00", ObligationTiming(Timeliness.LATE, 2, None)),
        ("2024-07-16T00:00:00", ObligationTiming(Timeliness.LATE, 31, None)),
    ],
)
@pytest.mark.parametrize("exempt", [False, True])
def test_timing_of_a_submitted_report(
    submitted: str, expected: ObligationTiming, *, exempt: bool
) -> None:
    instant = datetime.fromisoformat(submitted).replace(tzinfo=LOCAL)
    timing = timing_at(
        late_from=LATE_FROM,
        first_submitted_at=instant,
        exempt=exempt,
        now=LATE_FROM + 100 * ONE_DAY,
    )
    assert timing == expected


@pytest.mark.parametrize("days", [-100, -1, 0, 1, 100])
def test_an_exempt_obligation_is_neither_awaited_nor_late(days: int) -> None:
    now = LATE_FROM + days * ONE_DAY
    timing = timing_at(late_from=LATE_FROM, first_submitted_at=None, exempt=True, now=now)
    assert timing == ObligationTiming(Timeliness.EXEMPT, 0, None)


@pytest.mark.parametrize(
    ("due_soon_days", "days_left", "expected"),
    [
        (0, 0, Timeliness.DUE_SOON),
        (0, 1, Timeliness.UPCOMING),
        (14, 14, Timeliness.DUE_SOON),
        (14, 15, Timeliness.UPCOMING),
    ],
)
def test_due_soon_days(due_soon_days: int, days_left: int, expected: Timeliness) -> None:
    timing = timing_at(
        late_from=LATE_FROM,
        first_submitted_at=None,
        exempt=False,
        now=LATE_FROM - TICK - days_left * ONE_DAY,
        due_soon_days=due_soon_days,
    )
    assert timing == ObligationTiming(expected, 0, days_left)


def test_a_late_instant_within_a_day() -> None:
    """Before the instant the day counts as left, from it on as late."""
    noon = LATE_FROM + timedelta(hours=12)
    before = timing_at(late_from=noon, first_submitted_at=None, exempt=False, now=noon - TICK)
    after = timing_at(late_from=noon, first_submitted_at=None, exempt=False, now=noon)
    assert before == ObligationTiming(Timeliness.DUE_SOON, 0, 0)
    assert after == ObligationTiming(Timeliness.OVERDUE, 1, None)


@pytest.mark.parametrize("exempt", [False, True])
def test_instants_without_a_zone_are_refused(*, exempt: bool) -> None:
    naive = LATE_FROM.replace(tzinfo=None)
    with pytest.raises(ValueError, match=r"^late_from must have a time zone"):
        timing_at(late_from=naive, first_submitted_at=None, exempt=exempt, now=LATE_FROM)
    with pytest.raises(ValueError, match=r"^now must have a time zone"):
        timing_at(late_from=LATE_FROM, first_submitted_at=None, exempt=exempt, now=naive)
    with pytest.raises(ValueError, match=r"^now must have a time zone"):
        timing_at(late_from=LATE_FROM, first_submitted_at=LATE_FROM, exempt=exempt, now=naive)
    with pytest.raises(ValueError, match=r"^first_submitted_at must have a time zone"):
        timing_at(late_from=LATE_FROM, first_submitted_at=naive, exempt=exempt, now=LATE_FROM)
    with pytest.raises(ValueError, match=r"^period_late_from must have a time zone"):
        effective_late_from(naive, None)
    with pytest.raises(ValueError, match=r"^extension_late_from must have a time zone"):
        effective_late_from(LATE_FROM, naive)


def test_the_hour_that_daylight_saving_repeats_is_distinguished() -> None:
    """02:30 occurs twice in Berlin on 27 October 2024: before and after the first late instant."""
    berlin = ZoneInfo("Europe/Berlin")
    limit = datetime(2024, 10, 27, 2, 15, tzinfo=berlin, fold=1)
    earlier = datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=0)
    later = datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=1)
    timeliness = [
        timing_at(late_from=limit, first_submitted_at=instant, exempt=False, now=limit).timeliness
        for instant in (earlier, later)
    ]
    assert timeliness == [Timeliness.ON_TIME, Timeliness.LATE]


@given(limit=LATE_FROMS, offsets=st.tuples(OFFSETS, OFFSETS), due_soon_days=st.integers(0, 30))
def test_timeliness_only_advances_with_time(
    limit: datetime, offsets: tuple[timedelta, timedelta], due_soon_days: int
) -> None:
    order = [Timeliness.UPCOMING, Timeliness.DUE_SOON, Timeliness.OVERDUE]
    earlier, later = (
        timing_at(
            late_from=limit,
            first_submitted_at=None,
            exempt=False,
            now=limit + offset,
            due_soon_days=due_soon_days,
        )
        for offset in sorted(offsets)
    )
    assert order.index(earlier.timeliness) <= order.index(later.timeliness)
    assert earlier.days_late <= later.days_late
    if later.days_left is not None:
        assert earlier.days_left is not None
        assert earlier.days_left >= later.days_left >= 0


@given(limit=LATE_FROMS, offset=OFFSETS)
def test_an_awaited_report_is_late_or_has_days_left(limit: datetime, offset: timedelta) -> None:
    now = limit + offset
    timing = timing_at(late_from=limit, first_submitted_at=None, exempt=False, now=now)
    overdue = timing.timeliness == Timeliness.OVERDUE
    assert overdue == (now >= limit) == (timing.days_late > 0) == (timing.days_left is None)


@given(
    limit=LATE_FROMS,
    submitted=OFFSETS,
    nows=st.tuples(OFFSETS, OFFSETS),
    exempt=st.tuples(st.booleans(), st.booleans()),
)
def test_the_first_submission_decides_whatever_follows(
    limit: datetime,
    submitted: timedelta,
    nows: tuple[timedelta, timedelta],
    exempt: tuple[bool, bool],
) -> None:
    first, second = (
        timing_at(
            late_from=limit,
            first_submitted_at=limit + submitted,
            exempt=exempted,
            now=limit + now,
        )
        for now, exempted in zip(nows, exempt, strict=True)
    )
    expected = Timeliness.LATE if submitted >= timedelta(0) else Timeliness.ON_TIME
    assert first == second
    assert first.timeliness == expected
    assert (first.days_late > 0) == (expected == Timeliness.LATE)


@given(limit=LATE_FROMS, moment=OFFSETS)
def test_days_late_at_submission_equal_days_overdue(limit: datetime, moment: timedelta) -> None:
    now = limit + moment
    awaited = timing_at(late_from=limit, first_submitted_at=None, exempt=False, now=now)
    submitted = timing_at(late_from=limit, first_submitted_at=now, exempt=False, now=now)
    assert submitted.days_late == awaited.days_late


@given(
    limit=LATE_FROMS,
    extension=st.one_of(st.none(), OFFSETS),
    submitted=st.one_of(st.none(), OFFSETS),
    now=OFFSETS,
    exempt=st.booleans(),
)
def test_an_extension_never_makes_a_report_later(
    limit: datetime,
    extension: timedelta | None,
    submitted: timedelta | None,
    now: timedelta,
    *,
    exempt: bool,
) -> None:
    extended = effective_late_from(limit, None if extension is None else limit + extension)
    without, extended_timing = (
        timing_at(
            late_from=instant,
            first_submitted_at=None if submitted is None else limit + submitted,
            exempt=exempt,
            now=limit + now,
        )
        for instant in (limit, extended)
    )
    is_late = {Timeliness.OVERDUE, Timeliness.LATE}
    assert extended >= limit
    assert extended_timing.days_late <= without.days_late
    assert without.timeliness in is_late or extended_timing.timeliness not in is_late
    if without.days_left is not None:
        assert extended_timing.days_left is not None
        assert extended_timing.days_left >= without.days_left


@given(
    limit=LATE_FROMS,
    submitted=st.one_of(st.none(), OFFSETS),
    now=OFFSETS,
    zones=st.tuples(ZONES, ZONES, ZONES),
)
def test_timing_does_not_depend_on_time_zones(
    limit: datetime,
    submitted: timedelta | None,
    now: timedelta,
    zones: tuple[tzinfo, tzinfo, tzinfo],
) -> None:
    first = None if submitted is None else limit + submitted
    elsewhere = None if first is None else first.astimezone(zones[1])
    local = timing_at(late_from=limit, first_submitted_at=first, exempt=False, now=limit + now)
    moved = timing_at(
        late_from=limit.astimezone(zones[0]),
        first_submitted_at=elsewhere,
        exempt=False,
        now=(limit + now).astimezone(zones[2]),
    )
    assert moved == local
    assert effective_late_from(limit.astimezone(zones[0]), elsewhere) == max(limit, first or limit)
