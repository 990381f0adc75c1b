"""The rules of budget lines: distributing keeps the sum; years fit the origin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.services.reference.budgets import resolve_origin_years, undistributed_after
from app.vocabulary import BudgetOrigin

amounts = st.integers(0, 10**15)
NOW, BEFORE = BudgetOrigin.CURRENT_YEAR, BudgetOrigin.CARRIED_OVER


@given(amounts, amounts, amounts)
def test_distributing_keeps_the_sum_or_is_rejected(left: int, before: int, after: int) -> None:
    if after <= left + before:
        assert undistributed_after(left, before, after) + after == left + before
        assert undistributed_after(left, before, after) >= 0
    else:
        with pytest.raises(ValidationFailed) as raised:
            undistributed_after(left, before, after)
        (error,) = raised.value.errors
        assert (error.pointer, error.code) == ("/amount_vnd", "exceeds_undistributed")
        assert error.facts == {"most": left + before, "left": left}


@pytest.mark.parametrize(
    ("origin", "years", "expected"),
    [
        (NOW, None, [2024]),
        (NOW, [2024], [2024]),
        (BEFORE, [2023], [2023]),
        (BEFORE, [2023, 2022], [2022, 2023]),
    ],
)
def test_valid_origin_years_are_sorted_or_defaulted(
    origin: BudgetOrigin, years: list[int] | None, expected: list[int]
) -> None:
    assert resolve_origin_years(origin, years, 2024) == expected


@pytest.mark.parametrize(
    ("origin", "years"),
    [
        (NOW, [2023]),
        (NOW, [2023, 2024]),
        (NOW, [2025]),
        (BEFORE, None),
        (BEFORE, [2024]),
        (BEFORE, [2022, 2024]),
        (BEFORE, [2025]),
    ],
)
def test_other_origin_years_are_rejected(origin: BudgetOrigin, years: list[int] | None) -> None:
    with pytest.raises(ValidationFailed) as raised:
        resolve_origin_years(origin, years, 2024)
    assert raised.value.errors[0].code == "wrong_origin_years"
