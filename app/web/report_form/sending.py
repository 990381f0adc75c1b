"""Sending a report: the summary that is shown once before, and the sending itself."""

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import ReportIncomplete, Stale, WarningsUnconfirmed
from app.routers.dependencies import DirectDriver, Now
from app.services.reports import recall, submission
from app.services.reports.idempotency import IdempotentRequest
from app.web.page import base_of, page
from app.web.report_form.fields import unchanged_since
from app.web.report_form.lines import sections_of, written
from app.web.report_form.notes import place_findings
from app.web.report_form.opened import (
    ADDRESS,
    AddressedReport,
    OpenReport,
    counts_of,
    open_report,
    words_of,
)
from app.web.sessions import SessionRoute, WritingVisitor
from app.web.visitor import Visitor

router = APIRouter(prefix="/reports", route_class=SessionRoute, include_in_schema=False)


@router.get(f"{ADDRESS}/send")
async def show_summary(
    request: Request, key: AddressedReport, visitor: WritingVisitor, driver: DirectDriver
) -> Response:
    """Show what will be sent, once, before it is sent; errors lead back to the form."""
    opened = await open_report(driver, visitor, key, request)
    return _summary_page(request, opened, visitor)


def _summary_page(
    request: Request, opened: OpenReport, visitor: Visitor, *, note_missing: bool = False
) -> Response:
    document = opened.document
    findings = document["findings"]
    form_address = base_of(request) + opened.address
    if not opened.is_editable_by(visitor):
        return RedirectResponse(form_address, 303)
    if document["draft"] is None or any(each["level"] == "error" for each in findings):
        return RedirectResponse(f"{form_address}?checked=1#findings", 303)
    sections = sections_of(opened.form, document["draft"])
    return page(
        request,
        "report_summary.html",
        status=422 if note_missing else 200,
        **opened.facts(),
        **counts_of(sections),
        sections=sections,
        words=words_of(document["draft"]),
        version=document["version"],
        warnings=place_findings(sections, document, with_missing=True),
        note_missing=note_missing,
        request_key=secrets.token_urlsafe(16),
        total_vnd=_total(document["draft"]),
    )


def _total(draft: Mapping[str, Any]) -> str:
    amounts = [item["amount_vnd"] for item in draft["disbursements"]]
    return written(sum(amount for amount in amounts if isinstance(amount, int)))


@router.post(f"{ADDRESS}/send")
async def send_report(
    request: Request, key: AddressedReport, visitor: WritingVisitor, driver: DirectDriver, now: Now
) -> Response:
    """Send the report. Sending the same page twice sends it once."""
    typed = await request.form()
    note = str(typed.get("warnings_note", "")).strip() or None
    try:
        await submission.submit(
            driver,
            visitor.action(request, now),
            key,
            IdempotentRequest(str(typed.get("request_key", "")) or None, request.url.path),
            warnings_note=note,
            received_at=None,
            check_version=unchanged_since(typed),
        )
    except (ReportIncomplete, Stale):
        address = f"/reports/{key.plan}/{key.period}/{key.agency}?checked=1#findings"
        return RedirectResponse(base_of(request) + address, 303)
    except WarningsUnconfirmed:
        opened = await open_report(driver, visitor, key, request)
        return _summary_page(request, opened, visitor, note_missing=True)
    receipt = f"/reports/{key.plan}/{key.period}/{key.agency}/receipt"
    return RedirectResponse(base_of(request) + receipt, 303)


@router.post(f"{ADDRESS}/recall")
async def take_back_report(
    request: Request, key: AddressedReport, visitor: WritingVisitor, driver: DirectDriver, now: Now
) -> Response:
    """Take the report back to the form, unless a reviewer has opened it meanwhile."""
    typed = await request.form()
    await recall.recall(
        driver,
        visitor.action(request, now),
        key,
        check_version=unchanged_since(typed),
        language="vi",
    )
    address = f"/reports/{key.plan}/{key.period}/{key.agency}?recalled=1"
    return RedirectResponse(base_of(request) + address, 303)
