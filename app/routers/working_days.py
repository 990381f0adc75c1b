"""Working days: a district's exceptions to weekends and public holidays."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from app.errors import AmbiguousPlan, NotFound
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    Now,
    PlanCode,
    ReadSession,
    ReferenceReader,
    ReferenceWriter,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.routing import StrictRoute
from app.schemas.base import Day, Page
from app.schemas.periods import WorkingDayIn, WorkingDayOut
from app.services import calendar_exceptions

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
    items, following = await calendar_exceptions.listed(
        session, principal, plan, year, limit=limit, cursor=cursor
    )
    return Page[WorkingDayOut].model_validate({"items": items, "next_cursor": following})


@router.put(
    "/{day}",
    summary="Đặt ngày nghỉ hoặc ngày làm bù",
    response_model=WorkingDayOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def put_working_day(
    day: OneDay,
    body: WorkingDayIn,
    request: Request,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> Any:
    """Say that a day is off, or worked, in the plan's district. New periods follow it."""
    return await calendar_exceptions.put(
        session,
        principal,
        plan,
        day,
        body.change,
        body.note,
        now=now,
        actor=actor(request, principal),
    )


@router.delete(
    "/{day}",
    summary="Bỏ ngày hoán đổi",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan),
)
async def delete_working_day(
    day: OneDay,
    request: Request,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> None:
    """Let a day be what the calendar says."""
    await calendar_exceptions.remove(
        session, principal, plan, day, now=now, actor=actor(request, principal)
    )
