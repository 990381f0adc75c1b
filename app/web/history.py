"""What the visitor's agency has sent: every period with its revisions and decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from app.routers.dependencies import DirectDriver, Now
from app.services.reports import history
from app.services.reports.history import PastReport
from app.services.reports.subjects import name_subject
from app.vocabulary import DecisionAction, ReportStatus, Timeliness
from app.web import states
from app.web.page import page
from app.web.report_form.opened import NARRATIVE_NAMES
from app.web.sessions import ReportsVisitor, SessionRoute
from app.web.states import State
from app.web.tasks import report_address

router = APIRouter(route_class=SessionRoute, include_in_schema=False)

DECISIONS = {
    DecisionAction.ACCEPTED: "Duyệt",
    DecisionAction.RETURNED: "Trả lại để sửa",
    DecisionAction.REOPENED: "Mở lại",
}


@dataclass(frozen=True)
class SentPeriod:
    """A period as the page shows it."""

    title: str
    plan_title: str
    address: str
    state: State
    progress: State
    due: str
    obligation: Mapping[str, Any]
    revisions: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


@router.get("/sent")
async def show_history(
    request: Request, visitor: ReportsVisitor, driver: DirectDriver, now: Now
) -> Response:
    """Show all periods of the visitor's agency, the newest first."""
    reports = await history.list_own(driver, visitor.principal, now=now)
    periods = [_period(report) for report in reports]
    return page(
        request,
        "history.html",
        sent=[period for period in periods if period.revisions],
        unsent=[period for period in periods if not period.revisions],
        plans=len({report.plan_title for report in reports}),
    )


def _period(report: PastReport) -> SentPeriod:
    obligation = report.obligation
    return SentPeriod(
        title=states.period_in_words(obligation["period"]),
        plan_title=report.plan_title,
        address=report_address(obligation),
        state=states.TIMELINESS[Timeliness(obligation["timeliness"])],
        progress=states.STATUS[ReportStatus(obligation["report_status"])],
        due=states.day_of(obligation["due_date"]),
        obligation=obligation,
        revisions=[
            {
                **revision,
                "sent_at": states.instant_of(revision["submitted_at"]),
                "received_at": states.instant_of(revision["received_at"]),
            }
            for revision in report.revisions
        ],
        decisions=[_decision(decision) for decision in report.decisions],
    )


def _decision(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **decision,
        "label": DECISIONS[DecisionAction(decision["action"])],
        "when": states.instant_of(decision["at"]),
        "correction_due": states.day_of(decision["correction_due"]),
        "comments": [(_subject_of(comment), comment["text"]) for comment in decision["comments"]],
    }


def _subject_of(comment: Mapping[str, Any]) -> str:
    """The field that a comment is about; empty if it is about the whole report."""
    item, pointer = comment["item"], comment["pointer"]
    section, _, rest = pointer.removeprefix("/").partition("/")
    if section == "narrative":
        return NARRATIVE_NAMES.get(rest, "")
    if section not in {"entries", "disbursements"} or not isinstance(item, dict):
        return ""
    names = {item["indicator"]: comment["name"]} if comment["name"] else {}
    return name_subject(pointer, item, names).vi
