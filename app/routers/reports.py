"""Reports: drafted and sent by agencies, accepted or returned by the coordinating office."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from app.errors import (
    AmbiguousPlan,
    FieldError,
    KeyReused,
    NotFound,
    OtherOwner,
    ReportIncomplete,
    Stale,
    StateConflict,
    WarningsUnconfirmed,
)
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AddressedReport,
    AnswerLanguage,
    Cursor,
    DirectDriver,
    Limit,
    Now,
    PlanCode,
    ReadSession,
    ReportsAction,
    ReportsReader,
    ReviewAction,
    UnchangedIfGiven,
    WriteSession,
)
from app.routers.responses import problems, references, report_response
from app.schemas.base import Page
from app.schemas.obligations import ObligationOut
from app.schemas.reports import DifferencesOut, ReportOut, RevisionOut, Submission
from app.schemas.review import Acceptance, Reopening, Return
from app.services.periods import obligations
from app.services.periods.obligations import ObligationFilter
from app.services.reports import (
    money,
    reading,
    recall,
    review,
    submission,
    validation,
)
from app.services.reports.idempotency import IdempotentRequest
from app.services.reports.refusals import REVIEW
from app.services.reports.subjects import name_subject
from app.vocabulary import DecisionAction, ReportStatus, Timeliness

router = APIRouter(prefix="/reports", tags=["reports"], route_class=StrictRoute)

Code = Annotated[str | None, Query(max_length=64)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="A random key for each submission; a repetition with the same key gets "
        "the same answer.",
    ),
]
RevisionNumber = Annotated[int, Path(ge=1, le=100_000)]

DISBURSEMENT = {"project": "DA2", "source": "central", "origin": "current_year"}
NOT_ACCEPTABLE = StateConflict(REVIEW[DecisionAction.ACCEPTED][ReportStatus.DRAFT])
NOT_RETURNABLE = StateConflict(REVIEW[DecisionAction.RETURNED][ReportStatus.DRAFT])
NOT_REOPENABLE = StateConflict(REVIEW[DecisionAction.REOPENED][ReportStatus.SUBMITTED])
INCOMPLETE = ReportIncomplete([validation.missing_figure("DA2", "DA2.05", "Số hộ tham gia")])
UNCONFIRMED = WarningsUnconfirmed(
    [
        FieldError(
            "/disbursements/0",
            "not_allocated",
            money.NOT_ALLOCATED,
            {"subject": name_subject("/disbursements/0", DISBURSEMENT, {})},
            level="warning",
            about={"project": "DA2", "indicator": None},
        )
    ]
)
"""Problems as these operations answer them, for the document."""


@router.get(
    "",
    summary="List reports",
    response_model=Page[ObligationOut],
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_reports(
    principal: ReportsReader,
    driver: DirectDriver,
    now: Now,
    plan: PlanCode = None,
    period: Code = None,
    agency: Code = None,
    status: ReportStatus | None = None,
    timeliness: Timeliness | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Response:
    """List the state of every report; `status=submitted` lists those to review."""
    filters = ObligationFilter(
        plan=plan, period=period, agency=agency, timeliness=timeliness, report_status=status
    )
    body = await obligations.list_page(
        driver, principal, filters, now=now, limit=limit, cursor=cursor
    )
    return Response(body, media_type="application/json")


@router.get(
    "/{period}/{agency}",
    summary="Get a report",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_report(
    key: AddressedReport,
    principal: ReportsReader,
    driver: DirectDriver,
    now: Now,
    language: AnswerLanguage,
) -> Response:
    """Get the expected figures, the draft with its findings, and the last revision.

    Answers from the moment that the obligation exists.
    """
    return report_response(await reading.get(driver, principal, key, now=now, language=language))


@router.post(
    "/{period}/{agency}/submit",
    summary="Submit a report",
    response_model=ReportOut,
    responses=problems(
        NotFound,
        AmbiguousPlan,
        StateConflict(submission.NO_DRAFT),
        Stale,
        KeyReused,
        INCOMPLETE,
        UNCONFIRMED,
    )
    | {200: {"headers": references("Idempotent-Replayed")}},
)
async def submit_report(
    key: AddressedReport,
    request: Request,
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: UnchangedIfGiven,
    body: Submission | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit the draft. After a lost answer, repeat the request with the same Idempotency-Key."""
    body = body or Submission()
    answer = await submission.submit(
        driver,
        action,
        key,
        IdempotentRequest(idempotency_key, _fingerprint(request, body)),
        warnings_note=body.warnings_note,
        received_at=body.received_at,
        check_version=unchanged,
    )
    return report_response(answer)


def _fingerprint(request: Request, body: Submission) -> str:
    what = f"{request.method} {request.url.path}?{request.url.query}\n{body.model_dump_json()}"
    return hashlib.sha256(what.encode()).hexdigest()


@router.post(
    "/{period}/{agency}/recall",
    summary="Recall a report",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict(recall.OPENED), Stale),
)
async def recall_report(
    key: AddressedReport,
    action: ReportsAction,
    driver: DirectDriver,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
) -> Response:
    """Take a submitted report back while no reviewer has opened it; it becomes a draft again.

    Its first submission still decides timeliness, and its revision stays.
    """
    answer = await recall.recall(driver, action, key, check_version=unchanged, language=language)
    return report_response(answer)


@router.post(
    "/{period}/{agency}/return",
    summary="Return a report",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, OtherOwner, NOT_RETURNABLE, Stale),
)
async def return_report(
    key: AddressedReport,
    body: Return,
    action: ReviewAction,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
) -> Response:
    """Return a report for correction; its timeliness stays that of the first submission."""
    answer = await review.return_for_correction(
        session,
        action,
        key,
        reason=body.reason,
        comments=[comment.model_dump() for comment in body.comments],
        correction_due=body.correction_due,
        check_version=unchanged,
        language=language,
    )
    return report_response(answer)


@router.post(
    "/{period}/{agency}/accept",
    summary="Accept a report",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, OtherOwner, NOT_ACCEPTABLE, Stale),
)
async def accept_report(
    key: AddressedReport,
    action: ReviewAction,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
    body: Acceptance | None = None,
) -> Response:
    """Accept the last revision; aggregates of accepted reports include it from now on."""
    note = body.note if body else None
    answer = await review.accept(
        session, action, key, note=note, check_version=unchanged, language=language
    )
    return report_response(answer)


@router.post(
    "/{period}/{agency}/reopen",
    summary="Reopen a report",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, OtherOwner, NOT_REOPENABLE, Stale),
)
async def reopen_report(
    key: AddressedReport,
    body: Reopening,
    action: ReviewAction,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
    language: AnswerLanguage,
) -> Response:
    """Reopen an accepted report.

    Its accepted revision stays in the aggregates until another one is accepted.
    """
    answer = await review.reopen(
        session, action, key, note=body.note, check_version=unchanged, language=language
    )
    return report_response(answer)


@router.get(
    "/{period}/{agency}/revisions",
    summary="List revisions",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_revisions(
    key: AddressedReport,
    principal: ReportsReader,
    session: ReadSession,
    now: Now,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[RevisionOut]:
    """List every revision, the first one first."""
    items, next_cursor = await reading.list_revisions(
        session, principal, key, now=now, limit=limit, cursor=cursor
    )
    return Page[RevisionOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get(
    "/{period}/{agency}/revisions/{number}",
    summary="Get a revision",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_revision(
    key: AddressedReport,
    number: RevisionNumber,
    principal: ReportsReader,
    session: ReadSession,
    now: Now,
) -> RevisionOut:
    """Get one revision as it was submitted."""
    revision = await reading.get_revision(session, principal, key, number, now=now)
    return RevisionOut.model_validate(revision)


@router.get(
    "/{period}/{agency}/revisions/{number}/diff",
    summary="Compare two revisions",
    responses=problems(NotFound, AmbiguousPlan),
)
async def compare_revisions(
    key: AddressedReport,
    number: RevisionNumber,
    earlier: Annotated[
        int,
        Query(alias="from", ge=1, le=100_000, description="The revision to compare with."),
    ],
    principal: ReportsReader,
    session: ReadSession,
    now: Now,
) -> DifferencesOut:
    """List the fields in which a revision differs from another one, line by line.

    Lines are matched by indicator, and by project, source, origin and nature of money.
    """
    changes = await reading.compare_revisions(
        session, principal, key, number, earlier=earlier, now=now
    )
    return DifferencesOut.model_validate(
        {"from_number": earlier, "number": number, "differences": changes}
    )
