"""Working days: a district's exceptions to weekends and public holidays."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale
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
from app.schemas.base import Day, Page
from app.schemas.periods import WorkingDayIn, WorkingDayOut
from app.services.periods import working_days

router = APIRouter(prefix="/working-days", tags=["schedules"], route_class=StrictRoute)

OneDay = Annotated[Day, Path(description="Ngày, YYYY-MM-DD.")]


@router.get(
    "",
    summary="Ngày làm việc hoán đổi trong năm",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_working_days(
    principal: ReferenceReader,
    session: ReadSession,
    year: Annotated[int, Query(ge=2000, le=2100)],
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[WorkingDayOut]:
    """The exceptions in the plan's district, by day."""
    items, following = await working_days.listed(
        session, principal, plan, year, limit=limit, cursor=cursor
    )
    return Page[WorkingDayOut].model_validate({"items": items, "next_cursor": following})


@router.get("/{day}", summary="Một ngày hoán đổi", responses=problems(NotFound, AmbiguousPlan))
async def get_working_day(
    day: OneDay,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> WorkingDayOut:
    """One exception in the plan's district; its ETag is for changing it."""
    found = await working_days.find(session, principal, plan, day)
    response.headers["ETag"] = etag(found["version"])
    return WorkingDayOut.model_validate(found)


@router.put(
    "/{day}",
    summary="Đặt ngày nghỉ hoặc ngày làm bù",
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale)
    | {201: {"model": WorkingDayOut, "description": "Ngày hoán đổi mới"}},
)
async def put_working_day(
    day: OneDay,
    body: WorkingDayIn,
    request: Request,
    response: Response,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> WorkingDayOut:
    """Say that a day is off, or worked, in the plan's district. New periods follow it.

    If-Match is needed only where the day is an exception already.
    """
    found, is_new = await working_days.put(
        session,
        principal,
        plan,
        day,
        body.model_dump(),
        check_version=unchanged,
        now=now,
        actor=actor(request, principal),
    )
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(found["version"])
    return WorkingDayOut.model_validate(found)


@router.delete(
    "/{day}",
    summary="Bỏ ngày hoán đổi",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def delete_working_day(
    day: OneDay,
    request: Request,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> None:
    """Let a day be what the calendar says."""
    await working_days.remove(
        session,
        principal,
        plan,
        day,
        check_version=unchanged,
        now=now,
        actor=actor(request, principal),
    )
