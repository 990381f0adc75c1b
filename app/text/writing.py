"""How days and figures are written in a text for people, in Vietnamese and in English."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Language = Literal["vi", "en"]

FEBRUARY = 2
"""Official documents write the months 01 and 02 with a nought (Nghị định 30/2020/NĐ-CP)."""

SEPARATED_FROM = 10_000
"""Four digits stay together: they may be a year."""

_VIETNAMESE_MARKS = str.maketrans({",": ".", ".": ","})


def written(value: Any, language: Language) -> str:
    """A fact as it stands in a text: days and figures by the custom of the language."""
    match value:
        case bool() | datetime():
            return str(value)
        case date():
            return day(value) if language == "vi" else value.isoformat()
        case int() | float() | Decimal():
            return figure(value, language)
    return str(value)


def day(value: date) -> str:
    """A day as official documents write it: 05/6/2024, 15/10/2024."""
    month = f"{value.month:02d}" if value.month <= FEBRUARY else str(value.month)
    return f"{value.day:02d}/{month}/{value.year}"


def figure(value: float | Decimal, language: Language) -> str:
    """A figure without an exponent or idle zeros: 3.934.000.000 and 12,5, or 3,934,000,000."""
    exact = Decimal(str(value)).normalize()
    text = f"{exact:,f}" if abs(exact) >= SEPARATED_FROM else f"{exact:f}"
    return text.translate(_VIETNAMESE_MARKS) if language == "vi" else text
