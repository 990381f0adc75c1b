"""Schedules, and the reporting periods made from them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale, StateConflict
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.models.periods import ReportingPeriod, Schedule
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    Now,
    PeriodsManager,
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
from app.schemas.periods import (
    GeneratedYear,
    GenerateYear,
    PeriodOut,
    ScheduleOut,
    SchedulePatch,
)
from app.services import lookup
from app.services.periods import periods, schedules
from app.vocabulary import Frequency, PeriodState

router = APIRouter(route_class=StrictRoute)


def _period(period: ReportingPeriod, plan: str) -> dict[str, Any]:
    return {name: getattr(period, name, None) for name in PeriodOut.model_fields} | {"plan": plan}


def _schedule(schedule: Schedule, plan: str, reporters: list[str]) -> dict[str, Any]:
    found = {name: getattr(schedule, name, None) for name in ScheduleOut.model_fields}
    return found | {"plan": plan, "reporters": reporters}


@router.get(
    "/schedules", tags=["schedules"], summary="Các chế độ báo cáo", responses=problems(NotFound)
)
async def list_schedules(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ScheduleOut]:
    """The rules from which reporting periods are made."""
    rows, following = await schedules.listed(session, principal, plan, limit=limit, cursor=cursor)
    items = [_schedule(row[0], row[1], row[2]) for row in rows]
    return Page[ScheduleOut].model_validate({"items": items, "next_cursor": following})


@router.get(
    "/schedules/{code}",
    tags=["schedules"],
    summary="Một chế độ báo cáo",
    response_model=ScheduleOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_schedule(
    code: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> Any:
    """One schedule; its ETag is for changing it."""
    schedule, plan_code, reporters = await schedules.one(session, principal, code, plan)
    response.headers["ETag"] = etag(schedule.version)
    return _schedule(schedule, plan_code, reporters)


@router.patch(
    "/schedules/{code}",
    tags=["schedules"],
    summary="Sửa chế độ báo cáo",
    response_model=ScheduleOut,
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def change_schedule(
    code: str,
    body: SchedulePatch,
    request: Request,
    response: Response,
    principal: ReferenceWriter,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> Any:
    """Change a rule. Periods that exist already keep their dates."""
    found = await lookup.get_managed_plan(session, principal, plan)
    schedule, _, reporters = await schedules.one(session, principal, code, found.code)
    unchanged(schedule.version)
    await schedules.change(
        session,
        found,
        schedule,
        reporters,
        body.model_dump(),
        now=now,
        actor=actor(request, principal),
    )
    schedule, plan_code, reporters = await schedules.one(session, principal, code, found.code)
    response.headers["ETag"] = etag(schedule.version)
    return _schedule(schedule, plan_code, reporters)


@router.get(
    "/reporting-periods",
    tags=["reporting-periods"],
    summary="Các kỳ báo cáo",
    responses=problems(NotFound),
)
async def list_reporting_periods(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    frequency: Frequency | None = None,
    state: PeriodState | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[PeriodOut]:
    """Periods in the order in which they are due: the annual one before the fourth quarter."""
    rows, following = await periods.listed(
        session,
        principal,
        plan=plan,
        year=year,
        frequency=frequency,
        state=state,
        limit=limit,
        cursor=cursor,
    )
    items = [_period(row[0], row[1]) for row in rows]
    return Page[PeriodOut].model_validate({"items": items, "next_cursor": following})


@router.post(
    "/reporting-periods/generate",
    tags=["reporting-periods"],
    summary="Tạo các kỳ báo cáo của một năm",
    responses=problems(NotFound, AmbiguousPlan),
)
async def generate_reporting_periods(
    body: GenerateYear,
    request: Request,
    principal: PeriodsManager,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> GeneratedYear:
    """Make a year's periods and obligations from the schedules; asking again makes nothing new."""
    found = await lookup.get_managed_plan(session, principal, plan)
    created = await periods.generate_year(
        session, found, body.year, now=now, actor=actor(request, principal)
    )
    return GeneratedYear(plan=found.code, year=body.year, created=created)


@router.get(
    "/reporting-periods/{code}",
    tags=["reporting-periods"],
    summary="Một kỳ báo cáo",
    response_model=PeriodOut,
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_reporting_period(
    code: str,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> Any:
    """What the period's figures cover, when it is due, and from which instant a report is late."""
    period, plan_code = await periods.get(session, principal, code, plan=plan)
    return _period(period, plan_code)


async def _set_state(
    state: PeriodState,
    code: str,
    request: Request,
    principal: PeriodsManager,
    session: WriteSession,
    now: Now,
    plan: str | None,
) -> Any:
    period, found = await periods.set_state(
        session, principal, code, plan, state, now=now, actor=actor(request, principal)
    )
    return _period(period, found.code)


@router.post(
    "/reporting-periods/{code}/close",
    tags=["reporting-periods"],
    summary="Khóa kỳ báo cáo",
    response_model=PeriodOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def close_reporting_period(
    code: str,
    request: Request,
    principal: PeriodsManager,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> Any:
    """Take no more drafts and submissions for a period."""
    return await _set_state(PeriodState.CLOSED, code, request, principal, session, now, plan)


@router.post(
    "/reporting-periods/{code}/open",
    tags=["reporting-periods"],
    summary="Mở lại kỳ báo cáo",
    response_model=PeriodOut,
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def open_reporting_period(
    code: str,
    request: Request,
    principal: PeriodsManager,
    session: WriteSession,
    now: Now,
    plan: PlanCode = None,
) -> Any:
    """Take drafts and submissions again."""
    return await _set_state(PeriodState.OPEN, code, request, principal, session, now, plan)
