"""Obligations: what is due, when, and how it stands."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import AmbiguousPlan, NotFound, StateConflict
from app.http.routing import StrictRoute
from app.routers.address import At
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    DirectDriver,
    Limit,
    Now,
    ObligationsManager,
    ObligationsReader,
    PlanCode,
    ReadSession,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.obligations import ExemptionIn, ExtensionIn, Matrix, ObligationOut
from app.services import lookup
from app.services.periods import extensions, obligations
from app.services.periods.obligations import Filter
from app.vocabulary import Timeliness

router = APIRouter(prefix="/obligations", tags=["obligations"], route_class=StrictRoute)

Year = Annotated[int, Query(ge=2000, le=2100)]
Code = Annotated[str | None, Query(max_length=64)]


def _json(body: str) -> Response:
    return Response(body, media_type="application/json")


@router.get(
    "",
    summary="Danh sách nghĩa vụ báo cáo",
    response_model=Page[ObligationOut],
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_obligations(
    principal: ObligationsReader,
    driver: DirectDriver,
    now: Now,
    plan: PlanCode = None,
    period: Code = None,
    agency: Code = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    timeliness: Timeliness | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Response:
    """What is expected of whom, the earliest due first; right to the second."""
    if plan is not None or period is not None:
        plan = await lookup.get_plan_code(driver, principal, plan, period=period)
    wanted = Filter(plan=plan, period=period, agency=agency, year=year, timeliness=timeliness)
    return _json(
        await obligations.listed(driver, principal, wanted, now=now, limit=limit, cursor=cursor)
    )


@router.get(
    "/matrix",
    summary="Ma trận đơn vị × kỳ báo cáo trong năm",
    response_model=Matrix,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_matrix(
    principal: ObligationsReader,
    driver: DirectDriver,
    now: Now,
    year: Year,
    plan: PlanCode = None,
) -> Response:
    """The whole year at a glance: who stands how in which period."""
    found = await lookup.get_plan_code(driver, principal, plan, year=year)
    return _json(await obligations.matrix(driver, principal, found, year, now))


@router.get(
    "/{period}/{agency}",
    summary="Một nghĩa vụ báo cáo",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_obligation(at: At, principal: ObligationsReader, session: ReadSession) -> Response:
    """One obligation as it stands now."""
    place = await at.place(session, principal)
    return _json(await obligations.document(session, place.obligation.id, at.now))


@router.put(
    "/{period}/{agency}/extension",
    summary="Gia hạn",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def extend_obligation(
    at: At, body: ExtensionIn, principal: ObligationsManager, session: WriteSession
) -> Response:
    """Give an agency more time; what was sent already keeps its timeliness."""
    place = await at.locked(session, principal)
    await extensions.extend(
        session,
        place,
        due_date=body.due_date,
        reason=body.reason,
        document_number=body.document_number,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _json(await obligations.document(session, place.obligation.id, at.now))


@router.put(
    "/{period}/{agency}/exemption",
    summary="Miễn báo cáo",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def exempt_obligation(
    at: At, body: ExemptionIn, principal: ObligationsManager, session: WriteSession
) -> Response:
    """Expect no report of an agency for a period; it is not counted as missing."""
    place = await at.locked(session, principal)
    await extensions.set_exempt(
        session,
        place,
        exempt=True,
        reason=body.reason,
        document_number=body.document_number,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _json(await obligations.document(session, place.obligation.id, at.now))


@router.delete(
    "/{period}/{agency}/exemption",
    summary="Bỏ miễn báo cáo",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def end_exemption(at: At, principal: ObligationsManager, session: WriteSession) -> Response:
    """Expect the report again."""
    place = await at.locked(session, principal)
    await extensions.set_exempt(
        session,
        place,
        exempt=False,
        reason="Bỏ miễn",
        document_number=None,
        now=at.now,
        actor=actor(at.request, principal),
    )
    return _json(await obligations.document(session, place.obligation.id, at.now))
