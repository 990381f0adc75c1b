"""The agency that an agency has become on a day: chains of mergers, divisions, ends."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reference.succession import Became, Lineage

MERGED, MERGED_AGAIN = date(2025, 7, 1), date(2027, 1, 1)
BEFORE, BETWEEN, AFTER = date(2024, 6, 14), date(2026, 6, 14), date(2027, 6, 14)
DAY = timedelta(days=1)

# 1 and 2 became 3, which became 4; 5 was divided into 3 and 6; 7 just ended; 8 became 5.
LINEAGE = Lineage(
    valid_from={
        1: None,
        2: None,
        3: MERGED,
        4: MERGED_AGAIN,
        5: BEFORE,
        6: MERGED,
        7: None,
        8: None,
    },
    valid_to={
        1: MERGED - DAY,
        2: MERGED - DAY,
        3: MERGED_AGAIN - DAY,
        4: None,
        5: MERGED - DAY,
        6: None,
        7: MERGED - DAY,
        8: BEFORE - DAY,
    },
    successors={
        1: frozenset({3}),
        2: frozenset({3}),
        3: frozenset({4}),
        5: frozenset({3, 6}),
        8: frozenset({5}),
    },
    divided=frozenset({5}),
)


@pytest.mark.parametrize(
    ("agency", "day", "became"),
    [
        (1, BEFORE, Became(1)),
        (1, BETWEEN, Became(3)),
        (1, AFTER, Became(4)),
        (2, AFTER, Became(4)),
        (3, BETWEEN, Became(3)),
        (4, BETWEEN, Became(4)),
        (5, BETWEEN, Became(5, divided=5)),
        (6, AFTER, Became(6)),
        (7, BETWEEN, Became(7)),
        (8, BEFORE, Became(5)),
        (8, AFTER, Became(8, divided=5)),
    ],
)
def test_what_an_agency_has_become(agency: int, day: date, became: Became) -> None:
    assert LINEAGE.became(agency, day) == became


@st.composite
def lineages(draw: st.DrawFn) -> Lineage:
    """Agencies that end one after the other, each with later successors."""
    count = draw(st.integers(1, 8))
    ends = [MERGED + DAY * 30 * number for number in range(count)]
    successors = {
        agency: frozenset(draw(st.sets(st.integers(agency + 1, count), min_size=1, max_size=2)))
        for agency in range(count)
        if draw(st.booleans())
    }
    divided = {agency for agency, nexts in successors.items() if len(nexts) > 1}
    return Lineage(
        valid_from=dict.fromkeys(range(count + 1)),
        valid_to={agency: ends[agency] for agency in range(count)} | {count: None},
        successors=successors,
        divided=frozenset(divided),
    )


@given(lineages(), st.integers(0, 400))
def test_figures_move_only_along_whole_mergers(lineage: Lineage, days: int) -> None:
    day = MERGED + DAY * days
    for agency in lineage.valid_from:
        became = lineage.became(agency, day)
        if became.divided is not None:
            assert became.agency == agency
            assert became.divided in lineage.divided
        elif became.agency != agency:
            assert lineage.exists_on(became.agency, day)
            assert agency not in lineage.divided
        # What one has become, has become itself: no figure is counted twice or moves twice.
        assert lineage.became(became.agency, day).agency == became.agency
