"""Reorganisations of governments by legal documents."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.errors import NotFound, StateConflict
from app.http.headers import etag, location
from app.http.problems import CONSTRAINTS
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    ReadSession,
    ReferenceReader,
    ReorganisationsAction,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.reorganisations import (
    ReorganisationIn,
    ReorganisationOut,
    ReorganisationWithEffects,
)
from app.services.reorganisations import reorganisations

CODE_IS_TAKEN = CONSTRAINTS["agency_code_once_at_a_time"]
ENTERED_BEFORE = StateConflict(
    reorganisations.OTHER_CHANGES, number="1686/NQ-UBTVQH15", effective_on="2025-07-01"
)

router = APIRouter(prefix="/reorganisations", tags=["reorganisations"], route_class=StrictRoute)


@router.get("", summary="List reorganisations", responses=problems())
async def list_reorganisations(
    principal: ReferenceReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ReorganisationOut]:
    """List the reorganisations within your horizon, pending and applied, the latest day first."""
    items, next_cursor = await reorganisations.list_page(
        session, principal, limit=limit, cursor=cursor
    )
    return Page[ReorganisationOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{reorganisation_id}", summary="Get a reorganisation", responses=problems(NotFound))
async def get_reorganisation(
    reorganisation_id: Annotated[int, Path(ge=1, lt=2**63)],
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
) -> ReorganisationWithEffects:
    """Get a reorganisation with its effects; of a pending one, what it would do now."""
    entry = await reorganisations.get(session, principal, reorganisation_id)
    response.headers["ETag"] = etag(entry["version"])
    return ReorganisationWithEffects.model_validate(entry)


@router.post(
    "",
    summary="Enter a reorganisation",
    status_code=201,
    responses=problems(CODE_IS_TAKEN, ENTERED_BEFORE)
    | {200: {"model": ReorganisationWithEffects, "description": "A preview, or entered before"}},
)
async def enter_reorganisation(
    body: ReorganisationIn,
    request: Request,
    response: Response,
    action: ReorganisationsAction,
    session: WriteSession,
    preview: Annotated[
        bool, Query(description="Only show what the reorganisation would do; store nothing.")
    ] = False,
) -> ReorganisationWithEffects:
    """Enter a reorganisation by a legal document. It is applied on `effective_on`, at once if past.

    You must reach all agencies that it names. Reports, figures and revisions do not change. The
    same document, day and changes once more change nothing (200).
    """
    values = body.model_dump(by_alias=True)
    if preview:
        response.status_code = 200
        shown = await reorganisations.preview(session, action.principal, values)
        return ReorganisationWithEffects.model_validate(shown)
    entry, is_new = await reorganisations.enter(session, action, values)
    if not is_new:
        response.status_code = 200
    response.headers["ETag"] = etag(entry["version"])
    response.headers["Location"] = location(request, str(entry["id"]))
    return ReorganisationWithEffects.model_validate(entry)
