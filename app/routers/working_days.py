"""Working days: a government's exceptions to weekends and public holidays."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale
from app.http.headers import etag
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
from app.schemas.base import Day, Page
from app.schemas.periods import WorkingDayIn, WorkingDayOut
from app.services.periods import working_days

router = APIRouter(prefix="/working-days", tags=["schedules"], route_class=ReferenceRoute)

OneDay = Annotated[Day, Path(description="The day, YYYY-MM-DD.")]


@router.get(
    "",
    summary="List the swapped working days of a year",
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
    """The exceptions of the plan's owner, by day."""
    rows, next_cursor = await working_days.list_page(
        session, principal, year, plan=plan, limit=limit, cursor=cursor
    )
    items = [WorkingDayOut.model_validate(row._asdict()) for row in rows]
    return Page[WorkingDayOut](items=items, next_cursor=next_cursor)


@router.get(
    "/{day}", summary="Get a swapped working day", responses=problems(NotFound, AmbiguousPlan)
)
async def get_working_day(
    day: OneDay,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> WorkingDayOut:
    """One exception of the plan's owner, with the ETag that a change of it requires."""
    row = await working_days.get(session, principal, day, plan=plan)
    response.headers["ETag"] = etag(row.version)
    return WorkingDayOut.model_validate(row._asdict())


@router.put(
    "/{day}",
    summary="Put a day off or a worked day",
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale)
    | {201: {"model": WorkingDayOut, "description": "A new swapped day."}},
)
async def put_working_day(
    day: OneDay,
    body: WorkingDayIn,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> WorkingDayOut:
    """Make a day off, or worked, of the plan's owner.

    Only periods that are generated later follow it. If-Match is required only where the day is an
    exception already.
    """
    row, is_new = await working_days.put(
        session, action, day, body.model_dump(), plan=plan, check_version=unchanged
    )
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(row.version)
    return WorkingDayOut.model_validate(row._asdict())


@router.delete(
    "/{day}",
    summary="Delete a swapped working day",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def delete_working_day(
    day: OneDay,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> None:
    """Delete an exception: weekends and public holidays decide about the day again."""
    await working_days.delete(session, action, day, plan=plan, check_version=unchanged)
