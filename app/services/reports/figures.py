"""Figures and amounts as they were typed: which of them are valid numbers. Pure.

A draft keeps text in place of a number, and numbers that no report may contain; each gets an error.
Text is never read as a number: "1.234" is a thousand in Vietnamese writing, and about one in JSON.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.errors import FieldError
from app.text.bilingual import Bilingual
from app.vocabulary import LARGEST_FIGURE, LARGEST_VND

FIELDS = {
    "entries": ("value", "estimate"),
    "disbursements": ("amount_vnd", "estimate_year_end_vnd", "estimate_settlement_vnd"),
}
"""The sections of a body that have numbers, with the names of these."""

WHOLE = Bilingual("số nguyên từ 0 trở lên", "a whole number from 0")
WITH_DECIMALS = Bilingual(
    "số từ 0 trở lên, tối đa {decimals} chữ số thập phân",
    "a number from 0 with at most {decimals:decimal place|decimal places}",
)
NOT_A_NUMBER = Bilingual(
    "{subject}: “{typed}” đang là chữ, chưa phải số; phải ghi {number} ({unit}).",
    "{subject}: “{typed}” is text, not a number; enter {number} ({unit}).",
)
NEGATIVE = Bilingual(
    "{subject}: không được ghi số âm; phải ghi {number} ({unit}).",
    "{subject}: a negative number is not valid; enter {number} ({unit}).",
)
NOT_WHOLE = Bilingual(
    "{subject} tính theo {unit}: phải ghi số nguyên.",
    "{subject} is counted in {unit}: enter a whole number.",
)
TOO_PRECISE = Bilingual(
    "{subject} tính theo {unit}: chỉ ghi tối đa {decimals} chữ số thập phân.",
    "{subject} is measured in {unit}: enter at most {decimals:decimal place|decimal places}.",
)
OVER_MAXIMUM = Bilingual(
    "{subject}: không được quá {maximum} {unit}.", "{subject}: enter at most {maximum} {unit}."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number has to meet besides not being negative; `maximum` is the largest one."""

    unit: str | Bilingual
    decimals: int = 0
    maximum: Decimal = LARGEST_FIGURE

    @property
    def number(self) -> Bilingual:
        """What kind of number is expected."""
        return WITH_DECIMALS.filled({"decimals": self.decimals}) if self.decimals else WHOLE


MONEY = Limits(Bilingual("đồng", "VND"), maximum=Decimal(LARGEST_VND))


def find_errors(body: Mapping[str, Any], limits: Mapping[str, Limits]) -> list[FieldError]:
    """The errors of all figures and amounts of a body; limits of figures by indicator."""
    errors = (
        find_error(
            f"/{section}/{position}/{name}",
            item[name],
            limits[item["indicator"]] if section == "entries" else MONEY,
        )
        for section, names in FIELDS.items()
        for position, item in enumerate(body[section])
        for name in names
        if item.get(name) is not None
    )
    return [error for error in errors if error is not None]


def without(body: Mapping[str, Any], errors: Collection[FieldError]) -> dict[str, Any]:
    """The sections with numbers, with null in place of those that have errors."""
    pointers = {error.pointer for error in errors}
    return {
        section: [
            item | {name: None for name in names if f"/{section}/{position}/{name}" in pointers}
            for position, item in enumerate(body[section])
        ]
        for section, names in FIELDS.items()
    }


def find_error(pointer: str, typed: float | str, limits: Limits) -> FieldError | None:
    """The first reason why a report cannot contain what was typed; None for a valid number.

    Its message lacks the fact `subject`: what the number is about.
    """
    facts = {
        "number": limits.number,
        "unit": limits.unit,
        "maximum": limits.maximum,
        "decimals": limits.decimals,
    }
    if isinstance(typed, str):
        return FieldError(pointer, "not_a_number", NOT_A_NUMBER, facts | {"typed": typed})
    number = decimal(typed)
    if number < 0:
        return FieldError(pointer, "negative", NEGATIVE, facts)
    if number > limits.maximum:
        return FieldError(pointer, "over_maximum", OVER_MAXIMUM, facts)
    if number != round(number, limits.decimals):
        message = TOO_PRECISE if limits.decimals else NOT_WHOLE
        return FieldError(pointer, "too_precise", message, facts)
    return None


def decimal(number: float) -> Decimal:
    """A JSON number, exactly as it is written."""
    return Decimal(str(number))


def number(exact: Decimal | None) -> int | float | None:
    """A figure as a JSON number; whole ones as int, so that none ends in `.0`."""
    if exact is None:
        return None
    return int(exact) if exact == exact.to_integral_value() else float(exact)
