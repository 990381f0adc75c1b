"""The rules between indicators: each error points to the field that causes it."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from app.services.reference.catalogue import CatalogueEntry, validate
from app.vocabulary import Frequency, IndicatorKind
from tests.conftest import PLAN_FOLDER, PROGRAMME_FOLDER

FLOW, RATIO = IndicatorKind.FLOW, IndicatorKind.RATIO
YEAR = frozenset({Frequency.YEAR})
OFTEN = frozenset(Frequency)


def filled(code: str, unit: str = "hộ", frequencies: frozenset[Frequency] = YEAR) -> CatalogueEntry:
    return CatalogueEntry(code, unit, FLOW, frequencies, ("communes",), None)


def derived(code: str, formula: str, kind: IndicatorKind = FLOW) -> CatalogueEntry:
    return CatalogueEntry(code, "hộ", kind, YEAR, (), formula)


BASE = [filled("A"), filled("B"), filled("A.1"), derived("S", "A - B")]

INVALID = [
    (replace(filled("X"), filled_by=()), [("/filled_by", "filled_by_or_formula")]),
    (replace(filled("X"), formula="A"), [("/filled_by", "filled_by_or_formula")]),
    (derived("X", "A plus B"), [("/formula", "bad_formula")]),
    (derived("X", "100 * A / B"), [("/kind", "kind_of_ratio")]),
    (derived("X", "A + B", RATIO), [("/kind", "kind_of_ratio")]),
    (replace(filled("X"), kind=RATIO), [("/kind", "kind_of_ratio")]),
    (derived("X", "A + Z"), [("/formula", "unknown_indicator")]),
    (replace(derived("X", "A + B"), frequencies=OFTEN), [("/formula", "term_not_reported")] * 2),
    (derived("X", "X + A"), [("/formula", "circle")]),
    (derived("A", "S + B"), [("/formula", "circle")]),
    (filled("A.2", unit="người"), [("/unit", "other_unit")]),
    (replace(filled("A"), unit="người"), [("/unit", "other_unit")]),
    (
        replace(filled("A"), frequencies=frozenset({Frequency.QUARTER})),
        [("/frequencies", "term_not_reported")],
    ),
    (derived("A", "100 * B / A.1", RATIO), [("/kind", "ratio_term")]),
]


@pytest.mark.parametrize(("entry", "expected"), INVALID)
def test_an_error_points_to_its_field(
    entry: CatalogueEntry, expected: list[tuple[str, str]]
) -> None:
    catalogue = {known.code: known for known in [*BASE, entry]}
    errors = validate(entry.code, catalogue)
    assert [(error.pointer, error.code) for error in errors] == expected
    assert all(error.message.fill("vi", error.facts) for error in errors)


@pytest.mark.parametrize(
    "entry",
    [
        filled("X"),
        filled("A.2"),
        derived("X", "A - B"),
        derived("X", "S + A"),
        derived("X", "100 * S / (A + B)", RATIO),
        replace(filled("A"), frequencies=OFTEN),
    ],
)
def test_a_valid_entry_has_no_errors(entry: CatalogueEntry) -> None:
    assert validate(entry.code, {known.code: known for known in [*BASE, entry]}) == []


def test_the_catalogue_of_the_plan_is_valid() -> None:
    adopted = {row["code"]: row for row in _rows(PLAN_FOLDER)}
    entries = [
        CatalogueEntry(
            code=row["code"],
            unit=row["unit"],
            kind=IndicatorKind(row["kind"]),
            frequencies=frozenset(map(Frequency, adopted[row["code"]]["frequencies"].split(";"))),
            filled_by=tuple(filter(None, adopted[row["code"]]["filled_by"].split(";"))),
            formula=row["formula"] or None,
        )
        for row in _rows(PROGRAMME_FOLDER)
    ]
    catalogue = {entry.code: entry for entry in entries}
    assert len(catalogue) == 103
    assert [error for code in catalogue for error in validate(code, catalogue)] == []


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "indicators.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
