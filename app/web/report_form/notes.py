"""Findings and reviewers' comments, placed at the lines that they are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.vocabulary import FindingCode, ReportStatus
from app.web.report_form.fields import MoneyKey, figure_field
from app.web.report_form.lines import Line, Note, Section, all_lines

PARTS_OF_ENTRY = ("value", "estimate", "actual_to", "note")


@dataclass(slots=True)
class PlacedNote:
    """A note in the summary on top of the form, with the line that it links to."""

    note: Note
    line: Line | None


@dataclass(slots=True)
class Remarks:
    """What a reviewer wrote when the report was returned."""

    reason: str | None
    notes: list[PlacedNote] = field(default_factory=list)


def place_findings(
    sections: Sequence[Section], report: Mapping[str, Any], *, with_missing: bool
) -> list[PlacedNote]:
    """Put the findings about a draft at their lines; the summary in the order of the form.

    with_missing: also those about figures that were not typed yet.
    """
    lines = {line.name: line for line in all_lines(sections)}
    draft = report["draft"] or {}
    placed = []
    for finding in report["findings"]:
        if not with_missing and finding["code"] == FindingCode.REQUIRED_FIGURE_MISSING:
            continue
        line = lines.get(_field_of(finding, draft))
        note = Note(finding["level"], finding["message"])
        if line is not None:
            if line.is_wrong and note.level == "error":
                continue  # the text with two meanings is explained already
            line.notes.append(note)
        placed.append(PlacedNote(note, line))
    return [*_already_at(lines.values(), placed), *placed]


def _already_at(lines: Iterable[Line], placed: Sequence[PlacedNote]) -> list[PlacedNote]:
    """The notes that the lines had before."""
    known = [each.note for each in placed]
    return [PlacedNote(note, line) for line in lines for note in line.notes if note not in known]


def place_comments(sections: Sequence[Section], report: Mapping[str, Any]) -> Remarks | None:
    """Put the comments of the last return at their lines; None for a report not returned."""
    decisions = report["decisions"]
    if report["report_status"] != ReportStatus.RETURNED or not decisions:
        return None
    body = (report["last_revision"] or {}).get("body", {})
    return place_decision(sections, decisions[-1], body)


def place_decision(
    sections: Sequence[Section], decision: Mapping[str, Any], body: Mapping[str, Any]
) -> Remarks:
    """Put the comments of a decision at the lines of the revision's body that it is about."""
    lines = {line.name: line for line in all_lines(sections)}
    remarks = Remarks(decision["reason"])
    for comment in decision["comments"]:
        note = Note("comment", comment["text"])
        line = lines.get(_field_at(comment["pointer"], body))
        if line is not None:
            line.notes.append(note)
        remarks.notes.append(PlacedNote(note, line))
    return remarks


def _field_of(finding: Mapping[str, Any], draft: Mapping[str, Any]) -> str:
    """The name of the field that a finding is about; empty if it is about the whole report."""
    if finding.get("indicator") and finding["pointer"].startswith("/entries"):
        part = finding["pointer"].rsplit("/", 1)[-1]
        return figure_field(part if part in PARTS_OF_ENTRY else "value", finding["indicator"])
    return _field_at(finding["pointer"], draft)


def _field_at(pointer: str, body: Mapping[str, Any]) -> str:
    """The name of the field at a JSON pointer into a body; empty if there is none."""
    kind, _, rest = pointer.removeprefix("/").partition("/")
    index, _, part = rest.partition("/")
    items = body.get(kind, [])
    if kind == "narrative":
        return f"words:{index}"
    if not index.isdecimal() or int(index) >= len(items):
        return ""
    item = items[int(index)]
    if kind == "entries":
        return figure_field(part if part in PARTS_OF_ENTRY else "value", item["indicator"])
    return MoneyKey.of(item).field(part or "amount_vnd")


def show_other_version(sections: Sequence[Section], saved: Sequence[Section]) -> int:
    """Put the values that another person has saved beside those that were typed; how many."""
    others = {line.name: line for line in all_lines(saved)}
    count = 0
    for line in all_lines(sections):
        other = others.get(line.name)
        if other is not None and other.value != line.value:
            line.saved = other.value or "(để trống)"
            count += 1
    return count
