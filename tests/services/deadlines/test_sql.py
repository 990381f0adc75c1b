"""Timeliness in SQL, both the functions and the filters of lists, agrees with the pure rule."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.clock import LOCAL
from app.services.deadlines import rules
from app.services.deadlines.sql import CONDITIONS
from app.vocabulary import Timeliness
from tests.conftest import Service

MOMENT = timedelta(microseconds=1)
LATE_FROM = datetime(2024, 6, 16, tzinfo=LOCAL)
AROUND = [
    LATE_FROM + timedelta(days=days) + moment
    for days in (-9, -8, -7, -1, 0, 1, 2)
    for moment in (-MOMENT, timedelta(0), MOMENT)
]

MATCHES = ", ".join(str(condition) for condition in CONDITIONS.values())

# Rows of generated facts replace the view; they have the columns that timeliness depends on.
TIMINGS = text(f"""
    SELECT timeliness(owed, :now) AS timeliness, days_late(owed, :now) AS days_late,
        days_left(owed, :now) AS days_left, ARRAY[{MATCHES}] AS matches
    FROM (
        SELECT position, jsonb_populate_record(NULL::owed_obligation, jsonb_build_object(
            'late_from', late_from, 'first_submitted_at', first_submitted_at,
            'exempted_at', exempted_at, 'due_soon_days', CAST(:due_soon_days AS int)
        )) AS owed
        FROM unnest(
            CAST(:late_from AS timestamptz[]), CAST(:first_submitted_at AS timestamptz[]),
            CAST(:exempted_at AS timestamptz[])
        ) WITH ORDINALITY AS facts (late_from, first_submitted_at, exempted_at, position)
    ) AS row CROSS JOIN LATERAL (SELECT (owed).*) AS o
    ORDER BY position
""")  # noqa: S608 - composed of the conditions under test

Facts = tuple[datetime, datetime | None, bool]


async def fetch_timings(
    service: Service, facts: list[Facts], now: datetime, due_soon_days: int
) -> list[Any]:
    columns: dict[str, Any] = {
        "late_from": [late_from for late_from, _, _ in facts],
        "first_submitted_at": [submitted for _, submitted, _ in facts],
        "exempted_at": [LATE_FROM if exempt else None for _, _, exempt in facts],
    }
    parameters = columns | {"now": now, "due_soon_days": due_soon_days}
    async with service.database.reading() as session:
        return list((await session.execute(TIMINGS, parameters)).all())


async def check_agreement(
    service: Service, facts: list[Facts], now: datetime, due_soon_days: int = 7
) -> None:
    for (late_from, submitted, exempt), row in zip(
        facts, await fetch_timings(service, facts, now, due_soon_days), strict=True
    ):
        expected = rules.timing_at(
            late_from=late_from,
            first_submitted_at=submitted,
            exempt=exempt,
            now=now,
            due_soon_days=due_soon_days,
        )
        timing = rules.ObligationTiming(Timeliness(row.timeliness), row.days_late, row.days_left)
        assert timing == expected, (late_from, submitted, exempt, now)
        matching = [word for word, matches in zip(CONDITIONS, row.matches, strict=True) if matches]
        assert matching == [expected.timeliness], "exactly one filter matches"


async def test_sql_and_rule_agree_around_every_boundary(service: Service) -> None:
    facts = [
        (LATE_FROM, submitted, exempt)
        for submitted, exempt in itertools.product([None, *AROUND], (False, True))
    ]
    for now in AROUND:
        await check_agreement(service, facts, now)


moments = st.integers(-15 * 86400 * 10**6, 15 * 86400 * 10**6).map(
    lambda microseconds: LATE_FROM + timedelta(microseconds=microseconds)
)
midnights = moments.map(lambda m: m.replace(hour=0, minute=0, second=0, microsecond=0))


async def test_sql_and_rule_agree_on_any_facts(service: Service) -> None:
    drawn: list[tuple[list[Facts], datetime, int]] = []

    @given(
        st.lists(
            st.tuples(midnights | moments, st.none() | moments, st.booleans()),
            min_size=1,
            max_size=20,
        ),
        moments,
        st.integers(0, 40),
    )
    def draw(facts: list[Facts], now: datetime, due_soon_days: int) -> None:
        drawn.append((facts, now, due_soon_days))

    draw()
    for facts, now, due_soon_days in drawn:
        await check_agreement(service, facts, now, due_soon_days)
