"""The coverage of an aggregate, and the totals of what stands beside it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def coverage_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The coverage as it is answered, from what a statement found.

    Agencies whose figures would only be compared with the sums are not missing in them: they are
    `missing_compared`. An agency that reports to several plans counts for each.
    """
    coverage: dict[str, Any] = dict(facts["coverage"])
    compared: list[str] = facts.get("only_compared") or []
    left = Counter(compared)
    missing = []
    for agency in coverage["missing_agencies"]:
        if left[agency["agency"]]:
            left[agency["agency"]] -= 1
        else:
            missing.append(agency)
    if "missing_count" in coverage:
        coverage["missing_count"] -= len(compared)
    return coverage | {
        "missing": [agency["agency"] for agency in missing],
        "missing_agencies": missing,
        "missing_compared": compared,
    }


def compared_totals(rows: Sequence[Row], disbursed: int) -> list[dict[str, Any]]:
    """The total of each agency that reports only money, against the sum of the others in VND.

    rows: those of budget execution, each with what is compared with it.
    """
    totals: dict[str, dict[str, Any]] = {}
    for row in rows:
        for amount in row["compared"]:
            names = {name: amount[name] for name in ("agency", "agency_name")}
            total = totals.setdefault(amount["agency"], names | {"disbursed_vnd": 0})
            total["disbursed_vnd"] += amount["disbursed_vnd"]
    return [
        total | {"difference_vnd": total["disbursed_vnd"] - disbursed}
        for _, total in sorted(totals.items())
    ]
