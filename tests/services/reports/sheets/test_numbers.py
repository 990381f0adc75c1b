"""Numbers that are written as text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reports.sheets.numbers import UnreadableError, parse


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("1234567", 0, "1234567"),
        ("1.234.567", 0, "1234567"),
        ("1,234,567", 0, "1234567"),
        ("1 234 567", 0, "1234567"),
        ("1\u00a0234", 0, "1234"),
        ("1.234", 0, "1234"),
        (" 12 ", 2, "12"),
        ("12,5", 2, "12.5"),
        ("12.5", 2, "12.5"),
        ("0,25", 2, "0.25"),
        ("1.234,5", 2, "1234.5"),
        ("1,234.5", 2, "1234.5"),
        ("1.234.567,25", 2, "1234567.25"),
        ("1.234.567", 2, "1234567"),
        ("-3", 0, "-3"),
    ],
)
def test_a_text_with_one_meaning_is_a_number(text: str, decimals: int, number: str) -> None:
    assert parse(text, decimals) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "decimals", "code"),
    [
        ("1.234,5", 0, "not_whole"),
        ("12,5", 0, "not_whole"),
        ("1.234", 2, "ambiguous_number"),
        ("1,234", 2, "ambiguous_number"),
        ("1,234", 0, "ambiguous_number"),
        ("1.23.456", 0, "not_a_number"),
        ("1.234,567.8", 2, "not_a_number"),
        ("5%", 2, "not_a_number"),
        ("mười", 0, "not_a_number"),
        ("12 hộ", 0, "not_a_number"),
        ("1e5", 0, "not_a_number"),
        ("٣", 0, "not_a_number"),
        ("", 0, "not_a_number"),
    ],
)
def test_any_other_text_is_refused(text: str, decimals: int, code: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        parse(text, decimals)
    assert refused.value.code == code


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_a_whole_number_is_read_however_it_is_grouped(number: int) -> None:
    for text in (f"{number}", f"{number:,}".replace(",", "."), f"{number:,}".replace(",", " ")):
        assert parse(text, 0) == number
