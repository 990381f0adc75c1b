"""Routes of obligations."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import AmbiguousPlan, NotFound, OtherOwner, StateConflict
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AddressedReport,
    Cursor,
    DirectDriver,
    Limit,
    Now,
    ObligationsAction,
    ObligationsReader,
    PlanCode,
    ReadSession,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.obligations import ExemptionIn, ExtensionIn, Matrix, ObligationOut
from app.services.periods import exemptions, extensions, obligations
from app.services.periods.exemptions import Ground
from app.services.periods.extensions import Grant
from app.services.periods.obligations import ObligationFilter
from app.vocabulary import Timeliness

router = APIRouter(prefix="/obligations", tags=["obligations"], route_class=StrictRoute)

Year = Annotated[int, Query(ge=2000, le=2100)]
Code = Annotated[str | None, Query(max_length=64)]


def _json(body: str) -> Response:
    return Response(body, media_type="application/json")


@router.get(
    "",
    summary="List obligations",
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
    """List the obligations, the earliest due first, with their timeliness now."""
    filters = ObligationFilter(
        plan=plan, period=period, year=year, agency=agency, timeliness=timeliness
    )
    page = await obligations.list_page(
        driver, principal, filters, now=now, limit=limit, cursor=cursor
    )
    return _json(page)


@router.get(
    "/matrix",
    summary="Get the matrix of a year",
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
    """Get a year's timeliness: one row per agency, one cell per period."""
    return _json(await obligations.get_matrix(driver, principal, year, plan=plan, now=now))


@router.get(
    "/{period}/{agency}",
    summary="Get an obligation",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_obligation(
    key: AddressedReport, principal: ObligationsReader, session: ReadSession, now: Now
) -> Response:
    """Get one obligation with its timeliness at this instant."""
    return _json(await obligations.get_document(session, principal, key, now))


@router.put(
    "/{period}/{agency}/extension",
    summary="Extend a due date",
    response_model=ObligationOut,
    responses=problems(
        NotFound, AmbiguousPlan, OtherOwner, StateConflict(extensions.ALREADY_EXEMPT)
    ),
)
async def extend_obligation(
    key: AddressedReport, body: ExtensionIn, action: ObligationsAction, session: WriteSession
) -> Response:
    """Extend the due date of one agency; a submitted report keeps its timeliness."""
    extension = Grant(body.reason, body.document_number)
    return _json(await extensions.extend(session, action, key, body.due_date, extension))


@router.put(
    "/{period}/{agency}/exemption",
    summary="Exempt an agency",
    response_model=ObligationOut,
    responses=problems(
        NotFound, AmbiguousPlan, OtherOwner, StateConflict(exemptions.ALREADY_SUBMITTED)
    ),
)
async def exempt_obligation(
    key: AddressedReport, body: ExemptionIn, action: ObligationsAction, session: WriteSession
) -> Response:
    """Exempt an agency from the report of a period: it is neither overdue nor missing.

    It can still send one, which is counted and judged by its date.
    """
    ground = Ground(body.reason, body.document_number)
    return _json(await exemptions.exempt(session, action, key, ground))


@router.delete(
    "/{period}/{agency}/exemption",
    summary="End an exemption",
    response_model=ObligationOut,
    responses=problems(NotFound, AmbiguousPlan, OtherOwner, StateConflict(exemptions.NOT_EXEMPT)),
)
async def end_exemption(
    key: AddressedReport, action: ObligationsAction, session: WriteSession
) -> Response:
    """End an exemption: the report is due again."""
    return _json(await exemptions.end(session, action, key))
