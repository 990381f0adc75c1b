"""Reports: drafted and sent by agencies, accepted or returned by the coordinating office."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from app.errors import (
    AmbiguousPlan,
    KeyReused,
    NotFound,
    PreconditionRequired,
    ReportIncomplete,
    Stale,
    StateConflict,
    WarningsUnconfirmed,
)
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.routers.address import At
from app.routers.dependencies import (
    PAGE_SIZE,
    Asking,
    Cursor,
    Limit,
    Now,
    PlanCode,
    ReadSession,
    ReportsReader,
    ReportsReviewer,
    ReportsWriter,
    Unchanged,
    UnchangedIfGiven,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.obligations import ObligationOut
from app.schemas.reports import (
    Acceptance,
    Reopening,
    ReportBody,
    ReportOut,
    Return,
    RevisionOut,
    Submission,
)
from app.services import lookup
from app.services.periods import obligations
from app.services.periods.obligations import Filter, Place
from app.services.reports import drafting, idempotency, reading, review, submission
from app.services.reports.idempotency import Attempt
from app.services.reports.reading import Answer
from app.vocabulary import ReportStatus, Timeliness

router = APIRouter(prefix="/reports", tags=["reports"], route_class=StrictRoute)

Code = Annotated[str | None, Query(max_length=64)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Một mã ngẫu nhiên cho mỗi lần gửi; gửi lại cùng mã nhận lại cùng câu trả lời.",
    ),
]


def _answer(answer: Answer) -> Response:
    return Response(
        answer.body, media_type="application/json", headers={"ETag": etag(answer.version)}
    )


@router.get(
    "",
    summary="Danh sách báo cáo",
    response_model=Page[ObligationOut],
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_reports(
    principal: ReportsReader,
    questions: Asking,
    now: Now,
    plan: PlanCode = None,
    period: Code = None,
    agency: Code = None,
    status: ReportStatus | None = None,
    timeliness: Timeliness | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Response:
    """Where every report stands; `status` tells those to review (`submitted`) from the others."""
    if plan is not None or period is not None:
        plan = await lookup.find_plan_code(questions, principal, plan, period=period)
    wanted = Filter(plan=plan, period=period, agency=agency, status=status, timeliness=timeliness)
    body = await obligations.listed(
        questions, principal, wanted, now=now, limit=limit, cursor=cursor
    )
    return Response(body, media_type="application/json")


@router.get(
    "/{period}/{agency}",
    summary="Một báo cáo",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_report(at: At, principal: ReportsReader, questions: Asking) -> Response:
    """What is expected, the draft with its findings, the last revision. Answers from day one."""
    return _answer(await at.read(questions, principal))


@router.put(
    "/{period}/{agency}/draft",
    summary="Lưu bản nháp",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict, Stale, PreconditionRequired),
)
async def save_draft(
    at: At,
    body: ReportBody,
    principal: ReportsWriter,
    session: WriteSession,
    unchanged: Unchanged,
) -> Response:
    """Save the working copy over the version that was read; it may be incomplete."""
    await drafting.save(
        session,
        await at.locked(session, principal),
        body.model_dump(mode="json"),
        check_version=unchanged,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _answer(await at.read(session, principal))


@router.post(
    "/{period}/{agency}/submit",
    summary="Gửi báo cáo",
    response_model=ReportOut,
    responses=problems(
        NotFound,
        AmbiguousPlan,
        StateConflict,
        Stale,
        KeyReused,
        ReportIncomplete,
        WarningsUnconfirmed,
    ),
)
async def submit_report(
    at: At,
    principal: ReportsWriter,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
    body: Submission | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send the draft. Over a bad line, send again with the same Idempotency-Key."""
    said = body or Submission()

    async def send() -> Answer:
        await submission.submit(
            session,
            principal,
            await at.locked(session, principal),
            warnings_note=said.warnings_note,
            received_at=said.received_at,
            check_version=unchanged,
            now=at.now,
            actor=actor(at.request, principal),
        )
        return await at.read(session, principal)

    async def look() -> Place:
        return await at.place(session, principal)

    attempt = Attempt(principal.name, idempotency_key, _fingerprint(at.request, said))
    return _answer(await idempotency.once(session, attempt, at.now, send, look))


def _fingerprint(request: Request, body: Submission) -> str:
    what = f"{request.method} {request.url.path}?{request.url.query}\n{body.model_dump_json()}"
    return hashlib.sha256(what.encode()).hexdigest()


@router.post(
    "/{period}/{agency}/return",
    summary="Trả lại để sửa",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict, Stale),
)
async def return_report(
    at: At,
    body: Return,
    principal: ReportsReviewer,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
) -> Response:
    """Send a report back with what to mend; its timeliness stays that of its first sending."""
    await review.send_back(
        session,
        await at.locked(session, principal),
        reason=body.reason,
        comments=[comment.model_dump() for comment in body.comments],
        correction_due=body.correction_due,
        check_version=unchanged,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _answer(await at.read(session, principal))


@router.post(
    "/{period}/{agency}/accept",
    summary="Duyệt báo cáo",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict, Stale),
)
async def accept_report(
    at: At,
    principal: ReportsReviewer,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
    body: Acceptance | None = None,
) -> Response:
    """Accept the last revision; from now on it is in the sums of accepted reports."""
    await review.accept(
        session,
        await at.locked(session, principal),
        note=body.note if body else None,
        check_version=unchanged,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _answer(await at.read(session, principal))


@router.post(
    "/{period}/{agency}/reopen",
    summary="Mở lại báo cáo đã duyệt",
    response_model=ReportOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict, Stale),
)
async def reopen_report(
    at: At,
    body: Reopening,
    principal: ReportsReviewer,
    session: WriteSession,
    unchanged: UnchangedIfGiven,
) -> Response:
    """Take an acceptance back. The accepted revision stays in the sums until the next one is."""
    await review.reopen(
        session,
        await at.locked(session, principal),
        note=body.note,
        check_version=unchanged,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _answer(await at.read(session, principal))


@router.get(
    "/{period}/{agency}/revisions",
    summary="Các bản đã gửi",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_revisions(
    at: At,
    principal: ReportsReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[RevisionOut]:
    """Every version that was ever sent, the first one first."""
    place = await at.place(session, principal)
    found, following = await reading.revisions(session, place, limit=limit, cursor=cursor)
    return Page[RevisionOut].model_validate({"items": found, "next_cursor": following})


@router.get(
    "/{period}/{agency}/revisions/{number}",
    summary="Một bản đã gửi",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_revision(
    at: At,
    number: Annotated[int, Path(ge=1, le=100_000)],
    principal: ReportsReader,
    session: ReadSession,
) -> RevisionOut:
    """One version as it was sent."""
    place = await at.place(session, principal)
    return RevisionOut.model_validate(await reading.revision(session, place, number))
