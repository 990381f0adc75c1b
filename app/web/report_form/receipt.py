"""The receipt of a report: what was sent when, and how that was judged."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.routers.dependencies import DirectDriver
from app.web import states
from app.web.page import base_of, page
from app.web.report_form.opened import ADDRESS, AddressedReport, open_report
from app.web.sessions import ReportsVisitor, SessionRoute

router = APIRouter(prefix="/reports", route_class=SessionRoute, include_in_schema=False)


@router.get(f"{ADDRESS}/receipt")
async def show_receipt(
    request: Request, key: AddressedReport, visitor: ReportsVisitor, driver: DirectDriver
) -> Response:
    """Show the receipt of the last revision; before there is one, the report."""
    opened = await open_report(driver, visitor, key, request)
    revision = opened.document["last_revision"]
    if revision is None:
        return RedirectResponse(base_of(request) + opened.address, 303)
    return page(
        request,
        "receipt.html",
        **opened.facts(),
        revision=revision,
        sent_at=states.instant_of(revision["submitted_at"]),
        received_at=states.instant_of(revision["received_at"]),
        first_at=states.instant_of(opened.document["first_submitted_at"]),
    )
