"""The sections and lines of the form: each figure with what stands beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.services.reports.form import Form, FormFigure
from app.text import terms
from app.text.typed_figures import Unclear, read_figure
from app.text.writing import figure
from app.vocabulary import IndicatorKind
from app.web.report_form.fields import CARRIED, CONFIRM, ESTIMATES, MoneyKey, figure_field, key_in

COMMON = "Chỉ tiêu chung của đơn vị"
UNCLEAR = "“{typed}” có hai cách hiểu: ghi {whole} nếu là số nguyên, ghi {fraction} nếu có phần lẻ."
MILLION = 1_000_000
YEAR_END, SETTLEMENT = ESTIMATES


@dataclass(frozen=True, slots=True)
class Note:
    """A finding, or a reviewer's comment, at its field. level: `error`, `warning` or `comment`."""

    level: str
    text: str


@dataclass(slots=True)
class Line:
    """One field with its label and what stands beside it.

    value: what the draft has, as people write it. earlier: what was last reported. proposal: a
    value to take over, with the words for it. saved: another value that was saved meanwhile.
    extras: further fields of the line. confirm: the field that confirms a value of an earlier
    period, which an answer "không phát sinh" has kept.
    """

    name: str
    label: str
    unit: str
    value: str = ""
    decimals: int = 0
    required: bool = False
    hint: str | None = None
    earlier: str | None = None
    proposal: tuple[str, str] | None = None
    saved: str | None = None
    notes: list[Note] = field(default_factory=list)
    extras: list["Line"] = field(default_factory=list)
    kind: str = "figure"
    confirm: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether an error was found at the field."""
        return any(note.level == "error" for note in self.notes)

    @property
    def in_millions(self) -> str | None:
        """An amount of money in millions of VND, which is easier to check than its zeros."""
        value = read_figure(self.value, decimals=0)
        if self.kind != "money" or not isinstance(value, Decimal):
            return None
        return f"{figure(value / MILLION, 'vi')} triệu đồng"


@dataclass(slots=True)
class Section:
    """A component of the plan with its lines."""

    code: str | None
    title: str
    lines: list[Line]
    money: list[Line]
    is_nil: bool = False

    @property
    def filled(self) -> int:
        """How many figures have a value."""
        return sum(1 for line in self.lines if line.value)


def sections_of(form: Form, draft: Mapping[str, Any] | None) -> list[Section]:
    """The sections in the plan's order, with the values of a draft; the common figures last."""
    body = draft or {"entries": [], "disbursements": []}
    entries = {entry["indicator"]: entry for entry in body["entries"]}
    spent = {key_in(form, item): item for item in body["disbursements"]}
    nil = set(body.get("nil_sections", ()))
    names = form.period_names
    sections: list[Section] = []
    for code, title in _titles(form):
        lines = [
            _figure_line(each, entries.get(each.row["indicator"]), names, form.asks_estimates)
            for each in form.figures
            if each.row["project"] == code
        ]
        money = [
            _money_line(row, spent.get(MoneyKey.of(row)), names, form.asks_money_estimates)
            for row in form.money
            if row["project"] == code
        ]
        if lines or money:
            sections.append(Section(code, title, lines, money, code in nil))
    return sections


def _titles(form: Form) -> Iterable[tuple[str | None, str]]:
    """The projects with figures or money and their titles, in order of the components."""
    titles = {row["project"]: row["name"] for row in form.components}
    for rows in ((each.row for each in form.figures), form.money):
        titles |= {
            row["project"]: row["project_name"] for row in rows if row["project"] not in titles
        }
    has_common = titles.pop(None, False) is not False
    for code, name in titles.items():
        yield code, f"{code}. {name}"
    if has_common:
        yield None, COMMON


def _figure_line(
    each: FormFigure,
    entry: Mapping[str, Any] | None,
    names: Mapping[str, Any],
    asks_estimates: bool,
) -> Line:
    row, entry = each.row, entry or {}
    code, decimals = row["indicator"], row["decimals"]
    line = Line(
        name=figure_field("value", code),
        label=row["name"],
        unit=row["unit"],
        value=written(entry.get("value")),
        decimals=decimals,
        required=row["required"],
        hint=row["note"],
        earlier=_earlier(each, names),
        proposal=_proposal(each, names),
    )
    line.notes += _unclear(entry.get("value"), decimals)
    if entry.get(CARRIED):
        line.confirm = figure_field(CONFIRM, code)
    if asks_estimates and row["kind"] != IndicatorKind.RATIO:
        line.extras.append(
            Line(
                figure_field("estimate", code),
                "Ước cả kỳ",
                row["unit"],
                written(entry.get("estimate")),
                decimals,
            )
        )
        line.extras.append(
            Line(
                figure_field("actual_to", code),
                "Số liệu tính đến ngày",
                "",
                entry.get("actual_to") or "",
                kind="day",
            )
        )
    line.extras.append(
        Line(figure_field("note", code), "Ghi chú", "", entry.get("note") or "", kind="text")
    )
    return line


def _money_line(
    row: Mapping[str, Any],
    item: Mapping[str, Any] | None,
    names: Mapping[str, Any],
    asks_estimates: bool,
) -> Line:
    key, item = MoneyKey.of(row), item or {}
    words = [terms.BUDGET_SOURCE[row["source"]].vi, terms.BUDGET_ORIGIN[row["origin"]].vi]
    if key.nature:
        words.append(terms.BUDGET_NATURE[row["nature"]].vi)
    own, spent = row["allocated_vnd"], row["disbursed_vnd"]
    line = Line(
        name=key.field("amount_vnd"),
        label=f"Đã giải ngân từ đầu năm: {', '.join(words)}",
        unit="đồng",
        value=written(item.get("amount_vnd")),
        hint=None if own is None else f"Vốn giao cho đơn vị: {figure(own, 'vi')} đồng",
        earlier=None
        if spent is None
        else f"{_capital(names[row['disbursed_period']].vi)}: {figure(spent, 'vi')}",
        kind="money",
    )
    if item.get(CARRIED):
        line.confirm = key.field(CONFIRM)
    if asks_estimates:
        for part, label in (
            (YEAR_END, "Ước giải ngân đến 31/12"),
            (SETTLEMENT, "Ước giải ngân đến 31/01 năm sau"),
        ):
            line.extras.append(
                Line(key.field(part), label, "đồng", written(item.get(part)), kind="money")
            )
    return line


def written(value: Any) -> str:
    """A draft's value as people write it; text as it was typed."""
    if value is None:
        return ""
    return value if isinstance(value, str) else figure(value, "vi")


def _unclear(value: Any, decimals: int) -> list[Note]:
    """What to type instead of a text with two meanings."""
    read = read_figure(value, decimals=decimals) if isinstance(value, str) else None
    if not isinstance(read, Unclear):
        return []
    fraction = round(read.fraction, decimals)
    text = UNCLEAR.format(
        typed=value, whole=f"{read.whole}", fraction=str(fraction).replace(".", ",")
    )
    return [Note("error", text)]


def _earlier(each: FormFigure, names: Mapping[str, Any]) -> str | None:
    previous = each.beside.previous
    if previous is None:
        return None
    return f"{_capital(names[previous.period].vi)}: {figure(previous.value, 'vi')}"


def _proposal(each: FormFigure, names: Mapping[str, Any]) -> tuple[str, str] | None:
    """The value to take over and its words; for an incomplete sum no value, but what is missing."""
    total, proposal = each.beside.sum_of_quarters, each.beside.proposal
    if proposal is not None:
        return figure(proposal.value, "vi"), _capital(terms.PROPOSAL_RULE[proposal.derived_from].vi)
    if total is not None and total.missing:
        missing = ", ".join(names[code].vi for code in total.missing)
        return "", f"Chưa cộng được các quý: thiếu {missing}"
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def all_lines(sections: Sequence[Section]) -> Iterable[Line]:
    """Every line of the form with its extras, in the order of the page."""
    for section in sections:
        for line in (*section.lines, *section.money):
            yield line
            yield from line.extras
