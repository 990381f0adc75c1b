"""The progress of targets, from the figures of their indicators. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.services.aggregates.derived import rate
from app.services.reference import formulas
from app.services.reference.formulas import Formula
from app.vocabulary import TargetGap, TargetMeasure

Holder = str | None
"""The code of an agency, or None for the whole subtree."""
Definition = Mapping[str, Any]
"""A target as the statement `LIST_TARGETS` returns it."""

SHARE_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure of an indicator: its value, and the agencies that gave it and that have to."""

    value: Decimal | None
    agencies: int
    expected: int


@dataclass(frozen=True, slots=True)
class TargetValue:
    """The value of a target for a holder, and the baseline of its indicator."""

    value: Decimal | None
    baseline: Decimal | None


Figures = Mapping[tuple[Holder, str], Figure]
Values = Mapping[tuple[Holder, str], TargetValue]

NO_VALUE = TargetValue(None, None)


def needed_codes(targets: Sequence[Definition], formula_texts: Mapping[str, str]) -> list[str]:
    """The codes of the indicators of the targets, and of those from which they are derived."""
    parsed = {code: formulas.parse(text) for code, text in formula_texts.items()}
    codes = {target["indicator"] for target in targets if target["indicator"] is not None}
    for code in list(codes):
        codes |= formulas.dependencies(code, parsed)
    return sorted(codes)


def progress_rows(
    targets: Sequence[Definition],
    formula_texts: Mapping[str, str],
    holders: Mapping[Holder, str | None],
    values: Values,
    figures: Figures,
) -> list[dict[str, Any]]:
    """A row for each target, or for each target and agency that has to do with it.

    holders: the names of the agencies, in the order of the rows; only None for the whole subtree.
    """
    parsed = {code: formulas.parse(text) for code, text in formula_texts.items()}
    rows = []
    for target in targets:
        for holder, name in holders.items():
            figure = _figure(holder, target["indicator"], parsed, figures)
            value = values.get((holder, target["code"]), NO_VALUE)
            if holder is None or figure.expected or figure.agencies or value != NO_VALUE:
                rows.append(_row(target, (holder, name), value, figure))
    return rows


def reached(
    measure: TargetMeasure,
    figure: Decimal | None,
    *,
    baseline: Decimal | None,
    maximum: Decimal | None,
) -> Decimal | None:
    """How far a target is; None if a number that it follows from is missing."""
    if figure is None or measure is TargetMeasure.VALUE:
        return figure
    if measure is TargetMeasure.DECREASE:
        return None if baseline is None else baseline - figure
    if not maximum:
        return None
    return (100 * figure / maximum).quantize(SHARE_STEP, ROUND_HALF_UP)


def _figure(
    holder: Holder, code: str | None, parsed: Mapping[str, Formula], figures: Figures
) -> Figure:
    """The figure of an indicator, derived where it has a formula.

    A derived one counts the agencies of its rarest term, and expects those of its widest.
    """
    if code is None:
        return Figure(None, 0, 0)
    if (formula := parsed.get(code)) is None:
        return figures.get((holder, code), Figure(None, 0, 0))
    terms = {term: _figure(holder, term, parsed, figures) for term in formula.codes()}
    values = {term: each.value for term, each in terms.items() if each.value is not None}
    return Figure(
        formula.evaluate(values),
        min(each.agencies for each in terms.values()),
        max(each.expected for each in terms.values()),
    )


def _row(
    target: Definition, holder: tuple[Holder, str | None], value: TargetValue, figure: Figure
) -> dict[str, Any]:
    measure = TargetMeasure(target["measure"])
    maximum = None if target["maximum"] is None else Decimal(target["maximum"])
    exact = figure.value
    if exact is not None:
        exact = exact.quantize(Decimal(1).scaleb(-target["decimals"]), ROUND_HALF_UP)
    progress = reached(measure, exact, baseline=value.baseline, maximum=maximum)
    return {
        "code": target["code"],
        "name": target["name"],
        "agency": holder[0],
        "agency_name": holder[1],
        "project": target["project"],
        "indicator": target["indicator"],
        "measure": measure.value,
        "unit": target["unit"],
        "target": _number(value.value),
        "baseline": _number(value.baseline),
        "figure": _number(exact),
        "value": _number(progress),
        "share": _share(progress, value.value),
        "agencies": figure.agencies,
        "expected": figure.expected,
        "gaps": [gap.value for gap in _gaps(target, measure, value, figure)],
    }


def _gaps(
    target: Definition, measure: TargetMeasure, value: TargetValue, figure: Figure
) -> Iterator[TargetGap]:
    """What the progress lacks, in the order in which it has to be supplied."""
    if value.value is None:
        yield TargetGap.TARGET
    if target["indicator"] is None:
        yield TargetGap.INDICATOR
        return
    if measure is TargetMeasure.DECREASE and value.baseline is None:
        yield TargetGap.BASELINE
    if measure is TargetMeasure.SHARE and not target["maximum"]:
        yield TargetGap.MAXIMUM
    if not target["reported"]:
        yield TargetGap.PERIOD
    elif figure.value is None:
        yield TargetGap.FIGURES
    elif figure.agencies < figure.expected:
        yield TargetGap.REPORTS


def _share(progress: Decimal | None, target: Decimal | None) -> float | None:
    """The part of the target that is reached, as a ratio with six places."""
    if progress is None or target is None:
        return None
    step = Decimal(10_000)
    return rate(int(progress * step), int(target * step))


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
