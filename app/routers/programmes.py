"""Programmes: national target programmes of several years, and what they define."""

from fastapi import APIRouter

from app.errors import NotFound
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import PAGE_SIZE, Cursor, Limit, ReadSession, ReferenceReader
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.programmes import ProgrammeIndicatorOut, ProgrammeOut, ProgrammeProjectOut
from app.services.reference import programmes

router = APIRouter(prefix="/programmes", tags=["programmes"], route_class=ReferenceRoute)


@router.get("", summary="List programmes", responses=problems())
async def list_programmes(
    _: ReferenceReader, session: ReadSession, limit: Limit = PAGE_SIZE, cursor: Cursor = None
) -> Page[ProgrammeOut]:
    """List the programmes."""
    items, next_cursor = await programmes.list_page(session, limit=limit, cursor=cursor)
    return Page[ProgrammeOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{code}", summary="Get a programme", responses=problems(NotFound))
async def get_programme(code: str, _: ReferenceReader, session: ReadSession) -> ProgrammeOut:
    """Get a programme."""
    return ProgrammeOut.model_validate(await programmes.get(session, code))


@router.get(
    "/{code}/projects", summary="List the projects of a programme", responses=problems(NotFound)
)
async def list_programme_projects(
    code: str,
    _: ReferenceReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ProgrammeProjectOut]:
    """List the projects and sub-projects that the programme defines, in its order."""
    items, next_cursor = await programmes.list_projects(session, code, limit=limit, cursor=cursor)
    return Page[ProgrammeProjectOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get(
    "/{code}/indicators", summary="List the indicators of a programme", responses=problems(NotFound)
)
async def list_programme_indicators(
    code: str,
    _: ReferenceReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ProgrammeIndicatorOut]:
    """List the indicators that the programme defines once for all plans, in its order."""
    items, next_cursor = await programmes.list_indicators(session, code, limit=limit, cursor=cursor)
    return Page[ProgrammeIndicatorOut].model_validate({"items": items, "next_cursor": next_cursor})
