"""Projects and sub-projects of a plan."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import AmbiguousPlan, NotFound, PreconditionRequired, Stale
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
from app.schemas.projects import ProjectIn, ProjectOut, ProjectPatch
from app.services.reference import projects

router = APIRouter(prefix="/projects", tags=["projects"], route_class=ReferenceRoute)


@router.get("", summary="List projects", responses=problems(NotFound, AmbiguousPlan))
async def list_projects(
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
    parent: Annotated[
        str | None, Query(max_length=64, description="Only the sub-projects of this project.")
    ] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ProjectOut]:
    """List the projects and sub-projects in the order of the plan."""
    items, next_cursor = await projects.list_page(
        session, principal, plan=plan, parent=parent, limit=limit, cursor=cursor
    )
    return Page[ProjectOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{code}", summary="Get a project", responses=problems(NotFound, AmbiguousPlan))
async def get_project(
    code: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
    plan: PlanCode = None,
) -> ProjectOut:
    """Get a project with its budgets and agencies. Send its ETag to change it."""
    project = await projects.get(session, principal, code, plan=plan)
    response.headers["ETag"] = etag(project["version"])
    return ProjectOut.model_validate(project)


@router.post(
    "",
    summary="Create a project",
    status_code=201,
    responses=problems(NotFound, AmbiguousPlan, CONSTRAINTS["plan_project_pkey"]),
)
async def create_project(
    body: ProjectIn,
    request: Request,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    plan: PlanCode = None,
) -> ProjectOut:
    """Add a project or, with `parent`, a sub-project. A parent must not have budget lines."""
    project = await projects.create(session, action, body.model_dump(), plan=plan)
    response.headers["ETag"] = etag(project["version"])
    response.headers["Location"] = location(request, project["code"])
    return ProjectOut.model_validate(project)


@router.patch(
    "/{code}",
    summary="Change a project",
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def change_project(
    code: str,
    body: ProjectPatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
    plan: PlanCode = None,
) -> ProjectOut:
    """Change the texts, dates, position or parent of a project.

    Budget lines and assignments are changed under `/budgets` and `/assignments`.
    """
    project = await projects.change(
        session,
        action,
        code,
        body.model_dump(),
        plan=plan,
        check_version=unchanged,
    )
    response.headers["ETag"] = etag(project["version"])
    return ProjectOut.model_validate(project)
