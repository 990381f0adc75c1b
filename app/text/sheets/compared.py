"""What is compared with a sum, as the text of one cell."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.text.bilingual import Bilingual
from app.text.writing import Language, figure

Compared = Mapping[str, Any]
"""A figure or an amount that stands beside a sum, as the API has it."""

WITH_DIFFERENCE = Bilingual(
    "{agency}: {value} (chênh lệch {difference})", "{agency}: {value} (difference {difference})"
)
WITHOUT_SUM = Bilingual("{agency}: {value}", "{agency}: {value}")


def for_machines(items: Sequence[Compared]) -> str:
    """The codes, the value and the difference, such as `395-VP:12:-2`, separated by blanks.

    Over several plans, the code of the plan comes first.
    """
    return " ".join(
        ":".join("" if part is None else str(part) for part in (*_codes(item), *_numbers(item)))
        for item in items
    )


def for_people(items: Sequence[Compared], language: Language) -> str | None:
    """The agencies with their values and the differences; None if there are none."""
    return "; ".join(_words(item, language) for item in items) or None


def _words(item: Compared, language: Language) -> str:
    value, difference = _numbers(item)
    agency = ", ".join(filter(None, (item["agency_name"], item.get("plan"))))
    facts = {"agency": agency, "value": figure(value, language)}
    if difference is None:
        return WITHOUT_SUM.fill(language, facts)
    return WITH_DIFFERENCE.fill(language, facts | {"difference": figure(difference, language)})


def _codes(item: Compared) -> Sequence[str]:
    return [item[name] for name in ("plan", "agency") if name in item]


def _numbers(item: Compared) -> tuple[Any, Any]:
    """The value and the difference of a figure, or of an amount in VND."""
    if "disbursed_vnd" in item:
        return item["disbursed_vnd"], item["difference_vnd"]
    return item["value"], item["difference"]
