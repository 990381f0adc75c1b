"""Plans: a programme, its owner and a year."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.errors import NotFound, PreconditionRequired, Stale
from app.http.headers import etag
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.plans import PlanOut, PlanPatch, PlanWithTexts
from app.services.reference import plans

router = APIRouter(prefix="/plans", tags=["plans"], route_class=ReferenceRoute)


@router.get("", summary="List plans", responses=problems())
async def list_plans(
    principal: ReferenceReader,
    session: ReadSession,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[PlanOut]:
    """List the plans within your horizon, without their long texts."""
    items, next_cursor = await plans.list_page(
        session, principal, year=year, limit=limit, cursor=cursor
    )
    return Page[PlanOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{code}", summary="Get a plan", responses=problems(NotFound))
async def get_plan(
    code: str, response: Response, principal: ReferenceReader, session: ReadSession
) -> PlanWithTexts:
    """Get a plan with its legal basis, targets and texts. Send its ETag to change it."""
    plan = await plans.get(session, principal, code)
    response.headers["ETag"] = etag(plan["version"])
    return PlanWithTexts.model_validate(plan)


@router.patch(
    "/{code}",
    summary="Change a plan",
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def change_plan(
    code: str,
    body: PlanPatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> PlanWithTexts:
    """Change the plan's texts, number, dates, or the days before a due date that are due soon."""
    plan = await plans.change(session, action, code, body.model_dump(), check_version=unchanged)
    response.headers["ETag"] = etag(plan["version"])
    return PlanWithTexts.model_validate(plan)
