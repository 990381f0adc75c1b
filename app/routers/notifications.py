"""A person's messages and channels, and the notifications of an obligation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.errors import AmbiguousPlan, NotFound
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AddressedReport,
    AnswerLanguage,
    Cursor,
    Limit,
    PersonReader,
    ReadSession,
    SelfAction,
    SentReader,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.notifications import (
    Inbox,
    NotificationOut,
    PreferencesIn,
    PreferencesOut,
    ReadCount,
    ReadThrough,
    SentOut,
)
from app.services.notifications import inbox
from app.services.periods import sent_notifications

router = APIRouter(tags=["notifications"], route_class=StrictRoute)


@router.get("/notifications", summary="List your messages", responses=problems())
async def list_notifications(
    principal: PersonReader,
    session: ReadSession,
    unread: Annotated[bool, Query(description="Only the unread messages.")] = False,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Inbox:
    """The messages that you have received in the application, newest first."""
    messages = await inbox.list_page(session, principal, unread=unread, limit=limit, cursor=cursor)
    return Inbox.model_validate(messages)


@router.post("/notifications/read-all", summary="Mark all messages as read", responses=problems())
async def read_all_notifications(
    action: SelfAction, session: WriteSession, body: ReadThrough | None = None
) -> ReadCount:
    """Mark your messages as read, up to the newest one that you have seen.

    Clients that show the list name that message in `through`, so that a message which has arrived
    since stays unread. Without `through`, all messages received until now are marked.
    """
    through = body.through if body else None
    return ReadCount(read=await inbox.mark_all_read(session, action, through=through))


@router.post(
    "/notifications/{message_id}/read",
    summary="Mark a message as read",
    responses=problems(NotFound),
)
async def read_notification(
    message_id: UUID,
    action: SelfAction,
    session: WriteSession,
) -> NotificationOut:
    """Mark one of your messages as read; a repetition changes nothing."""
    return NotificationOut.model_validate(await inbox.mark_read(session, action, message_id))


@router.get("/notifications/preferences", summary="Get your channels", responses=problems())
async def get_notification_preferences(
    principal: PersonReader, session: ReadSession
) -> PreferencesOut:
    """The channels by which you are notified, and those that are available to you."""
    return PreferencesOut.model_validate(await inbox.get_preferences(session, principal))


@router.put("/notifications/preferences", summary="Choose your channels", responses=problems())
async def put_notification_preferences(
    body: PreferencesIn, action: SelfAction, session: WriteSession
) -> PreferencesOut:
    """Choose your channels. Notifications about obligations cannot be switched off.

    Those about periods that open or close can, by `period_news`.
    """
    preferences = await inbox.put_preferences(
        session, action, channels=body.channels, period_news=body.period_news
    )
    return PreferencesOut.model_validate(preferences)


@router.get(
    "/obligations/{period}/{agency}/notifications",  # noqa: FAST003 - read by report_key
    summary="List the notifications about an obligation",
    responses=problems(NotFound, AmbiguousPlan),
)
async def list_sent_notifications(
    key: AddressedReport,
    principal: SentReader,
    session: ReadSession,
    language: AnswerLanguage,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[SentOut]:
    """The notifications of an obligation: recipients, outcomes and reasons, newest first."""
    items, next_cursor = await sent_notifications.list_page(
        session, principal, key, language=language, limit=limit, cursor=cursor
    )
    return Page[SentOut].model_validate({"items": items, "next_cursor": next_cursor})
