"""The names of the form's fields, and the draft that they are typed into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.datastructures import FormData

from app.errors import Stale
from app.services.audit.changes import VersionCheck
from app.services.reports.figures import number
from app.services.reports.form import Form
from app.text.typed_figures import read_figure

VERSION = "version"
"""The field with the version of the report that the form shows."""
NARRATIVE = ("results", "difficulties", "proposals")
CARRIED = "carried_from"
"""The part of a line that names the period whose figure was taken over, until it is confirmed."""
CONFIRM = "confirm"
"""The field that confirms such a figure."""
ESTIMATES = ("estimate_year_end_vnd", "estimate_settlement_vnd")


@dataclass(frozen=True, slots=True)
class MoneyKey:
    """Money of one project, source, origin and nature; None where the nature is not known."""

    project: str
    source: str
    origin: str
    nature: str | None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "MoneyKey":
        """The key of a disbursement, or of a row of the form's money."""
        return cls(item["project"], item["source"], item["origin"], item.get("nature"))

    def field(self, part: str) -> str:
        """The name of the field of an amount, such as `amount_vnd`."""
        return ":".join((part, self.project, self.source, self.origin, self.nature or ""))


def key_in(form: Form, item: Mapping[str, Any]) -> MoneyKey:
    """The key of a disbursement among the form's money.

    One that was saved without a nature belongs to the only money that matches otherwise.
    """
    key = MoneyKey.of(item)
    if key.nature is not None:
        return key
    known = (MoneyKey.of(row) for row in form.money)
    matching = [each for each in known if replace(each, nature=None) == key]
    return matching[0] if len(matching) == 1 else key


def figure_field(part: str, indicator: str) -> str:
    """The name of the field of a part of an entry: `value`, `estimate`, `actual_to`, `note`."""
    return f"{part}:{indicator}"


def draft_of(typed: FormData, form: Form, saved: Mapping[str, Any] | None) -> dict[str, Any]:
    """The draft that a form says. What the form has no field for stays as it was saved."""
    before = saved or {"entries": [], "disbursements": [], "narrative": {}}
    return {
        **before,
        "entries": _entries(typed, form, before["entries"]),
        "disbursements": _disbursements(typed, form, before["disbursements"]),
        "narrative": {part: _text(typed, f"words:{part}") for part in NARRATIVE},
    }


def _entries(
    typed: FormData, form: Form, before: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    known = {entry["indicator"]: dict(entry) for entry in before}
    for figure in form.figures:
        code, decimals = figure.row["indicator"], figure.row["decimals"]
        value = _typed_number(typed, figure_field("value", code), decimals)
        if value is None:
            if figure_field("value", code) in typed:
                known.pop(code, None)
            continue
        entry = known.setdefault(code, {"project": figure.row["project"], "indicator": code})
        if entry.get("value") != value or figure_field(CONFIRM, code) in typed:
            entry.pop(CARRIED, None)
        entry |= {"value": value, "note": _text(typed, figure_field("note", code))}
        if (name := figure_field("estimate", code)) in typed:
            entry["estimate"] = _typed_number(typed, name, decimals)
        if (name := figure_field("actual_to", code)) in typed:
            entry["actual_to"] = _day(typed, name)
    return list(known.values())


def _disbursements(
    typed: FormData, form: Form, before: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    known = {key_in(form, item): dict(item) for item in before}
    for row in form.money:
        key = MoneyKey.of(row)
        amount = _typed_number(typed, key.field("amount_vnd"), 0)
        if amount is None:
            if key.field("amount_vnd") in typed:
                known.pop(key, None)
            continue
        item = known.setdefault(
            key, {"project": key.project, "source": key.source, "origin": key.origin}
        )
        if item.get("amount_vnd") != amount or key.field(CONFIRM) in typed:
            item.pop(CARRIED, None)
        item["amount_vnd"] = amount
        if key.nature is not None:
            item["nature"] = key.nature
        item |= {
            part: _typed_number(typed, key.field(part), 0)
            for part in ESTIMATES
            if key.field(part) in typed
        }
    return list(known.values())


def _typed_number(typed: FormData, name: str, decimals: int) -> int | float | str | None:
    """The number of a field; text that is no clear number stays as it was typed."""
    text = _text(typed, name)
    if text is None:
        return None
    value = read_figure(text, decimals=decimals)
    return number(value) if isinstance(value, Decimal) else text


def _day(typed: FormData, name: str) -> str | None:
    """The day of a date field; None if it has none."""
    text = _text(typed, name)
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        return None


def _text(typed: FormData, name: str) -> str | None:
    value = typed.get(name)
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
    return text or None


def unchanged_since(typed: Mapping[str, Any]) -> VersionCheck:
    """The check that the report still has the version that the form was opened with."""
    version = typed.get(VERSION)

    def ensure_unchanged(current: int | None) -> None:
        if version != str(current):
            raise Stale

    return ensure_unchanged
