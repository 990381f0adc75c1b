"""The differences between two revisions of a report, line by line. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
Key = tuple[str | None, ...]

ENTRY_FIELDS = ("value", "estimate", "actual_to", "note")
AMOUNT_FIELDS = ("amount_vnd", "estimate_year_end_vnd", "estimate_settlement_vnd")
NARRATIVE_FIELDS = ("results", "difficulties", "proposals")
NIL = "nil"
"""The field of a section that was answered with nothing to report (không phát sinh)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two bodies give differently.

    pointer: to the field in the later body; None where it does not have the line any more.
    before and after: the values; None where a body does not give the field.
    """

    pointer: str | None
    field: str
    before: Any
    after: Any
    project: str | None = None
    indicator: str | None = None
    source: str | None = None
    origin: str | None = None
    nature: str | None = None


def compare(earlier: Item, later: Item) -> list[Difference]:
    """What changed from one body to another: figures, money, words, sections without events.

    Lines are matched by indicator, and by project, source, origin and nature, so their order does
    not matter. `carried_from` says where a figure came from and is not compared.
    """
    return [
        *_of_lines(earlier, later, "entries", _entry_key, ENTRY_FIELDS),
        *_of_lines(earlier, later, "disbursements", _money_key, AMOUNT_FIELDS),
        *_of_narrative(earlier, later),
        *_of_nil_sections(earlier, later),
    ]


def _entry_key(entry: Item) -> Key:
    return entry["project"], entry["indicator"]


def _money_key(item: Item) -> Key:
    return item["project"], None, item["source"], item["origin"], item.get("nature")


def _of_lines(
    earlier: Item, later: Item, section: str, key_of: Callable[[Item], Key], fields: Iterable[str]
) -> Iterable[Difference]:
    """The differences of one list of lines, in the order of the later body, then removed ones."""
    before = {key_of(item): item for item in earlier[section]}
    after = {key_of(item): item for item in later[section]}
    positions = {key: position for position, key in enumerate(after)}
    for key in (*after, *(key for key in before if key not in after)):
        old, new = before.get(key, {}), after.get(key, {})
        for name in fields:
            if old.get(name) != new.get(name):
                pointer = f"/{section}/{positions[key]}/{name}" if key in positions else None
                yield Difference(pointer, name, old.get(name), new.get(name), *key)


def _of_narrative(earlier: Item, later: Item) -> Iterable[Difference]:
    for name in NARRATIVE_FIELDS:
        before, after = (body["narrative"].get(name) for body in (earlier, later))
        if before != after:
            yield Difference(f"/narrative/{name}", name, before, after)


def _of_nil_sections(earlier: Item, later: Item) -> Iterable[Difference]:
    before, after = (body.get("nil_sections", []) for body in (earlier, later))
    for project in (*after, *(code for code in before if code not in after)):
        if (project in before) != (project in after):
            pointer = f"/nil_sections/{after.index(project)}" if project in after else None
            yield Difference(pointer, NIL, project in before, project in after, project)
