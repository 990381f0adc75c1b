"""Indicators: the office's own catalogue of what is counted."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.clock import local_day
from app.errors import (
    AlreadyExists,
    AmbiguousPlan,
    NotFound,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    Now,
    PlanCode,
    ReadSession,
    ReferenceReader,
    ReferenceWriter,
    Unchanged,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.indicators import IndicatorIn, IndicatorOut, IndicatorPatch
from app.services.reference import indicators
from app.services.reference.indicators import Filter
from app.vocabulary import Frequency

router = APIRouter(prefix="/indicators", tags=["indicators"], route_class=StrictRoute)


@router.get("", summary="Danh mục chỉ tiêu", responses=problems(NotFound, AmbiguousPlan))
async def list_indicators(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    project: Annotated[
        str | None, Query(max_length=64, description="Dự án, kể cả các tiểu dự án của nó.")
    ] = None,
    frequency: Frequency | None = None,
    filled_by: Annotated[
        str | None, Query(max_length=64, description="communes, leads, hoặc mã cơ quan.")
    ] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[IndicatorOut]:
    """The indicators in the order of the catalogue."""
    wanted = Filter(project=project, frequency=frequency, filled_by=filled_by)
    items, following = await indicators.listed(
        session, principal, plan, wanted, limit=limit, cursor=cursor
    )
    return Page[IndicatorOut].model_validate({"items": items, "next_cursor": following})


@router.get("/{code}", summary="Một chỉ tiêu", responses=problems(NotFound, AmbiguousPlan))
async def get_indicator(
    code: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> IndicatorOut:
    """One indicator; its ETag is for changing it."""
    found = await indicators.find(session, principal, plan, code)
    response.headers["ETag"] = etag(found["version"])
    return IndicatorOut.model_validate(found)


@router.post(
    "",
    summary="Thêm chỉ tiêu",
    status_code=201,
    responses=problems(NotFound, AmbiguousPlan, AlreadyExists),
)
async def create_indicator(
    body: IndicatorIn,
    request: Request,
    response: Response,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> IndicatorOut:
    """Add an indicator that somebody fills in, or one that is derived by a formula."""
    made = await indicators.create(
        session,
        principal,
        plan,
        body.model_dump(),
        today=local_day(now),
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(made["version"])
    return IndicatorOut.model_validate(made)


@router.patch(
    "/{code}",
    summary="Sửa chỉ tiêu",
    responses=problems(NotFound, AmbiguousPlan, StateConflict, PreconditionRequired, Stale),
)
async def change_indicator(
    code: str,
    body: IndicatorPatch,
    request: Request,
    response: Response,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> IndicatorOut:
    """Change an indicator. What gives its figures their meaning stays once there are some."""
    found = await indicators.change(
        session,
        principal,
        plan,
        code,
        body.model_dump(),
        check_version=unchanged,
        today=local_day(now),
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(found["version"])
    return IndicatorOut.model_validate(found)
