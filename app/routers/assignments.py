"""Assignments: which agency leads or coordinates in which project."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale, StateConflict
from app.http.headers import etag
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    OnDay,
    PlanCode,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.projects import AssignmentIn, AssignmentOut
from app.services.reference import assignments
from app.vocabulary import AssignmentRole

HAS_MONEY = StateConflict(assignments.HAS_MONEY, agency="15493", project="DA2")

router = APIRouter(prefix="/assignments", tags=["assignments"], route_class=ReferenceRoute)


@router.get("", summary="List assignments", responses=problems(NotFound, AmbiguousPlan))
async def list_assignments(
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    plan: PlanCode = None,
    project: Annotated[
        str | None, Query(max_length=64, description="The project, with its sub-projects.")
    ] = None,
    agency: Annotated[
        str | None, Query(max_length=64, description="The code of the agency.")
    ] = None,
    role: AssignmentRole | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[AssignmentOut]:
    """List the lead and coordinating agencies, in the plan's order of projects."""
    items, next_cursor = await assignments.list_page(
        session,
        principal,
        plan=plan,
        project=project,
        agency=agency,
        role=role,
        on=on,
        limit=limit,
        cursor=cursor,
    )
    return Page[AssignmentOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get(
    "/{project}/{agency}",
    summary="Get an assignment",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_assignment(
    project: str,
    agency: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    plan: PlanCode = None,
) -> AssignmentOut:
    """Get the assignment of an agency to a project. Send its ETag to change it."""
    assignment = await assignments.get(session, principal, project, agency, plan=plan, on=on)
    response.headers["ETag"] = etag(assignment["version"])
    return AssignmentOut.model_validate(assignment)


@router.put(
    "/{project}/{agency}",
    summary="Put an assignment",
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale)
    | {201: {"model": AssignmentOut, "description": "A new assignment."}},
)
async def assign_agency(
    project: str,
    agency: str,
    body: AssignmentIn,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    on: OnDay,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> AssignmentOut:
    """Assign an agency to a project (201), or change its role (200).

    If-Match is required only if the assignment exists already.
    """
    assignment, is_new = await assignments.assign(
        session,
        action,
        project,
        agency,
        body.role,
        plan=plan,
        on=on,
        check_version=unchanged,
    )
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(assignment["version"])
    return AssignmentOut.model_validate(assignment)


@router.delete(
    "/{project}/{agency}",
    summary="Delete an assignment",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan, HAS_MONEY, PreconditionRequired, Stale),
)
async def withdraw_agency(
    project: str,
    agency: str,
    action: ReferenceAction,
    session: WriteSession,
    on: OnDay,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> None:
    """Delete an assignment. The agency must not have budget lines of the project."""
    await assignments.unassign(
        session,
        action,
        project,
        agency,
        plan=plan,
        on=on,
        check_version=unchanged,
    )
