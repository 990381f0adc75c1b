"""Figures as people type them: `1.234.567`, `1 234 567`, `1.234,5` and `1234.5`. Pure.

Vietnamese separates groups by a dot and decimals by a comma; phones and spreadsheets often do the
opposite. A text with one meaning is read; one with two is not guessed.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_BLANK = re.compile(r"\s+")
_PLAIN = re.compile(r"[+-]?\d+")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
_DECIMAL = re.compile(r"([+-]?\d+)[.,](\d+)")
_GROUPED_DECIMAL = re.compile(r"([+-]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})*)(?!\2)[.,](\d+)")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Unclear:
    """A text that has two meanings: `1.234` is 1234 or 1,234."""

    whole: Decimal
    fraction: Decimal


def read_figure(text: str, *, decimals: int) -> Decimal | Unclear | None:
    """The number that a person has typed into a field with so many decimals; None if it is none.

    In a field of whole numbers separators group digits. In a field with decimals, one separator
    before three digits is unclear.
    """
    compact = _BLANK.sub("", unicodedata.normalize("NFKC", text)).replace("\u2212", "-")
    if len(compact) > _LONGEST or not compact.isascii():
        return None
    if _PLAIN.fullmatch(compact):
        return Decimal(compact)
    if match := _GROUPED_DECIMAL.fullmatch(compact):
        return Decimal(f"{_digits(match[1])}.{match[3]}")
    if _GROUPED.fullmatch(compact):
        whole = Decimal(_digits(compact))
        is_clear = decimals == 0 or len(re.findall(r"[.,]", compact)) > 1
        return whole if is_clear else Unclear(whole, Decimal(compact.replace(",", ".")))
    if match := _DECIMAL.fullmatch(compact):
        return Decimal(f"{match[1]}.{match[2]}")
    return None


def _digits(grouped: str) -> str:
    return re.sub(r"[.,]", "", grouped)
