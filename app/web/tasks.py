"""The home of a person who is signed in: the reports of the own agency that need something."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from app.db.driver import Driver
from app.routers.dependencies import database_of
from app.services.periods import obligations
from app.services.periods.obligations import ObligationFilter
from app.vocabulary import ReportStatus, Timeliness
from app.web import states
from app.web.page import page
from app.web.states import State
from app.web.visitor import Visitor

MOST_TASKS = 100
LATER = frozenset({Timeliness.UPCOMING, Timeliness.EXEMPT})
ACTIONS = {
    ReportStatus.NOT_STARTED: "Lập báo cáo",
    ReportStatus.DRAFT: "Lập báo cáo",
    ReportStatus.RETURNED: "Sửa báo cáo",
}
VIEW = "Xem"


@dataclass(frozen=True)
class Task:
    """A card: one report of the own agency.

    is_later: nothing has to be done now. urgency: the order of the cards.
    """

    title: str
    address: str
    obligation: Mapping[str, Any]
    state: State
    progress: State
    time_left: str
    due: str
    action: str
    is_later: bool
    urgency: tuple[int, str]


async def show_tasks(request: Request, visitor: Visitor) -> Response:
    """Show a card for each report that needs something, the most urgent first."""
    tasks = await list_tasks(database_of(request).driver, request, visitor)
    return page(
        request,
        "tasks.html",
        now=[task for task in tasks if not task.is_later],
        later=[task for task in tasks if task.is_later],
    )


async def list_tasks(driver: Driver, request: Request, visitor: Visitor) -> list[Task]:
    """The reports of the visitor's own agency; none for an administrator of the whole service."""
    if visitor.agency is None:
        return []
    document = await obligations.list_page(
        driver,
        visitor.principal,
        ObligationFilter(agency=visitor.agency),
        now=request.app.state.clock.now(),
        limit=MOST_TASKS,
        cursor=None,
    )
    tasks = [_task(item) for item in json.loads(document)["items"]]
    return sorted(tasks, key=lambda task: task.urgency)


def report_address(obligation: Mapping[str, Any]) -> str:
    """The address of a report's page."""
    return f"/reports/{obligation['plan']}/{obligation['period']}/{obligation['agency']}"


def _task(obligation: Mapping[str, Any]) -> Task:
    timeliness = Timeliness(obligation["timeliness"])
    status = ReportStatus(obligation["report_status"])
    is_open = status in ACTIONS and obligation["can_submit"]
    is_returned = status is ReportStatus.RETURNED
    is_begun = is_open and status is not ReportStatus.NOT_STARTED
    is_later = not is_begun and (timeliness in LATER or not is_open)
    rank = 0 if is_returned else 1 if timeliness is Timeliness.OVERDUE else 2
    return Task(
        title=states.period_in_words(obligation["period"]),
        address=report_address(obligation),
        obligation=obligation,
        state=states.TIMELINESS[timeliness],
        progress=states.STATUS[status],
        time_left=states.time_left(obligation),
        due=states.day_of(obligation["correction_due"] or obligation["due_date"]),
        action=ACTIONS[status] if is_open else VIEW,
        is_later=is_later,
        urgency=(rank, obligation["correction_due"] or obligation["late_from"]),
    )
