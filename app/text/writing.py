"""Numbers and dates in texts for people, in Vietnamese and in English."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from babel.dates import format_timedelta
from babel.numbers import format_decimal

from app.clock import LOCAL

Language = Literal["vi", "en"]

FEBRUARY = 2
GROUPED_FROM = 10_000
"""Numbers of four digits have no group separator: they may be years."""


def format_value(value: Any, language: Language) -> str:
    """A value as it stands in a text: numbers and dates in the format of the language."""
    match value:
        case bool() | datetime():
            return str(value)
        case date():
            return day(value) if language == "vi" else value.isoformat()
        case int() | float() | Decimal():
            return figure(value, language)
    return str(value)


def day(value: date) -> str:
    """A date as in official documents: 05/6/2024, 15/10/2024.

    Nghị định 30/2020/NĐ-CP pads days below 10 and the months 1 and 2 only. CLDR has no such
    pattern, hence no Babel here.
    """
    month = f"{value.month:02d}" if value.month <= FEBRUARY else str(value.month)
    return f"{value.day:02d}/{month}/{value.year}"


def instant(value: datetime) -> str:
    """An instant in local time: 09:05 ngày 05/6/2024."""
    local = value.astimezone(LOCAL)
    return f"{local:%H:%M} ngày {day(local.date())}"


def figure(value: float | Decimal, language: Language) -> str:
    """A number with all its decimals but no trailing zeros: 3.934.000.000 or 3,934,000,000."""
    exact = Decimal(str(value))
    return format_decimal(
        exact,
        locale=language,
        decimal_quantization=False,
        group_separator=abs(exact) >= GROUPED_FROM,
    )


def waiting_time(seconds: int) -> str:
    """A time to wait in Vietnamese, rounded to the largest unit: 15 phút."""
    return format_timedelta(timedelta(seconds=max(seconds, 1)), locale="vi", threshold=1)
