"""Agencies: a tree. A code belongs to an agency for an interval of time."""

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
    OnDay,
    PlanCode,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.agencies import AgencyIn, AgencyOut, AgencyPatch, ResponsibilityOut
from app.schemas.base import Page
from app.services.reference import agencies
from app.vocabulary import AgencyKind

CODE_IS_TAKEN = CONSTRAINTS["agency_code_once_at_a_time"]

router = APIRouter(prefix="/agencies", tags=["agencies"], route_class=ReferenceRoute)


@router.get("", summary="List agencies", responses=problems(NotFound))
async def list_agencies(
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    kind: AgencyKind | None = None,
    parent: Annotated[
        str | None, Query(max_length=64, description="Only the agencies directly below this one.")
    ] = None,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[AgencyOut]:
    """List the agencies within your horizon that exist on a day, by code."""
    items, next_cursor = await agencies.list_page(
        session,
        principal,
        on=on,
        kind=kind,
        parent=parent,
        plan=plan,
        limit=limit,
        cursor=cursor,
    )
    return Page[AgencyOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{code}", summary="Get an agency", responses=problems(NotFound))
async def get_agency(
    code: str, response: Response, principal: ReferenceReader, session: ReadSession, on: OnDay
) -> AgencyOut:
    """Get the agency that has the code on a day. Send its ETag to change it."""
    agency = await agencies.get(session, principal, code, on=on)
    response.headers["ETag"] = etag(agency["version"])
    return AgencyOut.model_validate(agency)


@router.get(
    "/{code}/responsibilities",
    summary="List the responsibilities of an agency",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_responsibilities(
    code: str,
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ResponsibilityOut]:
    """List the responsibilities of the agency under section VI of the plan."""
    items, next_cursor = await agencies.list_responsibilities(
        session, principal, code, on=on, plan=plan, limit=limit, cursor=cursor
    )
    return Page[ResponsibilityOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.post(
    "",
    summary="Create an agency",
    status_code=201,
    responses=problems(CODE_IS_TAKEN),
)
async def create_agency(
    body: AgencyIn,
    request: Request,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
) -> AgencyOut:
    """Add an agency. A code can be reused after the validity of its previous agency has ended."""
    agency = await agencies.create(session, action, body.model_dump())
    response.headers["ETag"] = etag(agency["version"])
    response.headers["Location"] = location(request, agency["code"])
    return AgencyOut.model_validate(agency)


@router.patch(
    "/{code}",
    summary="Change an agency",
    responses=problems(NotFound, CODE_IS_TAKEN, PreconditionRequired, Stale),
)
async def change_agency(
    code: str,
    body: AgencyPatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    on: OnDay,
    unchanged: Unchanged,
) -> AgencyOut:
    """Rename, move or end an agency, or set its successors.

    Reports stay with the agency that submitted them. A new `parent` moves the agency with all
    agencies below it.
    """
    agency = await agencies.change(
        session, action, code, body.model_dump(), on=on, check_version=unchanged
    )
    response.headers["ETag"] = etag(agency["version"])
    return AgencyOut.model_validate(agency)
