"""Figures as people type them: each text with one meaning is read, no text is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.typed_figures import Unclear, read_figure
from app.text.writing import figure

UNCLEAR = Unclear(Decimal(1234), Decimal("1.234"))


@pytest.mark.parametrize(
    ("text", "whole", "with_decimals"),
    [
        ("0", "0", "0"),
        ("12", "12", "12"),
        (" 1 234 567 ", "1234567", "1234567"),
        ("1\u00a0234", "1234", "1234"),
        ("１２", "12", "12"),
        ("1.234.567", "1234567", "1234567"),
        ("1,234,567", "1234567", "1234567"),
        ("1.234", "1234", UNCLEAR),
        ("1,234", "1234", UNCLEAR),
        ("0,123", "0.123", "0.123"),
        ("1.234,5", "1234.5", "1234.5"),
        ("1,234.5", "1234.5", "1234.5"),
        ("1234,5", "1234.5", "1234.5"),
        ("1234.5", "1234.5", "1234.5"),
        ("1234.567", "1234.567", "1234.567"),
        ("12,50", "12.50", "12.50"),
        ("-3", "-3", "-3"),
        ("\u22123", "-3", "-3"),
        ("1.234.56", None, None),
        ("1.234,567.8", None, None),
        ("1.2.3", None, None),
        ("12 hộ", None, None),
        ("", None, None),
        ("NaN", None, None),
        ("1e5", None, None),
        ("٣", None, None),
        ("9" * 41, None, None),
    ],
)
def test_a_text_is_read_as_what_it_can_only_mean(
    text: str, whole: str | None, with_decimals: str | Unclear | None
) -> None:
    assert read_figure(text, decimals=0) == (whole and Decimal(whole))
    expected = Decimal(with_decimals) if isinstance(with_decimals, str) else with_decimals
    assert read_figure(text, decimals=2) == expected


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_what_the_service_writes_it_reads_again(value: Decimal) -> None:
    for language in ("vi", "en"):
        read = read_figure(figure(value, language), decimals=2)
        readings = {read.whole, read.fraction} if isinstance(read, Unclear) else {read}
        assert value in readings
