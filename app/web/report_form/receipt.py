"""The receipt of a report."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import NotFound
from app.routers.dependencies import DirectDriver, Now
from app.services.reports import receipts
from app.text.writing import day, instant
from app.vocabulary import Timeliness
from app.web import states
from app.web.page import page
from app.web.report_form.opened import ADDRESS, AddressedReport, open_report
from app.web.report_form.sent import sent_page
from app.web.sessions import ReportsVisitor, SessionRoute

router = APIRouter(prefix="/reports", route_class=SessionRoute, include_in_schema=False)


@router.get(f"{ADDRESS}/receipt")
async def show_receipt(
    request: Request,
    key: AddressedReport,
    visitor: ReportsVisitor,
    driver: DirectDriver,
    now: Now,
    revision: Annotated[int | None, Query(ge=1, le=100_000)] = None,
) -> Response:
    """Show the receipt of a revision, by default of the last; before there is one, the report."""
    opened = await open_report(driver, visitor, key, request)
    try:
        receipt = await receipts.get(driver, visitor.principal, key, revision=revision, now=now)
    except NotFound:
        return sent_page(request, opened)
    row, timing = receipt.row, receipt.timing
    return page(
        request,
        "receipt.html",
        **opened.facts(),
        receipt=row,
        sent_at=instant(row["submitted_at"]),
        received_at=instant(row["received_at"]),
        first_at=instant(row["first_received_at"]),
        due_then=day(row["due_date"]),
        state_then=states.TIMELINESS[timing.timeliness],
        days_late=timing.days_late,
        today=states.TIMELINESS[Timeliness(row["timeliness_now"])] if receipt.has_changed else None,
        due_today=day(row["due_date_now"]),
    )
