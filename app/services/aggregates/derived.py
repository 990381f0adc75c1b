"""Derived indicators and ratios of an aggregate: computed from its sums. Pure."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.services.reference import formulas

Row = Mapping[str, Any]
"""An indicator's sum; `value` and `estimate` are decimal texts, None without any figure."""


def rate(part: int, whole: int) -> float | None:
    """The ratio of two sums, rounded to six places; None where the whole is 0."""
    if whole == 0:
        return None
    return float((Decimal(part) / whole).quantize(Decimal("0.000001"), ROUND_HALF_UP))


def with_derived(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as they are answered, derived indicators computed from the sums of the others.

    A derived indicator counts the agencies of its rarest term.
    """
    rows = list(rows)
    values = {row["indicator"]: Decimal(row["value"]) for row in rows if row["value"] is not None}
    agencies = {row["indicator"]: row["agencies"] for row in rows}
    _derive(rows, values, agencies)
    return [_answer_row(row, values, agencies) for row in rows]


def _derive(rows: list[Row], values: dict[str, Decimal], agencies: dict[str, int]) -> None:
    """Add derived values, terms first: one derived indicator may be a term of another."""
    pending = {row["indicator"]: formulas.parse(row["formula"]) for row in rows if row["formula"]}
    while pending:
        ready = [code for code, formula in pending.items() if not formula.codes() & pending.keys()]
        if not ready:
            return
        for code in ready:
            formula = pending.pop(code)
            agencies[code] = min((agencies.get(term, 0) for term in formula.codes()), default=0)
            if (value := formula.evaluate(values)) is not None:
                values[code] = value


def _answer_row(
    row: Row, values: Mapping[str, Decimal], agencies: Mapping[str, int]
) -> dict[str, Any]:
    code = row["indicator"]
    step = Decimal(1).scaleb(-row["decimals"])
    value = values.get(code)
    return {
        "project": row["project"],
        "indicator": code,
        "name": row["name"],
        "unit": row["unit"],
        "kind": row["kind"],
        "value": None if value is None else _number(value.quantize(step, ROUND_HALF_UP)),
        "estimate": None if row["estimate"] is None else _number(Decimal(row["estimate"])),
        "agencies": agencies[code],
        "actual_to_earliest": row["actual_to_earliest"],
        "actual_to_latest": row["actual_to_latest"],
        "compared": [_answer_compared(figure) for figure in row["compared"]],
    }


def _answer_compared(figure: Row) -> dict[str, Any]:
    """A figure that is compared with the sum, with its numbers as they are answered."""
    difference = figure["difference"]
    return {
        **figure,
        "value": _number(Decimal(figure["value"])),
        "difference": None if difference is None else _number(Decimal(difference)),
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
