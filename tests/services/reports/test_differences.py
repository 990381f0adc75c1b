"""The differences between two bodies."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reports.differences import Difference, compare

BODY: dict[str, Any] = {
    "entries": [
        {"project": "DA2", "indicator": "DA2.02", "value": 12, "estimate": 20, "note": None},
        {"project": None, "indicator": "KQ.08", "value": 3, "estimate": None, "note": None},
    ],
    "disbursements": [
        {"project": "DA2", "source": "central", "origin": "current_year", "amount_vnd": 350}
    ],
    "narrative": {"results": "Đã làm.", "difficulties": None, "proposals": None},
}
MONEY = {"project": "DA2", "source": "central", "origin": "current_year"}


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(BODY) | parts


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (BODY, []),
        (changed(entries=BODY["entries"][::-1]), []),
        (
            changed(
                entries=[BODY["entries"][0] | {"value": 11, "note": "Sửa"}, BODY["entries"][1]]
            ),
            [
                Difference("/entries/0/value", "value", 12, 11, "DA2", "DA2.02"),
                Difference("/entries/0/note", "note", None, "Sửa", "DA2", "DA2.02"),
            ],
        ),
        (
            changed(entries=BODY["entries"][1:]),
            [
                Difference(None, "value", 12, None, "DA2", "DA2.02"),
                Difference(None, "estimate", 20, None, "DA2", "DA2.02"),
            ],
        ),
        (
            changed(entries=[BODY["entries"][0] | {"carried_from": "2024-Q1"}, BODY["entries"][1]]),
            [],
        ),
        (
            changed(disbursements=[MONEY | {"nature": "recurrent", "amount_vnd": 350}]),
            [
                Difference(
                    "/disbursements/0/amount_vnd",
                    "amount_vnd",
                    None,
                    350,
                    **MONEY,
                    nature="recurrent",
                ),
                Difference(None, "amount_vnd", 350, None, **MONEY),
            ],
        ),
        (
            changed(narrative=BODY["narrative"] | {"proposals": "Thêm vốn."}),
            [Difference("/narrative/proposals", "proposals", None, "Thêm vốn.")],
        ),
        (
            changed(nil_sections=["DA3", "DA2"]),
            [
                Difference("/nil_sections/0", "nil", False, True, "DA3"),
                Difference("/nil_sections/1", "nil", False, True, "DA2"),
            ],
        ),
    ],
)
def test_what_changed_is_listed_line_by_line(
    later: dict[str, Any], expected: list[Difference]
) -> None:
    assert compare(BODY, later) == expected


VALUES = st.dictionaries(st.sampled_from(["DA2.01", "DA2.02", "DA2.05"]), st.integers(0, 3))
SECTIONS = st.lists(st.sampled_from(["DA2", "DA3"]), unique=True)


def body_of(values: dict[str, int], sections: list[str]) -> dict[str, Any]:
    entries = [{"project": "DA2", "indicator": code, "value": n} for code, n in values.items()]
    return changed(entries=entries, nil_sections=sections)


@given(VALUES, SECTIONS, VALUES, SECTIONS)
def test_the_way_back_has_the_same_differences_with_before_and_after_exchanged(
    values: dict[str, int], sections: list[str], others: dict[str, int], other: list[str]
) -> None:
    first, second = body_of(values, sections), body_of(others, other)
    there = {(d.field, d.project, d.indicator, d.before, d.after) for d in compare(first, second)}
    back = {(d.field, d.project, d.indicator, d.after, d.before) for d in compare(second, first)}
    assert there == back
