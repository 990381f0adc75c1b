"""Changes of single figures in a draft. Pure: a draft and a patch give a new draft.

A patch has the shape of a body in which everything may be left out. An entry is found by its
indicator, a disbursement by project, source, origin and nature. What a patch leaves out stays; a
`null` as the figure or the amount removes the whole line.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from app.errors import FieldError
from app.services.reports.money import Allocated, key_of, nature_of
from app.services.reports.validation import Expectations, check_draft
from app.text.bilingual import Bilingual

Item = Mapping[str, Any]
Key = Callable[[Item], Hashable]

EMPTY: Mapping[str, Any] = {
    "entries": [],
    "disbursements": [],
    "narrative": {"results": None, "difficulties": None, "proposals": None},
}
"""The body of a draft before its first save."""

LEFT_OUT = frozenset({"actual_to", "nature", "estimate_year_end_vnd", "estimate_settlement_vnd"})
"""The fields that a body does not contain while they are null."""
NEW_ENTRY: Item = {"estimate": None, "note": None}
NEW_DISBURSEMENT: Item = {}

VALUE_MISSING = Bilingual(
    "Bản nháp chưa có số liệu này; ghi giá trị trước.",
    "The draft does not have this figure yet; give its value.",
)


def patched(
    draft: Mapping[str, Any], patch: Mapping[str, Any], expectations: Expectations
) -> dict[str, Any]:
    """The draft with the changes of a patch that has no errors."""
    money = _money_key(expectations.allocated)
    body = dict(draft)
    body["entries"] = _merged(draft["entries"], patch["entries"], _indicator, "value", NEW_ENTRY)
    body["disbursements"] = _merged(
        draft["disbursements"], patch["disbursements"], money, "amount_vnd", NEW_DISBURSEMENT
    )
    body["narrative"] = {**draft["narrative"], **patch["narrative"]}
    if "nil_sections" in patch:
        body["nil_sections"] = patch["nil_sections"]
    if not body.get("nil_sections"):
        body.pop("nil_sections", None)
    return body


def check_patch(
    draft: Mapping[str, Any], patch: Mapping[str, Any], expectations: Expectations
) -> list[FieldError]:
    """The errors of a patch, by its own pointers.

    A line that the plan does not know any more can still be removed.
    """
    removed = {
        f"/{section}/{position}"
        for section, name in (("entries", "value"), ("disbursements", "amount_vnd"))
        for position, item in enumerate(patch[section])
        if name in item and item[name] is None
    }
    errors = [
        error
        for error in check_draft(patch, expectations)
        if error.code == "given_twice" or "/".join(error.pointer.split("/")[:3]) not in removed
    ]
    money = _money_key(expectations.allocated)
    return [
        *errors,
        *_without_value(draft["entries"], patch["entries"], _indicator, "/entries", "value"),
        *_without_value(
            draft["disbursements"], patch["disbursements"], money, "/disbursements", "amount_vnd"
        ),
    ]


def _merged(
    items: Iterable[Item], changes: Iterable[Item], key: Key, figure: str, new: Item
) -> list[Item]:
    """The lines of a section with its changes, new lines last."""
    lines = {key(item): item for item in items}
    for change in changes:
        if figure in change and change[figure] is None:
            lines.pop(key(change), None)
            continue
        line = {**lines.get(key(change), new), **change}
        if figure in change:  # a person has confirmed it, or typed another
            line.pop("carried_from", None)
        lines[key(change)] = {
            name: value for name, value in line.items() if value is not None or name not in LEFT_OUT
        }
    return list(lines.values())


def _without_value(
    items: Iterable[Item], changes: Iterable[Item], key: Key, section: str, figure: str
) -> Iterable[FieldError]:
    """An error for each new line without its figure."""
    known = {key(item) for item in items}
    for position, change in enumerate(changes):
        if figure not in change and key(change) not in known:
            yield FieldError(f"{section}/{position}/{figure}", "missing", VALUE_MISSING)


def _indicator(entry: Item) -> Hashable:
    indicator: str = entry["indicator"]
    return indicator


def _money_key(allocated: Allocated) -> Key:
    return lambda item: (key_of(item), nature_of(item, allocated))
