"""Sections in which nothing happened."""

from decimal import Decimal
from typing import Any

import pytest

from app.services.reports.nil import (
    LastAmount,
    LastFigure,
    check_sections,
    contradictions,
    filled,
    to_confirm,
)
from app.services.reports.patching import EMPTY, patched
from app.services.reports.validation import Expectations
from app.vocabulary import IndicatorKind
from tests.support.report_bodies import entry, money

FLOW, STOCK, CUMULATIVE = IndicatorKind.FLOW, IndicatorKind.STOCK, IndicatorKind.CUMULATIVE
FIGURES = [
    LastFigure(None, "KQ.04", FLOW, None, None),
    LastFigure("DA2", "DA2.02", FLOW, Decimal(12), "2024-Q2"),
    LastFigure("DA2", "DA2.04", STOCK, Decimal("3.00"), "2024-Q2"),
    LastFigure("DA2", "DA2.05", CUMULATIVE, Decimal("1.50"), "2024-Q2"),
    LastFigure("DA2", "DA2.06", STOCK, None, None),
    LastFigure("DA7.TDA1", "DA71.01", FLOW, None, None),
]
AMOUNTS = [
    LastAmount("DA2", "central", "current_year", "recurrent", 50, "2024-Q2"),
    LastAmount("DA7.TDA1", "central", "current_year", None, 7, "2024-Q2"),
]
KINDS = {each.indicator: each.kind for each in FIGURES}


def nil(draft: Any = EMPTY, *sections: str, with_common: bool = False) -> dict[str, Any]:
    return filled(draft, sections or ("DA2",), FIGURES, AMOUNTS, with_common=with_common)


def test_flows_are_0_and_the_rest_stays_as_it_was() -> None:
    body = nil()
    assert body["entries"] == [
        entry("DA2", "DA2.02", 0),
        entry("DA2", "DA2.04", 3, carried_from="2024-Q2"),
        entry("DA2", "DA2.05", 1.5, carried_from="2024-Q2"),
    ]
    assert body["disbursements"] == [
        money("DA2", 50) | {"nature": "recurrent", "carried_from": "2024-Q2"}
    ]
    assert body["nil_sections"] == ["DA2"]
    assert nil(body) == body


def test_the_whole_report_has_the_common_figures_too() -> None:
    body = nil(EMPTY, "DA2", "DA7.TDA1", with_common=True)
    codes = [each["indicator"] for each in body["entries"]]
    assert codes == ["KQ.04", "DA2.02", "DA2.04", "DA2.05", "DA71.01"]
    assert body["nil_sections"] == ["DA2", "DA7.TDA1"]
    assert body["disbursements"][1] == money("DA7.TDA1", 7) | {"carried_from": "2024-Q2"}


def test_what_was_typed_stays() -> None:
    typed = {
        **EMPTY,
        "entries": [entry("DA2", "DA2.02", "1.2")],
        "disbursements": [money("DA2", 9)],
    }
    body = nil(typed)
    assert body["entries"][0] == entry("DA2", "DA2.02", "1.2")
    assert body["disbursements"] == [money("DA2", 9)]


def test_figures_that_were_carried_are_to_be_confirmed() -> None:
    body = nil()
    found = [(each.pointer, each.code, each.level) for each in to_confirm(body)]
    assert found == [
        ("/entries/1/value", "carried_figure", "warning"),
        ("/entries/2/value", "carried_figure", "warning"),
        ("/disbursements/0/amount_vnd", "carried_figure", "warning"),
    ]
    change = {
        "entries": [{"project": "DA2", "indicator": "DA2.04", "value": 3}],
        "disbursements": [money("DA2", 50) | {"nature": "recurrent"}],
        "narrative": {},
    }
    confirmed = patched(body, change, Expectations(figures={}, projects={}))
    assert [each.pointer for each in to_confirm(confirmed)] == ["/entries/2/value"]


@pytest.mark.parametrize(
    ("entries", "disbursements", "found"),
    [
        ([entry("DA2", "DA2.02", 0)], [money("DA2", 50)], []),
        ([entry("DA2", "DA2.04", 5)], [money("DA2", 40)], []),
        ([entry("DA2", "DA2.02", None)], [money("DA2", 0) | {"amount_vnd": None}], []),  # type: ignore[arg-type]  # invalid ones
        ([entry("DA7.TDA1", "DA71.01", 4)], [money("DA7.TDA1", 9)], []),
        ([entry("DA2", "DA2.02", 1)], [], ["/entries/0/value"]),
        ([], [money("DA2", 51)], ["/disbursements/0/amount_vnd"]),
    ],
)
def test_what_happened_contradicts_the_answer(
    entries: list[Any], disbursements: list[Any], found: list[str]
) -> None:
    body = {"entries": entries, "disbursements": disbursements, "nil_sections": ["DA2"]}
    before = {("DA2", "central", "current_year"): 50}
    errors = list(contradictions(body, KINDS, before))
    assert [each.pointer for each in errors] == found
    assert {each.code for each in errors} <= {"nil_section_has_figures"}
    assert not list(contradictions({**body, "nil_sections": []}, KINDS, before))


def test_sections_are_the_agencys_own_projects() -> None:
    sections = ["DA2", "DA9", "DA4", "DA2"]
    errors = check_sections(sections, {"DA2"}, {"DA2", "DA4"}, "/nil_sections")
    assert [(each.pointer, each.code) for each in errors] == [
        ("/nil_sections/1", "unknown_project"),
        ("/nil_sections/2", "not_yours"),
        ("/nil_sections/3", "given_twice"),
    ]
