"""Drafts of reports: saved as a whole or by figure, and checked."""

from fastapi import APIRouter, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale, StateConflict
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    AddressedReport,
    AnswerLanguage,
    DirectDriver,
    ReportsAction,
    Unchanged,
    UnchangedIfGiven,
)
from app.routers.responses import problems, report_response
from app.schemas.drafts import DraftPatch, FindingsOut, NilAnswer
from app.schemas.reports import DraftBody, ReportOut
from app.services.reports import drafting
from app.services.reports.refusals import EDITING
from app.vocabulary import ReportStatus

router = APIRouter(prefix="/reports", tags=["reports"], route_class=StrictRoute)

NOT_EDITABLE = StateConflict(EDITING[ReportStatus.ACCEPTED])
"""The problem as these operations answer it, for the document."""


@router.put(
    "/{period}/{agency}/draft",
    summary="Save a draft",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, NOT_EDITABLE, Stale, PreconditionRequired),
)
async def save_draft(
    key: AddressedReport,
    body: DraftBody,
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: Unchanged,
    language: AnswerLanguage,
) -> Response:
    """Save the working copy over the version that was read; it may be incomplete."""
    answer = await drafting.save(
        driver,
        action,
        key,
        body.model_dump(mode="json"),
        check_version=unchanged,
        language=language,
    )
    return report_response(answer)


@router.patch(
    "/{period}/{agency}/draft",
    summary="Change figures of a draft",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, NOT_EDITABLE, Stale, PreconditionRequired),
)
async def change_draft(
    key: AddressedReport,
    body: DraftPatch,
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: Unchanged,
    language: AnswerLanguage,
) -> Response:
    """Change single figures, amounts and texts; what is left out stays, a null removes a figure.

    With `If-Match: *` the change is made on whatever was saved last.
    """
    answer = await drafting.change(
        driver,
        action,
        key,
        body.model_dump(mode="json"),
        check_version=unchanged,
        language=language,
    )
    return report_response(answer)


@router.post(
    "/{period}/{agency}/nil",
    summary="Answer that nothing happened",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, NOT_EDITABLE, Stale),
)
async def answer_nil(
    key: AddressedReport,
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
    body: NilAnswer | None = None,
) -> Response:
    """Answer "không phát sinh" for some sections, or for the whole report; it is saved as a draft.

    Flow figures become 0. Stock and cumulative figures and money keep what was last reported, with
    `carried_from` and a warning that asks to confirm them: change the figure, also to the same
    value, or explain the warnings when you submit. What was typed stays.
    """
    answer = await drafting.answer_nil(
        driver,
        action,
        key,
        body.sections if body else None,
        check_version=unchanged,
        language=language,
    )
    return report_response(answer)


@router.post(
    "/{period}/{agency}/validate",
    summary="Check a draft",
    responses=problems(NotFound, AmbiguousPlan, StateConflict(drafting.NO_DRAFT)),
)
async def validate_draft(
    key: AddressedReport,
    action: ReportsAction,
    driver: DirectDriver,
    language: AnswerLanguage,
    body: DraftBody | None = None,
) -> FindingsOut:
    """List what submitting would find in the body, or in the draft if none is given.

    Nothing is saved.
    """
    content = body.model_dump(mode="json") if body else None
    findings = await drafting.check(driver, action, key, content)
    documents = [finding.document(language) for finding in findings]
    errors = sum(finding.level == "error" for finding in findings)
    return FindingsOut.model_validate(
        {"findings": documents, "errors": errors, "warnings": len(findings) - errors}
    )
