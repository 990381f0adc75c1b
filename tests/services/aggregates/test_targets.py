"""The progress of targets: from figures, by measure, with what is missing."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.aggregates.targets import (
    Figure,
    Figures,
    TargetValue,
    Values,
    needed_codes,
    progress_rows,
    reached,
)
from app.vocabulary import TargetMeasure

FORMULAS = {"KQ.06": "KQ.02 - KQ.03", "KQ.07": "100 * KQ.06 / KQ.01", "KQ.08": "KQ.08.1 + KQ.08.2"}
RATE: dict[str, Any] = {
    "code": "rate",
    "name": "Giảm tỷ lệ hộ nghèo",
    "unit": "điểm phần trăm",
    "measure": "decrease",
    "project": None,
    "indicator": "KQ.07",
    "decimals": 2,
    "maximum": None,
    "reported": True,
}
STATIONS = RATE | {
    "code": "stations",
    "measure": "share",
    "indicator": "DA61.01",
    "decimals": 0,
    "maximum": "30.00",
}
HOUSEHOLDS = RATE | {"code": "households", "measure": "value", "indicator": "KQ.08", "decimals": 0}


def figure(value: int | str | None, agencies: int = 1, expected: int = 1) -> Figure:
    return Figure(None if value is None else Decimal(value), agencies, expected)


def row_of(
    target: dict[str, Any],
    figures: dict[str, Figure],
    value: str | None = None,
    baseline: str | None = None,
) -> dict[str, Any]:
    """The only row of a target for the whole subtree."""
    number = TargetValue(
        None if value is None else Decimal(value), None if baseline is None else Decimal(baseline)
    )
    keyed: Figures = {(None, code): each for code, each in figures.items()}
    values: Values = {(None, target["code"]): number}
    (row,) = progress_rows([target], FORMULAS, {None: None}, values, keyed)
    return row


def test_the_terms_of_derived_indicators_are_needed() -> None:
    assert needed_codes([RATE, STATIONS | {"indicator": None}], FORMULAS) == [
        "KQ.01",
        "KQ.02",
        "KQ.03",
        "KQ.06",
        "KQ.07",
    ]


POOR = {"KQ.01": figure(1000), "KQ.02": figure(20), "KQ.03": figure(4)}


@pytest.mark.parametrize(
    ("target", "figures", "value", "baseline", "expected"),
    [
        (RATE, POOR, "0.31", "2.00", (1.6, 0.4, 1.290323, [])),
        (RATE, POOR, "0.31", None, (1.6, None, None, ["baseline"])),
        (RATE, POOR, None, "2", (1.6, 0.4, None, ["target"])),
        (RATE, POOR | {"KQ.03": figure(0)}, "0.31", "1.9", (2, -0.1, -0.322581, [])),
        (RATE, {}, "0.31", "2", (None, None, None, ["figures"])),
        (RATE, POOR | {"KQ.01": figure(0)}, "0.31", "2", (None, None, None, ["figures"])),
        (
            HOUSEHOLDS,
            {"KQ.08.1": figure(9, 2, 30), "KQ.08.2": figure(3, 1, 30)},
            "180",
            None,
            (12, 12, 0.066667, ["reports"]),
        ),
        (HOUSEHOLDS, {"KQ.08.1": figure(9)}, "180", None, (None, None, None, ["figures"])),
        (HOUSEHOLDS | {"reported": False}, {}, "180", None, (None, None, None, ["period"])),
        (HOUSEHOLDS | {"indicator": None}, {}, "9", None, (None, None, None, ["indicator"])),
        (STATIONS, {"DA61.01": figure(29)}, "100", None, (29, 96.67, 0.9667, [])),
        (
            STATIONS | {"maximum": None},
            {"DA61.01": figure(29)},
            "100",
            None,
            (29, None, None, ["maximum"]),
        ),
        (
            HOUSEHOLDS,
            {"KQ.08.1": figure(0), "KQ.08.2": figure(0)},
            "0",
            None,
            (0, 0, None, []),
        ),
    ],
)
def test_progress(
    target: dict[str, Any],
    figures: dict[str, Figure],
    value: str | None,
    baseline: str | None,
    expected: tuple[float | None, float | None, float | None, list[str]],
) -> None:
    row = row_of(target, figures, value, baseline)
    assert (row["figure"], row["value"], row["share"], row["gaps"]) == expected


def test_a_derived_figure_counts_its_rarest_and_expects_its_widest_term() -> None:
    row = row_of(HOUSEHOLDS, {"KQ.08.1": figure(9, 5, 30), "KQ.08.2": figure(3, 4, 29)}, "180")
    assert (row["agencies"], row["expected"]) == (4, 30)


def test_only_agencies_that_have_to_do_with_a_target_have_a_row() -> None:
    rows = progress_rows(
        [HOUSEHOLDS],
        FORMULAS,
        {"15493": "Xã Xuân Hồng", "15502": "Xã Bắc Lương", "395-TTYT": "Trung tâm Y tế"},
        {("15502", "households"): TargetValue(Decimal(6), None)},
        {("15493", "KQ.08.1"): figure(2), ("15493", "KQ.08.2"): figure(1)},
    )
    assert [(row["agency"], row["value"], row["target"]) for row in rows] == [
        ("15493", 3, None),
        ("15502", None, 6),
    ]


money = st.decimals(0, 10**6, places=2)


@given(figure=money, baseline=money, maximum=money)
def test_nothing_is_reached_from_a_number_that_is_missing(
    figure: Decimal, baseline: Decimal, maximum: Decimal
) -> None:
    for measure in TargetMeasure:
        assert reached(measure, None, baseline=baseline, maximum=maximum) is None
    assert reached(TargetMeasure.DECREASE, figure, baseline=None, maximum=maximum) is None
    assert reached(TargetMeasure.SHARE, figure, baseline=baseline, maximum=None) is None
    decrease = reached(TargetMeasure.DECREASE, figure, baseline=baseline, maximum=None)
    assert decrease is not None
    assert decrease + figure == baseline
