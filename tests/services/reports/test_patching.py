"""Changes of single figures in a draft."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reports.patching import EMPTY, check_patch, patched
from app.services.reports.validation import Expectations, ExpectedFigure
from tests.support.report_bodies import entry, money

CODES = ("DA2.01", "DA2.02", "DA2.03")
EXPECTATIONS = Expectations(
    figures={
        code: ExpectedFigure(position, "DA2", code, "flow", "hộ", 0, None, True)
        for position, code in enumerate(CODES)
    },
    projects={"DA2": 1},
    known_indicators=frozenset(CODES),
    known_projects=frozenset({"DA2"}),
    allocated={("DA2", "central", "current_year"): {"recurrent": 100}},
)


def patch(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"entries": list(entries), "disbursements": [], "narrative": {}, **more}


def one(indicator: str, **fields: Any) -> dict[str, Any]:
    return {"project": "DA2", "indicator": indicator, **fields}


DRAFT: dict[str, Any] = {
    "entries": [entry("DA2", "DA2.01", 1, actual_to="2024-06-01"), entry("DA2", "DA2.02", "1.2")],
    "disbursements": [money("DA2", 50) | {"nature": "recurrent"}],
    "narrative": {"results": "Đã làm.", "difficulties": "Giá tăng.", "proposals": None},
}


def test_an_empty_patch_changes_nothing() -> None:
    assert patched(DRAFT, patch(), EXPECTATIONS) == DRAFT


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (one("DA2.01", value=7), entry("DA2", "DA2.01", 7, actual_to="2024-06-01")),
        (one("DA2.01", value="x"), entry("DA2", "DA2.01", "x", actual_to="2024-06-01")),
        (
            one("DA2.01", estimate=9),
            entry("DA2", "DA2.01", 1, actual_to="2024-06-01") | {"estimate": 9},
        ),
        (one("DA2.01", actual_to=None), entry("DA2", "DA2.01", 1)),
        (one("DA2.01", value=None), None),
    ],
)
def test_a_patch_of_one_figure(change: dict[str, Any], expected: dict[str, Any] | None) -> None:
    entries = patched(DRAFT, patch(change), EXPECTATIONS)["entries"]
    assert entries == [*([expected] if expected else []), DRAFT["entries"][1]]


def test_a_new_figure_comes_last_with_all_fields() -> None:
    body = patched(DRAFT, patch(one("DA2.03", value=3)), EXPECTATIONS)
    assert body["entries"][-1] == entry("DA2", "DA2.03", 3)


def test_money_is_found_by_its_nature_also_where_that_is_left_out() -> None:
    change = patch(disbursements=[money("DA2", 60)])
    assert patched(DRAFT, change, EXPECTATIONS)["disbursements"] == [
        money("DA2", 60) | {"nature": "recurrent"}
    ]
    removed = patch(disbursements=[money("DA2", 0) | {"amount_vnd": None}])
    assert patched(DRAFT, removed, EXPECTATIONS)["disbursements"] == []


def test_texts_are_changed_one_by_one() -> None:
    change = patch(narrative={"difficulties": None, "proposals": "Thêm vốn."})
    assert patched(DRAFT, change, EXPECTATIONS)["narrative"] == {
        "results": "Đã làm.",
        "difficulties": None,
        "proposals": "Thêm vốn.",
    }


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        (patch(one("DA9.01", value=1)), [("/entries/0/indicator", "unknown_indicator")]),
        (patch(one("DA9.01", value=None)), []),  # removes what the plan does not know any more
        (patch(one("DA2.03", estimate=1)), [("/entries/0/value", "missing")]),
        (patch(one("DA2.02", estimate=1)), []),
        (
            patch(one("DA2.01", value=1), one("DA2.01", value=None)),
            [("/entries/1/indicator", "given_twice")],
        ),
    ],
)
def test_errors_name_places_in_the_patch(
    change: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    found = check_patch(DRAFT, change, EXPECTATIONS)
    assert [(error.pointer, error.code) for error in found] == errors


@given(st.dictionaries(st.sampled_from(CODES), st.integers(0, 9)))
def test_figures_saved_one_by_one_make_the_same_body(figures: dict[str, int]) -> None:
    body: dict[str, Any] = dict(EMPTY)
    for code, value in figures.items():
        body = patched(body, patch(one(code, value=value)), EXPECTATIONS)
    at_once = [entry("DA2", code, value) for code, value in figures.items()]
    assert body == {**EMPTY, "entries": at_once}
    for code in figures:
        body = patched(body, patch(one(code, value=None)), EXPECTATIONS)
    assert body == EMPTY
