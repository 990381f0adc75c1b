"""Sections in which nothing happened ("không phát sinh"). Pure.

A section is a project. One answer for it fills its flow figures with 0. Stock and cumulative
figures keep their last value, and money its last amount; each names the period that it was taken
from (`carried_from`), and is to be confirmed. The answer is kept in `nil_sections` of the body.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.errors import FieldError
from app.services.reports.figures import number
from app.services.reports.money import Money, key_of
from app.text.bilingual import Bilingual
from app.text.periods import name_of_code
from app.vocabulary import IndicatorKind

Body = Mapping[str, Any]

UNKNOWN_SECTION = Bilingual(
    "Không có dự án {code}; kiểm tra lại mã.",
    "There is no project {code}; check the code.",
)
NOT_YOUR_SECTION = Bilingual(
    "Đơn vị không báo cáo về {code} trong kỳ này; phải bỏ dự án này.",
    "The agency does not report about {code} in this period; remove it.",
)
SECTION_TWICE = Bilingual(
    "Dự án {code} đã ghi; mỗi dự án chỉ ghi một lần.",
    "Project {code} is there already; give it once.",
)
FIGURE_IN_NIL = Bilingual(
    "{subject} ghi {value}, nhưng {project} đã trả lời “không phát sinh”; sửa số liệu, "
    "hoặc bỏ câu trả lời đó.",
    "{subject} is {value}, but the answer for {project} is “nothing to report”; "
    "correct the figure, or withdraw that answer.",
)
MONEY_IN_NIL = Bilingual(
    "{subject} tăng từ {before} lên {value} đồng, nhưng {project} đã trả lời “không "
    "phát sinh”; sửa số tiền, hoặc bỏ câu trả lời đó.",
    "{subject} grew from {before} to {value} VND, but the answer for {project} is "
    "“nothing to report”; correct the amount, or withdraw that answer.",
)
TO_CONFIRM = Bilingual(
    "{subject} giữ nguyên theo báo cáo {period}; kiểm tra và xác nhận.",
    "{subject} is that of the {period}; check and confirm it.",
)


@dataclass(frozen=True, slots=True)
class LastFigure:
    """An expected figure; `value` is the last one that still holds, that of `carried_from`."""

    project: str | None
    indicator: str
    kind: IndicatorKind
    value: Decimal | None
    carried_from: str | None


@dataclass(frozen=True, slots=True)
class LastAmount:
    """What was last reported as spent, by the fields of a disbursement."""

    project: str
    source: str
    origin: str
    nature: str | None
    amount_vnd: int
    carried_from: str


def filled(
    draft: Body,
    sections: Collection[str],
    figures: Sequence[LastFigure],
    amounts: Sequence[LastAmount],
    *,
    with_common: bool,
) -> dict[str, Any]:
    """The draft with the answer for these sections; what was typed stays.

    with_common: whether it also answers the common figures, which belong to no project.
    """
    entered = {entry["indicator"] for entry in draft["entries"]}
    spent = {key_of(item) for item in draft["disbursements"]}
    entries = (
        _entry(figure)
        for figure in figures
        if (figure.project in sections or (figure.project is None and with_common))
        and figure.indicator not in entered
    )
    disbursements = (_disbursement(amount) for amount in amounts if amount.project in sections)
    return {
        **draft,
        "entries": [*draft["entries"], *(entry for entry in entries if entry is not None)],
        "disbursements": [
            *draft["disbursements"],
            *(item for item in disbursements if key_of(item) not in spent),
        ],
        "nil_sections": list(dict.fromkeys((*draft.get("nil_sections", ()), *sections))),
    }


def _entry(figure: LastFigure) -> dict[str, Any] | None:
    """The entry that the answer gives; None for a figure that was never reported."""
    entry = {
        "project": figure.project,
        "indicator": figure.indicator,
        "estimate": None,
        "note": None,
    }
    if figure.kind is IndicatorKind.FLOW:
        return entry | {"value": 0}
    if figure.value is None:
        return None
    return entry | {"value": number(figure.value), "carried_from": figure.carried_from}


def _disbursement(amount: LastAmount) -> dict[str, Any]:
    item = {
        "project": amount.project,
        "source": amount.source,
        "origin": amount.origin,
        "amount_vnd": amount.amount_vnd,
        "carried_from": amount.carried_from,
    }
    return item if amount.nature is None else item | {"nature": amount.nature}


def check_sections(
    sections: Sequence[str], own: Collection[str], known: Collection[str], pointer: str
) -> Iterator[FieldError]:
    """Errors: sections that are unknown, not the agency's, or repeated.

    own: the projects that the agency reports about. known: all of the plan.
    """
    for position, code in enumerate(sections):
        about: Mapping[str, str | None] = {"project": code, "indicator": None}
        place, facts = f"{pointer}/{position}", {"code": code}
        if code not in known:
            yield FieldError(place, "unknown_project", UNKNOWN_SECTION, facts, about=about)
        elif code not in own:
            yield FieldError(place, "not_yours", NOT_YOUR_SECTION, facts, about=about)
        elif code in sections[:position]:
            yield FieldError(place, "given_twice", SECTION_TWICE, facts, about=about)


def contradictions(
    body: Body,
    kinds: Mapping[str, str],
    spent_before: Mapping[Money, int],
) -> Iterator[FieldError]:
    """Errors: something happened in a section whose answer is that nothing did.

    kinds: the kind of each expected figure. Invalid figures are null in the body.
    """
    sections = frozenset(body.get("nil_sections", ()))
    for position, entry in enumerate(body["entries"]):
        kind = kinds[entry["indicator"]]
        if entry["project"] in sections and kind == IndicatorKind.FLOW and entry["value"]:
            facts = {"project": entry["project"], "value": entry["value"]}
            pointer = f"/entries/{position}/value"
            yield FieldError(pointer, "nil_section_has_figures", FIGURE_IN_NIL, facts)
    for position, item in enumerate(body["disbursements"]):
        before, amount = spent_before.get(key_of(item), 0), item["amount_vnd"]
        if item["project"] in sections and amount is not None and amount > before:
            facts = {"project": item["project"], "before": before, "value": amount}
            pointer = f"/disbursements/{position}/amount_vnd"
            yield FieldError(pointer, "nil_section_has_figures", MONEY_IN_NIL, facts)


def to_confirm(body: Body) -> Iterator[FieldError]:
    """Warnings: figures and amounts that were taken from an earlier report."""
    for section, name in (("entries", "value"), ("disbursements", "amount_vnd")):
        for position, item in enumerate(body[section]):
            if (period := item.get("carried_from")) is not None:
                yield FieldError(
                    f"/{section}/{position}/{name}",
                    "carried_figure",
                    TO_CONFIRM,
                    {"period": name_of_code(period)},
                    level="warning",
                )
