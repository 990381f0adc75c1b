"""The coverage of an aggregate, with who is only compared apart; totals beside a total."""

from typing import Any

from app.services.aggregates.coverage import compared_totals, coverage_of


def facts(missing: list[str], only_compared: list[str] | None, **more: Any) -> dict[str, Any]:
    agencies = [{"agency": code, "agency_name": code.upper()} for code in missing]
    coverage = {"expected": 9, "missing": missing, "missing_agencies": agencies, **more}
    return {"coverage": coverage, "only_compared": only_compared}


def test_without_compared_agencies_nothing_changes() -> None:
    for found in (facts(["a", "b"], None), {"coverage": facts(["a", "b"], None)["coverage"]}):
        assert coverage_of(found) == found["coverage"] | {"missing_compared": []}


def test_compared_agencies_are_apart() -> None:
    coverage = coverage_of(facts(["a", "b", "c"], ["b"], missing_count=3))
    assert (coverage["missing"], coverage["missing_compared"]) == (["a", "c"], ["b"])
    assert [each["agency_name"] for each in coverage["missing_agencies"]] == ["A", "C"]
    assert (coverage["expected"], coverage["missing_count"]) == (9, 2)


def test_an_agency_is_apart_for_each_plan_in_which_it_is_compared() -> None:
    coverage = coverage_of(facts(["a", "a", "b"], ["a"], missing_count=3))
    assert (coverage["missing"], coverage["missing_count"]) == (["a", "b"], 2)


def test_totals_are_of_each_agency() -> None:
    def amount(agency: str, vnd: int) -> dict[str, Any]:
        return {"agency": agency, "agency_name": agency, "disbursed_vnd": vnd, "difference_vnd": 0}

    rows: list[dict[str, Any]] = [
        {"compared": [amount("b", 5), amount("a", 1)]},
        {"compared": []},
        {"compared": [amount("b", 7)]},
    ]
    assert [
        (each["agency"], each["disbursed_vnd"], each["difference_vnd"])
        for each in compared_totals(rows, 10)
    ] == [("a", 1, -9), ("b", 12, 2)]
