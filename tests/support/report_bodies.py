"""Report bodies as an agency would write them, made from what its report says is expected."""

from collections.abc import Iterable, Mapping
from typing import Any

Figures = Mapping[str, int | float]


def complete_body(
    report: Mapping[str, Any],
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A body that lacks nothing: every required figure 0, and the figures named as they are.

    `report` is the answer of `GET /reports/{period}/{agency}`.
    """
    wanted = dict(figures or {})
    entries = [
        entry(line["project"], line["indicator"], wanted.pop(line["indicator"], 0))
        for line in report["expected"]
        if line["required"] or line["indicator"] in wanted
    ]
    assert not wanted, f"not expected of this agency: {wanted}"
    return {
        "entries": entries,
        "disbursements": [dict(item) for item in disbursements],
        "narrative": {"results": "Đã làm.", "difficulties": None, "proposals": None},
    }


def entry(project: str | None, indicator: str, value: float | str, **more: Any) -> dict[str, Any]:
    """One figure of a body."""
    whole = {"project": project, "indicator": indicator, "value": value}
    return whole | {"estimate": None, "note": None} | more


def money(
    project: str, amount_vnd: float | str, origin: str = "current_year", source: str = "central"
) -> dict[str, Any]:
    """One amount of a body."""
    return {"project": project, "source": source, "origin": origin, "amount_vnd": amount_vnd}
