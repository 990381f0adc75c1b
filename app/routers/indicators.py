"""Indicators: the catalogue of the figures that are reported or derived."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import (
    AmbiguousPlan,
    NotFound,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.http.headers import etag, location
from app.http.problems import CONSTRAINTS
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    PlanCode,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.indicators import IndicatorIn, IndicatorOut, IndicatorPatch
from app.services.reference import indicators
from app.services.reference.indicators import IndicatorFilter
from app.vocabulary import Frequency

HAS_FIGURES = StateConflict(indicators.HAS_FIGURES, code="DA2.02", fields="unit")

router = APIRouter(prefix="/indicators", tags=["indicators"], route_class=ReferenceRoute)


@router.get("", summary="List indicators", responses=problems(NotFound, AmbiguousPlan))
async def list_indicators(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    project: Annotated[
        str | None, Query(max_length=64, description="The project, with its sub-projects.")
    ] = None,
    frequency: Frequency | None = None,
    filled_by: Annotated[
        str | None,
        Query(max_length=64, description="`communes`, `leads`, or the code of an agency."),
    ] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[IndicatorOut]:
    """List the indicators in the order of the catalogue."""
    filters = IndicatorFilter(project=project, frequency=frequency, filled_by=filled_by)
    items, next_cursor = await indicators.list_page(
        session, principal, filters, plan=plan, limit=limit, cursor=cursor
    )
    return Page[IndicatorOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{code}", summary="Get an indicator", responses=problems(NotFound, AmbiguousPlan))
async def get_indicator(
    code: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> IndicatorOut:
    """Get an indicator. Send its ETag to change it."""
    indicator = await indicators.get(session, principal, code, plan=plan)
    response.headers["ETag"] = etag(indicator["version"])
    return IndicatorOut.model_validate(indicator)


@router.post(
    "",
    summary="Create an indicator",
    status_code=201,
    responses=problems(NotFound, AmbiguousPlan, CONSTRAINTS["plan_indicator_pkey"]),
)
async def create_indicator(
    body: IndicatorIn,
    request: Request,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    plan: PlanCode = None,
) -> IndicatorOut:
    """Add an indicator that agencies report, or one that is derived by a formula."""
    indicator = await indicators.create(session, action, body.model_dump(), plan=plan)
    response.headers["ETag"] = etag(indicator["version"])
    response.headers["Location"] = location(request, indicator["code"])
    return IndicatorOut.model_validate(indicator)


@router.patch(
    "/{code}",
    summary="Change an indicator",
    responses=problems(NotFound, AmbiguousPlan, HAS_FIGURES, PreconditionRequired, Stale),
)
async def change_indicator(
    code: str,
    body: IndicatorPatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> IndicatorOut:
    """Change an indicator.

    Project, unit, kind and formula cannot change after figures were reported.
    """
    indicator = await indicators.change(
        session,
        action,
        code,
        body.model_dump(),
        plan=plan,
        check_version=unchanged,
    )
    response.headers["ETag"] = etag(indicator["version"])
    return IndicatorOut.model_validate(indicator)
