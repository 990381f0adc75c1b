"""What was typed as a figure: valid numbers, and the errors of the others."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FieldError
from app.services.reports.figures import MONEY, Limits, find_error
from app.text.writing import Language

HOUSEHOLDS = Limits("hộ")
MILLIONS = Limits("triệu đồng", 2)
AT_MOST_30 = Limits("đơn vị", 0, Decimal(30))

TYPED: list[tuple[float | str, Limits, str | None]] = [
    (0, HOUSEHOLDS, None),
    (-0.0, HOUSEHOLDS, None),
    (12, HOUSEHOLDS, None),
    (12.0, HOUSEHOLDS, None),
    (10**13 - 1, HOUSEHOLDS, None),
    (10**13, HOUSEHOLDS, "over_maximum"),
    (10**18, MILLIONS, "over_maximum"),
    (1.5, HOUSEHOLDS, "too_precise"),
    (1.25, MILLIONS, None),
    (9999999999999.99, MILLIONS, None),
    (1.005, MILLIONS, "too_precise"),
    (0.1 + 0.2, MILLIONS, "too_precise"),
    (5e-324, MILLIONS, "too_precise"),
    (-0.001, MILLIONS, "negative"),
    (-12, HOUSEHOLDS, "negative"),
    (30, AT_MOST_30, None),
    (31, AT_MOST_30, "over_maximum"),
    (10**15, MONEY, None),
    (10**15 + 1, MONEY, "over_maximum"),
    (350000000.5, MONEY, "too_precise"),
    (-1, MONEY, "negative"),
    # Text is no number, also where it looks like one: "1.234" is a thousand in Vietnamese writing.
    ("1.234,5", MILLIONS, "not_a_number"),
    ("1.234", MILLIONS, "not_a_number"),
    ("12", HOUSEHOLDS, "not_a_number"),
    ("12a", HOUSEHOLDS, "not_a_number"),
    ("NaN", HOUSEHOLDS, "not_a_number"),
    ("", HOUSEHOLDS, "not_a_number"),
    ("350.000.000", MONEY, "not_a_number"),
]


@pytest.mark.parametrize(("typed", "limits", "code"), TYPED)
def test_a_valid_number_has_no_error(typed: float | str, limits: Limits, code: str | None) -> None:
    error = find_error("/entries/0/value", typed, limits)
    assert (None if error is None else error.code) == code
    assert error is None or error.pointer == "/entries/0/value"


MESSAGES: list[tuple[float | str, Limits, str, str]] = [
    (
        "12a",
        HOUSEHOLDS,
        "Số hộ: “12a” đang là chữ, chưa phải số; phải ghi số nguyên từ 0 trở lên (hộ).",
        "Số hộ: “12a” is text, not a number; enter a whole number from 0 (hộ).",
    ),
    (
        "1,5",
        Limits("tạ", 2),
        (
            "Số hộ: “1,5” đang là chữ, chưa phải số; phải ghi số từ 0 trở lên, tối đa 2 chữ số "
            "thập phân (tạ)."
        ),
        (
            "Số hộ: “1,5” is text, not a number; enter a number from 0 with at most 2 decimal "
            "places (tạ)."
        ),
    ),
    (
        -5,
        MONEY,
        "Số hộ: không được ghi số âm; phải ghi số nguyên từ 0 trở lên (đồng).",
        "Số hộ: a negative number is not valid; enter a whole number from 0 (VND).",
    ),
    (
        1.5,
        HOUSEHOLDS,
        "Số hộ tính theo hộ: phải ghi số nguyên.",
        "Số hộ is counted in hộ: enter a whole number.",
    ),
    (
        1.234,
        Limits("tạ", 2),
        "Số hộ tính theo tạ: chỉ ghi tối đa 2 chữ số thập phân.",
        "Số hộ is measured in tạ: enter at most 2 decimal places.",
    ),
    (
        10**15 + 1,
        MONEY,
        "Số hộ: không được quá 1.000.000.000.000.000 đồng.",
        "Số hộ: enter at most 1,000,000,000,000,000 VND.",
    ),
]


def message_of(error: FieldError, language: Language) -> str:
    """The message of a finding about `Số hộ`."""
    return error.message.fill(language, {**error.facts, "subject": "Số hộ"})


@pytest.mark.parametrize(("typed", "limits", "vi", "en"), MESSAGES)
def test_the_message_says_what_was_expected(
    typed: float | str, limits: Limits, vi: str, en: str
) -> None:
    error = find_error("", typed, limits)
    assert error is not None
    languages: tuple[Language, Language] = ("vi", "en")
    assert [message_of(error, language) for language in languages] == [vi, en]


@given(st.text(max_size=100))
def test_text_is_quoted_as_it_was_typed(typed: str) -> None:
    error = find_error("", typed, HOUSEHOLDS)
    assert error is not None
    assert f"“{typed}”" in message_of(error, "vi")
