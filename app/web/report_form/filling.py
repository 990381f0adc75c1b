"""Typing a report: the form, saving it, checking it, taking over a proposed figure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ValidationError

from app.errors import Problem, Stale, StateConflict, ValidationFailed
from app.http.problems import from_validation
from app.routers.dependencies import DirectDriver, Now
from app.schemas.reports import DraftBody
from app.services.reports import drafting
from app.services.reports.figures import number
from app.services.reports.form import Form
from app.web import states
from app.web.page import base_of, page
from app.web.report_form.fields import VERSION, draft_of, unchanged_since
from app.web.report_form.lines import sections_of
from app.web.report_form.notes import place_comments, place_findings, show_other_version
from app.web.report_form.opened import (
    ADDRESS,
    AddressedReport,
    OpenReport,
    counts_of,
    open_report,
    words_of,
)
from app.web.report_form.sent import sent_page
from app.web.sessions import ReportsVisitor, SessionRoute, WritingVisitor

router = APIRouter(prefix="/reports", route_class=SessionRoute, include_in_schema=False)

TAKE = "take:"
"""The operation that takes over the proposed figure of an indicator."""
NIL, NOT_NIL = "nil:", "not-nil:"
"""The operations that answer a section by "không phát sinh", and that withdraw the answer."""


@router.get(ADDRESS)
async def show_report(
    request: Request, key: AddressedReport, visitor: ReportsVisitor, driver: DirectDriver
) -> Response:
    """Show the form, or the report as it was sent where it cannot be changed."""
    opened = await open_report(driver, visitor, key, request)
    if not opened.is_editable_by(visitor):
        return sent_page(request, opened)
    return _form_page(
        request,
        opened,
        is_checked="checked" in request.query_params,
        is_saved="saved" in request.query_params,
    )


@router.post(ADDRESS)
async def save_report(
    request: Request, key: AddressedReport, visitor: WritingVisitor, driver: DirectDriver, now: Now
) -> Response:
    """Save what was typed, then do what the pressed button says."""
    opened = await open_report(driver, visitor, key, request)
    typed = await request.form()
    operation = str(typed.get("do", "save"))
    body = draft_of(typed, opened.form, opened.document["draft"])
    anchor = _take(operation, opened.form, body)
    if operation.startswith(NOT_NIL):
        code = operation.removeprefix(NOT_NIL)
        body["nil_sections"] = [each for each in body.get("nil_sections", ()) if each != code]
    action = visitor.action(request, now)
    try:
        answer = await drafting.save(
            driver, action, key, _checked(body), check_version=unchanged_since(typed), language="vi"
        )
        if operation.startswith(NIL):
            await drafting.answer_nil(
                driver,
                action,
                key,
                [operation.removeprefix(NIL)],
                check_version=unchanged_since({VERSION: str(answer.version)}),
                language="vi",
            )
    except Stale:
        return _other_version(request, opened, body, operation)
    except (ValidationFailed, StateConflict) as refusal:
        return _refused(request, opened, body, refusal, operation)
    if operation == "autosave":
        return _autosaved(opened, json.loads(answer.body))
    return RedirectResponse(base_of(request) + _next_page(opened, operation, anchor), 303)


def _checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """The draft by the schema of the API, so that a page accepts what the API accepts.

    Raises:
        ValidationFailed: a text is too long, or contains characters that it may not.
    """
    try:
        return DraftBody.model_validate(body).model_dump(mode="json")
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise from_validation(errors) from None


def _refused(
    request: Request,
    opened: OpenReport,
    body: Mapping[str, Any],
    refusal: Problem,
    operation: str,
) -> Response:
    """The form with what was typed, and why it was not saved."""
    findings = [error.document("vi") for error in refusal.errors] or [
        {"level": "error", "pointer": "", "code": "", "message": refusal.document("vi")["detail"]}
    ]
    if operation == "autosave":
        return JSONResponse({"findings": findings}, status_code=refusal.status)
    document = {**opened.document, "draft": body, "findings": findings}
    return _form_page(
        request,
        replace(opened, document=document),
        is_checked=True,
        is_saved=False,
        status=refusal.status,
    )


def _take(operation: str, made: Form, body: dict[str, Any]) -> str:
    """Put a proposed figure into a draft if the operation says so; the field's name, or empty."""
    code = operation.removeprefix(TAKE)
    if code == operation:
        return ""
    for figure in made.figures:
        proposal = figure.beside.proposal
        if figure.row["indicator"] == code and proposal is not None:
            kept = [entry for entry in body["entries"] if entry["indicator"] != code]
            taken = {"project": figure.row["project"], "indicator": code, "note": None}
            taken |= {"value": number(proposal.value), "estimate": None}
            body["entries"] = [*kept, taken]
    return f"value:{code}"


def _next_page(opened: OpenReport, operation: str, anchor: str) -> str:
    match operation:
        case "send":
            return f"{opened.address}/send"
        case "check":
            return f"{opened.address}?checked=1#findings"
    return f"{opened.address}?saved=1{'#' + anchor if anchor else ''}"


def _autosaved(opened: OpenReport, document: Mapping[str, Any]) -> Response:
    """The answer to the script: the new version, and what was found in the typed figures."""
    sections = sections_of(opened.form, document["draft"])
    placed = place_findings(sections, document, with_missing=False)
    return JSONResponse(
        {
            "version": document["version"],
            "saved_at": states.instant_of(document["draft_saved_at"]),
            "notes": {
                each.line.name: each.note.text
                for each in placed
                if each.line is not None and each.note.level != "comment"
            },
        }
    )


def _form_page(
    request: Request, opened: OpenReport, *, is_checked: bool, is_saved: bool, status: int = 200
) -> Response:
    document = opened.document
    sections = sections_of(opened.form, document["draft"])
    remarks = place_comments(sections, document)
    findings = place_findings(sections, document, with_missing=is_checked)
    return page(
        request,
        "report_form.html",
        status=status,
        **opened.facts(),
        **counts_of(sections),
        sections=sections,
        words=words_of(document["draft"]),
        version=document["version"],
        remarks=remarks,
        findings=findings if is_checked else [],
        is_checked=is_checked,
        is_saved=is_saved,
        is_recalled="recalled" in request.query_params,
        saved_at=states.instant_of(document["draft_saved_at"]),
        conflicts=None,
    )


def _other_version(
    request: Request, opened: OpenReport, body: dict[str, Any], operation: str
) -> Response:
    """The form with what was typed, and beside it the version that was saved meanwhile."""
    document = opened.document
    if operation == "autosave":
        return JSONResponse({"version": document["version"]}, status_code=409)
    sections = sections_of(opened.form, body)
    place_comments(sections, document)
    conflicts = show_other_version(sections, sections_of(opened.form, document["draft"]))
    return page(
        request,
        "report_form.html",
        status=409,
        **opened.facts(),
        **counts_of(sections),
        sections=sections,
        words=words_of(body),
        version=document["version"],
        remarks=None,
        findings=[],
        is_checked=False,
        is_saved=False,
        is_recalled=False,
        saved_at=states.instant_of(document["draft_saved_at"]),
        conflicts=conflicts,
    )
