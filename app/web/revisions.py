"""One revision of a report as it was sent, and what changed between two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.routers.dependencies import DirectDriver, Now, ReadSession
from app.services.reports import reading
from app.services.reports.differences import NIL, Difference
from app.text.writing import day, figure
from app.web import states
from app.web.page import page
from app.web.report_form.as_sent import sections_as_sent
from app.web.report_form.fields import MoneyKey, figure_field
from app.web.report_form.lines import COMMON, Section, sections_of
from app.web.report_form.notes import place_decision
from app.web.report_form.opened import (
    ADDRESS,
    NARRATIVE_NAMES,
    AddressedReport,
    OpenReport,
    open_report,
    words_of,
)
from app.web.sessions import ReportsVisitor, SessionRoute

router = APIRouter(prefix="/reports", route_class=SessionRoute, include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=100_000)]


@router.get(ADDRESS + "/revisions/{number}")
async def show_revision(
    request: Request,
    key: AddressedReport,
    number: Number,
    visitor: ReportsVisitor,
    driver: DirectDriver,
    session: ReadSession,
    now: Now,
) -> Response:
    """Show one revision as it was sent, with the reviewers' comments at its lines."""
    opened = await open_report(driver, visitor, key, request)
    revision = await reading.get_revision(session, visitor.principal, key, number, now=now)
    sections = sections_as_sent(opened.form, revision.body)
    remarks = [
        place_decision(sections, decision, revision.body)
        for decision in opened.document["decisions"]
        if decision["revision"] == number
    ]
    return page(
        request,
        "revision.html",
        **opened.facts(),
        revision=revision,
        sent_at=states.instant_of(revision.submitted_at.isoformat()),
        received_at=states.instant_of(revision.received_at.isoformat()),
        last=opened.document["last_revision"]["number"],
        sections=sections,
        words=words_of(revision.body),
        remarks=[each for each in remarks if each.notes or each.reason],
    )


@router.get(ADDRESS + "/revisions/{number}/diff")
async def show_differences(
    request: Request,
    key: AddressedReport,
    number: Number,
    visitor: ReportsVisitor,
    driver: DirectDriver,
    session: ReadSession,
    now: Now,
    earlier: Annotated[int | None, Query(alias="from", ge=1, le=100_000)] = None,
) -> Response:
    """Show what changed from one revision to another, by default from the one before."""
    earlier = earlier or max(number - 1, 1)
    opened = await open_report(driver, visitor, key, request)
    changes = await reading.compare_revisions(
        session, visitor.principal, key, number, earlier=earlier, now=now
    )
    return page(
        request,
        "differences.html",
        **opened.facts(),
        number=number,
        earlier=earlier,
        groups=group(opened, changes),
    )


@dataclass(frozen=True)
class ChangedLine:
    """A difference as people read it."""

    label: str
    unit: str
    before: str
    after: str


PARTS = {
    "estimate": "Ước cả kỳ",
    "actual_to": "Số liệu tính đến ngày",
    "note": "Ghi chú",
    "estimate_year_end_vnd": "Ước giải ngân đến 31/12",
    "estimate_settlement_vnd": "Ước giải ngân đến 31/01 năm sau",
}
"""The names of the fields beside a line's main figure."""


def group(opened: OpenReport, changes: Sequence[Difference]) -> list[tuple[str, list[ChangedLine]]]:
    """The differences by section, in the order of the form; the words last."""
    sections = sections_of(opened.form, None)
    titles = {section.code: section.title for section in sections}
    groups: dict[str, list[ChangedLine]] = {title: [] for title in titles.values()}
    for change in changes:
        if change.field in NARRATIVE_NAMES:
            title = "Thuyết minh"
        else:
            title = titles.get(change.project) or change.project or COMMON
        groups.setdefault(title, []).append(_changed_line(change, sections))
    return [(title, lines) for title, lines in groups.items() if lines]


def _changed_line(change: Difference, sections: Sequence[Section]) -> ChangedLine:
    unit = ""
    if change.field in NARRATIVE_NAMES:
        label = NARRATIVE_NAMES[change.field]
    elif change.field == NIL:
        label = "Không phát sinh"
    else:
        label, unit = _names_of(change, sections)
    return ChangedLine(label, unit, _in_words(change.before), _in_words(change.after))


def _names_of(change: Difference, sections: Sequence[Section]) -> tuple[str, str]:
    """The label and the unit of a figure's or an amount's field."""
    if change.indicator is not None:
        name, label = figure_field("value", change.indicator), change.indicator
    else:
        money: Mapping[str, Any] = {
            part: getattr(change, part) for part in ("project", "source", "origin", "nature")
        }
        name, label = MoneyKey.of(money).field("amount_vnd"), "Giải ngân"
    unit = ""
    for section in sections:
        for line in (*section.lines, *section.money):
            if line.name == name:
                label, unit = line.label, line.unit
    if change.field in PARTS:
        label = f"{label} – {PARTS[change.field]}"
    return label, unit if change.field not in {"note", "actual_to"} else ""


def _in_words(value: Any) -> str:
    """A value of a difference; empty for one that is not given."""
    match value:
        case None:
            return ""
        case bool():
            return "có" if value else "không"
        case int() | float():
            return figure(value, "vi")
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return str(value)
