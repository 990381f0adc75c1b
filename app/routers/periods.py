"""Schedules, and the reporting periods generated from them."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale, StateConflict
from app.http.headers import etag
from app.http.revalidation import ReferenceRoute
from app.models.periods import ReportingPeriod
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    PeriodsAction,
    PeriodsReader,
    PlanCode,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.periods import (
    ChangedScheduleOut,
    GeneratedYear,
    GenerateYear,
    PeriodExemptionOut,
    PeriodOut,
    ScheduleOut,
    SchedulePatch,
    SchedulePreview,
)
from app.services.periods import exemptions, periods, schedules
from app.vocabulary import Frequency, PeriodState

ALREADY_CLOSED = StateConflict(periods.UNCHANGED_STATE[PeriodState.CLOSED], code="2024-Q2")
ALREADY_OPEN = StateConflict(periods.UNCHANGED_STATE[PeriodState.OPEN], code="2024-Q2")
NOT_BEFORE_PLAN = StateConflict(exemptions.NOT_BEFORE_PLAN, period="2024-Q2")

router = APIRouter(route_class=ReferenceRoute)


def _period(period: ReportingPeriod, plan: str) -> PeriodOut:
    columns = PeriodOut.model_fields.keys() - {"plan"}
    values = {name: getattr(period, name) for name in columns}
    return PeriodOut.model_validate(values | {"plan": plan})


@router.get(
    "/schedules", tags=["schedules"], summary="List schedules", responses=problems(NotFound)
)
async def list_schedules(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ScheduleOut]:
    """The schedules from which reporting periods are generated."""
    rows, next_cursor = await schedules.list_page(
        session, principal, plan=plan, limit=limit, cursor=cursor
    )
    items = [ScheduleOut.model_validate(row._asdict()) for row in rows]
    return Page[ScheduleOut](items=items, next_cursor=next_cursor)


@router.get(
    "/schedules/{code}",
    tags=["schedules"],
    summary="Get a schedule",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_schedule(
    code: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> ScheduleOut:
    """One schedule, with the ETag that a change of it requires."""
    row = await schedules.get(session, principal, code, plan=plan)
    response.headers["ETag"] = etag(row.version)
    return ScheduleOut.model_validate(row._asdict())


@router.patch(
    "/schedules/{code}",
    tags=["schedules"],
    summary="Change a schedule",
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def change_schedule(
    code: str,
    body: SchedulePatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
    plan: PlanCode = None,
    preview: Annotated[
        bool, Query(description="Only show what would move; nothing is changed.")
    ] = False,
) -> ChangedScheduleOut | SchedulePreview:
    """Change a schedule, and move its open periods to their new due dates or not.

    Without `move_open_periods` they keep their dates; the answer lists them in `kept_periods`. With
    `preview=true` nothing changes: the answer lists the periods and obligations that would move,
    and their timeliness before and after. An agency with an extension keeps the later date. Sent
    reports are judged by the new date, which never makes one late.
    """
    values = body.model_dump()
    if preview:
        previewed = await schedules.preview(
            session, action, code, values, plan=plan, check_version=unchanged
        )
        return SchedulePreview.model_validate(previewed)
    changed = await schedules.change(
        session, action, code, values, plan=plan, check_version=unchanged
    )
    response.headers["ETag"] = etag(changed.row.version)
    return ChangedScheduleOut.model_validate(
        changed.row._asdict() | {"kept_periods": changed.kept_periods}
    )


@router.get(
    "/reporting-periods",
    tags=["reporting-periods"],
    summary="List periods",
    responses=problems(NotFound),
)
async def list_reporting_periods(
    principal: PeriodsReader,
    session: ReadSession,
    plan: PlanCode = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    frequency: Frequency | None = None,
    state: PeriodState | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[PeriodOut]:
    """Periods in the order of their due dates: the annual one before the fourth quarter."""
    rows, next_cursor = await periods.list_page(
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
    return Page[PeriodOut](items=items, next_cursor=next_cursor)


@router.post(
    "/reporting-periods/generate",
    tags=["reporting-periods"],
    summary="Generate the periods of a year",
    responses=problems(NotFound, AmbiguousPlan),
)
async def generate_reporting_periods(
    body: GenerateYear,
    action: PeriodsAction,
    session: WriteSession,
    plan: PlanCode = None,
) -> GeneratedYear:
    """Create the periods and obligations of a year from the schedules, unless they exist."""
    generated = await periods.generate(session, action, body.year, plan=plan)
    return GeneratedYear(
        plan=generated.plan,
        year=body.year,
        created=generated.codes,
        added_obligations=generated.added_obligations,
    )


@router.get(
    "/reporting-periods/{code:period}",
    tags=["reporting-periods"],
    summary="Get a period",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_reporting_period(
    code: str,
    principal: PeriodsReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> PeriodOut:
    """One period: its data window, its due date, and the first instant that is late."""
    return _period(*await periods.get(session, principal, code, plan=plan))


@router.post(
    "/reporting-periods/{code:period}/close",
    tags=["reporting-periods"],
    summary="Close a period",
    responses=problems(NotFound, AmbiguousPlan, ALREADY_CLOSED),
)
async def close_reporting_period(
    code: str, action: PeriodsAction, session: WriteSession, plan: PlanCode = None
) -> PeriodOut:
    """Close a period: it accepts no more drafts and submissions.

    A report that was returned or reopened can still be corrected and submitted again.
    """
    return _period(*await periods.set_state(session, action, code, PeriodState.CLOSED, plan=plan))


@router.post(
    "/reporting-periods/{code:period}/open",
    tags=["reporting-periods"],
    summary="Open a period",
    responses=problems(NotFound, AmbiguousPlan, ALREADY_OPEN),
)
async def open_reporting_period(
    code: str, action: PeriodsAction, session: WriteSession, plan: PlanCode = None
) -> PeriodOut:
    """Open a closed period: it accepts drafts and submissions again."""
    return _period(*await periods.set_state(session, action, code, PeriodState.OPEN, plan=plan))


@router.put(
    "/reporting-periods/{code:period}/exemption",
    tags=["reporting-periods"],
    summary="Exempt all agencies from a period",
    responses=problems(NotFound, AmbiguousPlan, NOT_BEFORE_PLAN),
)
async def exempt_reporting_period(
    code: str, action: PeriodsAction, session: WriteSession, plan: PlanCode = None
) -> PeriodExemptionOut:
    """Exempt all agencies from a period that was due before the plan's `effective_from`.

    Generating periods does this by itself; the call serves periods that existed before. Agencies
    that have sent a report keep its timeliness. A repeated call changes nothing.
    """
    changed = await exemptions.exempt_period(session, action, code, plan=plan)
    return PeriodExemptionOut.model_validate(asdict(changed))


@router.delete(
    "/reporting-periods/{code:period}/exemption",
    tags=["reporting-periods"],
    summary="End the exemption of a period",
    responses=problems(NotFound, AmbiguousPlan),
)
async def end_reporting_period_exemption(
    code: str, action: PeriodsAction, session: WriteSession, plan: PlanCode = None
) -> PeriodExemptionOut:
    """End the exemption of a period that was due before the plan took effect.

    For an owner that has asked for these reports by another document. They are due on the period's
    due date, so late ones are late. Agencies that are exempt by a decision stay exempt. A repeated
    call changes nothing.
    """
    changed = await exemptions.end_for_period(session, action, code, plan=plan)
    return PeriodExemptionOut.model_validate(asdict(changed))
