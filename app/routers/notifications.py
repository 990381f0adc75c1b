"""A person's own messages and channels, and what was sent for an obligation."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from app.errors import AmbiguousPlan, NotFound
from app.http.headers import preferred_language
from app.http.routing import StrictRoute
from app.routers.address import At
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    Now,
    ReadSession,
    SentReader,
    SignedIn,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.notifications import (
    Inbox,
    NotificationOut,
    PreferencesIn,
    PreferencesOut,
    ReadCount,
    SentOut,
)
from app.services.notifications import inbox

router = APIRouter(tags=["notifications"], route_class=StrictRoute)


@router.get("/notifications", summary="Thông báo của mình", responses=problems())
async def list_notifications(
    principal: SignedIn,
    session: ReadSession,
    unread: Annotated[bool, Query(description="Chỉ những thông báo chưa đọc.")] = False,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Inbox:
    """The messages that one has got in the application, the newest first."""
    items, following = await inbox.received(
        session, principal, unread=unread, limit=limit, cursor=cursor
    )
    count = await inbox.count_unread(session, principal)
    return Inbox.model_validate({"items": items, "next_cursor": following, "unread": count})


@router.post("/notifications/read-all", summary="Đánh dấu đã đọc tất cả", responses=problems())
async def read_all_notifications(principal: SignedIn, session: WriteSession, now: Now) -> ReadCount:
    """Mark all of one's own messages as read."""
    return ReadCount(read=await inbox.mark_all_read(session, principal, now))


@router.post(
    "/notifications/{message_id}/read", summary="Đánh dấu đã đọc", responses=problems(NotFound)
)
async def read_notification(
    message_id: Annotated[int, Path(ge=1, lt=2**63)],
    principal: SignedIn,
    session: WriteSession,
    now: Now,
) -> NotificationOut:
    """Mark a message as read; doing so again changes nothing."""
    found = await inbox.mark_read(session, principal, message_id, now)
    return NotificationOut.model_validate(found)


@router.get("/notifications/preferences", summary="Kênh nhận của mình", responses=problems())
async def get_notification_preferences(principal: SignedIn, session: ReadSession) -> PreferencesOut:
    """The channels by which one is told, and those that one could choose."""
    return PreferencesOut.model_validate(await inbox.preferences(session, principal))


@router.put("/notifications/preferences", summary="Chọn kênh nhận", responses=problems())
async def put_notification_preferences(
    body: PreferencesIn, request: Request, principal: SignedIn, session: WriteSession, now: Now
) -> PreferencesOut:
    """Choose the channels. What is about an obligation cannot be switched off, only sent elsewhere.

    News of periods that open or close can.
    """
    chosen = await inbox.choose(
        session,
        principal,
        channels=body.channels,
        period_news=body.period_news,
        now=now,
        actor=actor(request, principal),
    )
    return PreferencesOut.model_validate(chosen)


@router.get(
    "/obligations/{period}/{agency}/notifications",  # noqa: FAST003 - read by address.At
    summary="Đã nhắc, báo những gì cho một nghĩa vụ",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_sent_notifications(
    at: At,
    principal: SentReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[SentOut]:
    """What was sent for this report, when, to whom, with what result, and why or why not."""
    place = await at.place(session, principal)
    items, following = await inbox.sent_for(
        session,
        place.obligation.id,
        language=preferred_language(at.request),
        limit=limit,
        cursor=cursor,
    )
    return Page[SentOut].model_validate({"items": items, "next_cursor": following})
