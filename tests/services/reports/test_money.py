"""The disbursements of a body against the plan's money by nature: the rule as tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reports.money import Allocated, money_errors, money_warnings, nature_of
from tests.support.report_bodies import money

DA2 = ("DA2", "central", "current_year")
INVESTMENT, RECURRENT = "investment", "recurrent"
ONE: Allocated = {DA2: {RECURRENT: 100}}
UNSTATED: Allocated = {DA2: {None: 100}}
TWO: Allocated = {DA2: {INVESTMENT: 60, RECURRENT: 40}}
PARTLY: Allocated = {DA2: {None: 60, RECURRENT: 40}}


def spent(amount: int | None, nature: str | None = None) -> dict[str, Any]:
    stated = {} if nature is None else {"nature": nature}
    return money("DA2", amount or 0) | {"amount_vnd": amount} | stated


@pytest.mark.parametrize(
    ("allocated", "stated", "expected"),
    [
        ({}, None, None),
        ({}, INVESTMENT, INVESTMENT),
        (ONE, None, RECURRENT),
        (ONE, INVESTMENT, INVESTMENT),
        (UNSTATED, None, None),
        (UNSTATED, RECURRENT, RECURRENT),
        (TWO, None, None),
        (TWO, INVESTMENT, INVESTMENT),
    ],
)
def test_a_nature_that_is_left_out_is_that_of_the_only_money(
    allocated: Allocated, stated: str | None, expected: str | None
) -> None:
    assert nature_of(spent(1, stated), allocated) == expected


ERRORS: list[tuple[Allocated, list[dict[str, Any]], list[tuple[str, str]]]] = [
    ({}, [spent(10**15)], []),
    (ONE, [spent(100)], []),
    (ONE, [spent(101)], [("over_allocated", "/disbursements/0/amount_vnd")]),
    (ONE, [spent(100, RECURRENT)], []),
    (ONE, [spent(500, INVESTMENT)], []),
    (UNSTATED, [spent(100, INVESTMENT)], []),
    (UNSTATED, [spent(101, INVESTMENT)], [("over_allocated", "/disbursements/0/amount_vnd")]),
    (
        UNSTATED,
        [spent(60, INVESTMENT), spent(41, RECURRENT)],
        [("over_allocated", "/disbursements/1/amount_vnd")],
    ),
    (TWO, [spent(60, INVESTMENT), spent(40, RECURRENT)], []),
    (TWO, [spent(41, RECURRENT)], [("over_allocated", "/disbursements/0/amount_vnd")]),
    (TWO, [spent(1)], [("nature_missing", "/disbursements/0/nature")]),
    (TWO, [spent(None)], [("nature_missing", "/disbursements/0/nature")]),
    (PARTLY, [spent(100, RECURRENT)], []),
    (PARTLY, [spent(61, INVESTMENT)], [("over_allocated", "/disbursements/0/amount_vnd")]),
    (PARTLY, [spent(1)], [("nature_missing", "/disbursements/0/nature")]),
]


@pytest.mark.parametrize(("allocated", "items", "expected"), ERRORS)
def test_money_stays_within_what_the_plan_has_of_its_nature(
    allocated: Allocated, items: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    found = list(money_errors({"disbursements": items}, allocated))
    assert [(each.code, each.pointer) for each in found] == expected
    assert {each.level for each in found} <= {"error"}


WARNINGS: list[tuple[Allocated, list[dict[str, Any]], list[tuple[str, str]]]] = [
    (ONE, [spent(50)], []),
    (ONE, [spent(49)], [("spent_less_than_before", "/disbursements/0/amount_vnd")]),
    (ONE, [spent(None)], []),
    (ONE, [spent(50, INVESTMENT)], [("not_allocated", "/disbursements/0")]),
    ({}, [spent(50)], [("not_allocated", "/disbursements/0")]),
    (TWO, [spent(30, INVESTMENT), spent(20, RECURRENT)], []),
    (
        TWO,
        [spent(30, INVESTMENT), spent(19, RECURRENT)],
        [("spent_less_than_before", "/disbursements/0/amount_vnd")],
    ),
    (TWO, [spent(30, INVESTMENT), spent(None, RECURRENT)], []),
]


@pytest.mark.parametrize(("allocated", "items", "expected"), WARNINGS)
def test_the_total_of_all_natures_is_compared_with_earlier_periods(
    allocated: Allocated, items: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    found = list(money_warnings({"disbursements": items}, allocated, {DA2: 50}))
    assert [(each.code, each.pointer) for each in found] == expected
    assert {each.level for each in found} <= {"warning"}


@given(st.integers(0, 200), st.sampled_from([ONE, UNSTATED, {}]))
def test_a_body_without_natures_is_judged_by_the_total(amount: int, allocated: Allocated) -> None:
    """So a client that knows no natures gets the findings it always got."""
    body = {"disbursements": [spent(amount)]}
    errors = [each.code for each in money_errors(body, allocated)]
    assert errors == (["over_allocated"] if allocated and amount > 100 else [])
    warnings = [each.code for each in money_warnings(body, allocated, {})]
    assert warnings == (["not_allocated"] if not allocated and amount > 0 else [])
