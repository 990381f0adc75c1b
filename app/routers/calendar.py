"""Calendars of due dates, to which phones subscribe by a secret address."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from app.errors import NotFound, SeveralCredentials, StateConflict, TooManyRequests
from app.http.headers import lists_tag, location
from app.http.routing import SharedLinkRoute, StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    CalendarsAction,
    CalendarsReader,
    Cursor,
    Limit,
    Now,
    ReadSession,
    ServiceSettings,
    WriteSession,
    ensure_no_credential_in_headers,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.calendar import FEED, CalendarLinkIn, CalendarLinkOut, NewCalendarLink
from app.services.accounts import secrets
from app.services.reminders import calendar_feed, calendar_links

router = APIRouter(tags=["calendar"], route_class=StrictRoute)
feed_router = APIRouter(route_class=SharedLinkRoute)

MEDIA_TYPE = "text/calendar"
FEED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"example": FEED}}, "description": "The calendar."},
    304: {"description": "Nothing has changed."},
}
FEED_ANSWERS |= problems(NotFound, SeveralCredentials)


@router.get("/calendar-links", summary="List calendar links", responses=problems())
async def list_calendar_links(
    principal: CalendarsReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[CalendarLinkOut]:
    """The links within reach, revoked ones included. Their addresses are not in the answer."""
    rows, next_cursor = await calendar_links.list_page(
        session, principal, limit=limit, cursor=cursor
    )
    items = [CalendarLinkOut.model_validate(row._asdict()) for row in rows]
    return Page[CalendarLinkOut](items=items, next_cursor=next_cursor)


@router.post(
    "/calendar-links",
    summary="Create a calendar link",
    status_code=201,
    responses=problems(StateConflict(secrets.TOO_MANY, count=100), TooManyRequests),
)
async def create_calendar_link(
    body: CalendarLinkIn,
    request: Request,
    response: Response,
    action: CalendarsAction,
    session: WriteSession,
    settings: ServiceSettings,
) -> NewCalendarLink:
    """Create a secret address of the calendar of an agency and of the agencies below it.

    The address gives access to the calendar without signing in. Only this answer contains it. The
    calendar shows what its maker sees, and ends with the maker's account. A person has at most 10
    calendars, and creates at most 20 within an hour.
    """
    issued = await calendar_links.create(session, action, body.agency)
    url = f"{settings.public_url}/api/v1/calendar.ics?token={issued.token}"
    response.headers["Location"] = location(request, issued.id)
    return NewCalendarLink.model_validate(asdict(issued) | {"url": url})


@router.delete(
    "/calendar-links/{link_id}",
    summary="Revoke a calendar link",
    status_code=204,
    responses=problems(NotFound),
)
async def revoke_calendar_link(
    link_id: Annotated[int, Path(ge=1, lt=2**63)],
    action: CalendarsAction,
    session: WriteSession,
) -> None:
    """Revoke a link. Its address stops working at once.

    The maker revokes it, or an administrator.
    """
    await calendar_links.revoke(session, action, link_id)


@feed_router.get(
    "/calendar.ics",
    summary="Get a calendar (iCalendar)",
    response_class=Response,
    responses=FEED_ANSWERS,
    dependencies=[Depends(ensure_no_credential_in_headers)],
)
async def get_calendar_feed(
    session: ReadSession,
    settings: ServiceSettings,
    now: Now,
    token: Annotated[
        str, Query(max_length=100, description="The secret part of the address.")
    ] = "",
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """An all-day event on the due date of each obligation. The address is the only credential.

    Obligations that were due more than 400 days ago are left out.
    """
    feed = await calendar_feed.get(session, token, settings.public_url, now)
    tag = f'W/"{feed.fingerprint}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=900"}
    if lists_tag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(await feed.render(), media_type=MEDIA_TYPE, headers=headers)


router.include_router(feed_router)
