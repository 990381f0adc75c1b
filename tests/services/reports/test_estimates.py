"""The days of figures, and estimates beyond them."""

from datetime import date
from typing import Any

import pytest

from app.services.reports.estimates import below_actual, out_of_place
from tests.support.report_bodies import entry, money

WINDOW = (date(2023, 12, 15), date(2024, 12, 14))


def body(*entries: dict[str, Any], spent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"entries": list(entries), "disbursements": [spent] if spent else []}


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (None, []),
        ("2023-12-15", []),
        ("2024-12-05", []),
        ("2024-12-14", []),
        ("2023-12-14", ["outside_window"]),
        ("2024-12-15", ["outside_window"]),
    ],
)
def test_a_figure_is_true_to_a_day_of_the_window(day: str | None, codes: list[str]) -> None:
    findings = list(
        out_of_place(body(entry(None, "KQ.01", 5, actual_to=day)), WINDOW, is_annual=True)
    )
    assert [finding.code for finding in findings] == codes
    assert {finding.pointer for finding in findings} <= {"/entries/0/actual_to"}


@pytest.mark.parametrize("name", ["estimate_year_end_vnd", "estimate_settlement_vnd"])
def test_only_the_annual_report_estimates_money(name: str) -> None:
    spent = body(spent=money("DA2", 5) | {name: 9})
    assert list(out_of_place(spent, WINDOW, is_annual=True)) == []
    (finding,) = out_of_place(spent, WINDOW, is_annual=False)
    assert (finding.code, finding.level) == ("only_in_annual_report", "error")
    assert finding.pointer == f"/disbursements/0/{name}"


@pytest.mark.parametrize(
    ("year_end", "settlement", "names"),
    [
        (None, None, []),
        (5, 5, []),
        (6, 7, []),
        (4, None, ["estimate_year_end_vnd"]),
        (None, 4, ["estimate_settlement_vnd"]),
        (7, 6, ["estimate_settlement_vnd"]),
        (4, 4, ["estimate_year_end_vnd"]),
    ],
)
def test_cumulative_money_does_not_fall(
    year_end: int | None, settlement: int | None, names: list[str]
) -> None:
    spent = money("DA2", 5) | {
        "estimate_year_end_vnd": year_end,
        "estimate_settlement_vnd": settlement,
    }
    findings = list(below_actual(body(spent=spent)))
    assert [finding.pointer.rpartition("/")[2] for finding in findings] == names
    assert {finding.level for finding in findings} <= {"warning"}
