"""Numbers and dates in texts, and placeholders."""

from datetime import date
from decimal import Decimal

import pytest

from app.text.bilingual import Bilingual
from app.text.writing import day, figure, format_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [("2024-06-05", "05/6/2024"), ("2024-02-29", "29/02/2024"), ("2024-10-15", "15/10/2024")],
)
def test_dates_are_formatted_as_in_official_documents(value: str, shown: str) -> None:
    assert day(date.fromisoformat(value)) == shown
    assert format_value(date.fromisoformat(value), "vi") == shown
    assert format_value(date.fromisoformat(value), "en") == value


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("0.00", "0", "0"),
        ("10", "10", "10"),
        ("100.50", "100,5", "100.5"),
        ("2024", "2024", "2024"),
        ("12345", "12.345", "12,345"),
        ("3934000000", "3.934.000.000", "3,934,000,000"),
        ("9999999999999.99", "9.999.999.999.999,99", "9,999,999,999,999.99"),
        ("1E+6", "1.000.000", "1,000,000"),
    ],
)
def test_numbers_are_formatted_for_the_language(value: str, vi: str, en: str) -> None:
    assert (figure(Decimal(value), "vi"), figure(Decimal(value), "en")) == (vi, en)


def test_english_has_singular_and_plural() -> None:
    text = Bilingual("{count} chỗ", "{count:field is|fields are} invalid")
    assert text.fill("en", {"count": 1}) == "1 field is invalid"
    assert text.fill("en", {"count": 12_000}) == "12,000 fields are invalid"
    assert text.fill("vi", {"count": 12_000}) == "12.000 chỗ"


def test_braces_in_a_fact_are_not_placeholders() -> None:
    name = Bilingual("dự án {code}", "project {code}").filled({"code": "{0}"})
    assert name == ("dự án {0}", "project {0}")
    assert Bilingual("Không có {what}.", "No {what}.").fill("en", {"what": name}) == (
        "No project {0}."
    )


def test_an_id_is_not_formatted_as_a_number() -> None:
    assert Bilingual("dòng {id!s}", "line {id!s}").fill("vi", {"id": 123_456}) == "dòng 123456"
