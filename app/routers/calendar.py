"""Calendars of due dates, to which phones subscribe by a secret address."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response

from app.errors import NotFound
from app.http.headers import matches_weakly
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    CalendarsManager,
    Cursor,
    Limit,
    Now,
    ReadSession,
    ServiceSettings,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.calendar import FEED, CalendarLinkIn, CalendarLinkOut, NewCalendarLink
from app.services.reminders import calendar_feed, calendar_links
from app.services.reminders.calendar_links import IssuedLink

router = APIRouter(tags=["calendar"], route_class=StrictRoute)

MEDIA_TYPE = "text/calendar"
FEED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"example": FEED}}, "description": "Lịch."},
    304: {"description": "Chưa có gì mới."},
}
FEED_ANSWERS |= {
    status: answer for status, answer in problems(NotFound).items() if status not in {401, 403}
}


def _link(issued: IssuedLink) -> CalendarLinkOut:
    return CalendarLinkOut.model_validate(
        {name: getattr(issued.link, name, None) for name in CalendarLinkOut.model_fields}
        | {"agency": issued.agency}
    )


@router.get("/calendar-links", summary="Các lịch đăng ký", responses=problems())
async def list_calendar_links(
    principal: CalendarsManager,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[CalendarLinkOut]:
    """The links within reach, the revoked ones too. Their addresses are never shown again."""
    found, following = await calendar_links.find_all(session, principal, limit=limit, cursor=cursor)
    return Page[CalendarLinkOut](items=[_link(each) for each in found], next_cursor=following)


@router.post("/calendar-links", summary="Tạo lịch đăng ký", status_code=201, responses=problems())
async def create_calendar_link(
    body: CalendarLinkIn,
    request: Request,
    principal: CalendarsManager,
    session: WriteSession,
    settings: ServiceSettings,
    now: Now,
) -> NewCalendarLink:
    """Make a secret address of the calendar of an agency and those below it.

    Whoever has the address reads the calendar, without signing in. It is shown in this answer only.
    A reporter's shows the due dates of its own agency, without those below it.
    """
    issued = await calendar_links.create(
        session, principal, body.agency, now=now, actor=actor(request, principal)
    )
    url = f"{settings.public_url}/api/v1/calendar.ics?token={issued.token}"
    return NewCalendarLink(**_link(issued).model_dump(), url=url)


@router.delete(
    "/calendar-links/{link_id}",
    summary="Thu hồi lịch đăng ký",
    status_code=204,
    responses=problems(NotFound),
)
async def revoke_calendar_link(
    link_id: Annotated[int, Path(ge=1, lt=2**63)],
    request: Request,
    principal: CalendarsManager,
    session: WriteSession,
    now: Now,
) -> None:
    """End a link at once."""
    await calendar_links.revoke(
        session, principal, link_id, now=now, actor=actor(request, principal)
    )


@router.get(
    "/calendar.ics",
    summary="Lịch hạn gửi (iCalendar)",
    response_class=Response,
    responses=FEED_ANSWERS,
)
async def get_calendar_feed(
    session: ReadSession,
    settings: ServiceSettings,
    now: Now,
    token: Annotated[str, Query(max_length=100, description="Phần bí mật của địa chỉ.")] = "",
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """One all-day event on the last good day of each obligation; the address is the only secret.

    What was due more than 400 days ago is left out.
    """
    feed = await calendar_feed.find(session, token, settings.public_url, now)
    tag = f'W/"{feed.fingerprint}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=900"}
    if matches_weakly(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(await feed.rendered(), media_type=MEDIA_TYPE, headers=headers)
