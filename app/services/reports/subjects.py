"""What a finding is about, as its message names it: the indicator or the money first. Pure."""

from collections.abc import Mapping
from typing import Any

from app.text import terms
from app.text.bilingual import Bilingual

FIGURE = Bilingual("“{name}” ({code})", "“{name}” ({code})")
NAMELESS_FIGURE = Bilingual("Chỉ tiêu {code}", "Indicator {code}")
ESTIMATE = Bilingual("Ước thực hiện {figure}", "Estimate of {figure}")
MONEY = {
    "estimate_year_end_vnd": Bilingual(
        "Ước giải ngân đến 31/12 của {project} ({money})",
        "Estimated disbursement of {project} up to 31 December ({money})",
    ),
    "estimate_settlement_vnd": Bilingual(
        "Ước giải ngân đến 31/01 năm sau của {project} ({money})",
        "Estimated disbursement of {project} up to 31 January ({money})",
    ),
}
DISBURSEMENT = Bilingual("Giải ngân của {project} ({money})", "Disbursement of {project} ({money})")


def name_figure(code: str, name: str | None) -> Bilingual:
    """An indicator with its name and its code, or with its code where it has no name."""
    text = FIGURE if name else NAMELESS_FIGURE
    return text.filled({"name": name, "code": code})


def name_subject(pointer: str, item: Mapping[str, Any], names: Mapping[str, str]) -> Bilingual:
    """The figure or the money of a body's item, at a pointer to the item or to a field of it.

    names: of the indicators, by code.
    """
    _, section, _, *field = pointer.split("/")
    if section == "entries":
        figure = name_figure(item["indicator"], names.get(item["indicator"]))
        return ESTIMATE.filled({"figure": figure}) if field == ["estimate"] else figure
    text = MONEY.get(field[0], DISBURSEMENT) if field else DISBURSEMENT
    return text.filled({"project": item["project"], "money": _name_money(item)})


def _name_money(item: Mapping[str, Any]) -> Bilingual:
    """The source, the origin and, if it is stated, the nature of an amount."""
    parts = [terms.BUDGET_SOURCE[item["source"]], terms.BUDGET_ORIGIN[item["origin"]]]
    if nature := item.get("nature"):
        parts.append(terms.BUDGET_NATURE[nature])
    return Bilingual(", ".join(part.vi for part in parts), ", ".join(part.en for part in parts))
