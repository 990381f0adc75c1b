"""The page on which a person chooses notification channels, opened by the key in each mail."""

from typing import Annotated, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import FormData

from app.errors import ValidationFailed
from app.routers.dependencies import (
    Now,
    ReadSession,
    WriteSession,
    ensure_no_credential_in_headers,
)
from app.services.notifications import inbox, mail_keys
from app.services.notifications.inbox import Preferences
from app.services.notifications.mail_keys import KeyHolder
from app.vocabulary import Channel
from app.web.page import PageRoute, page

router = APIRouter(
    route_class=PageRoute,
    include_in_schema=False,
    dependencies=[Depends(ensure_no_credential_in_headers)],
)

PATH = "/notifications/preferences"
LABELS = {
    Channel.EMAIL: "Thư điện tử",
    Channel.WEBHOOK: "Tin nhắn (Zalo, Telegram hoặc SMS)",
    Channel.IN_APP: "Trong ứng dụng",
}
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a one-click unsubscribe request (RFC 8058)."""

Key = Annotated[str, Query()]


class ChannelOption(NamedTuple):
    """A check box of the form: one channel."""

    name: str
    label: str
    is_chosen: bool
    is_available: bool


@router.get(PATH)
async def show_preferences(request: Request, session: ReadSession, key: Key = "") -> Response:
    """Show the person's preferences. A GET changes nothing, because mail scanners open links."""
    holder = await mail_keys.get_holder(session, key)
    saved = await inbox.get_preferences(session, holder.principal)
    return _page(request, key, holder, saved)


@router.post(PATH)
async def save_preferences(
    request: Request, session: WriteSession, now: Now, key: Key = ""
) -> Response:
    """Save the form, or on a one-click unsubscribe choose notifications in the application only."""
    holder = await mail_keys.get_holder(session, key)
    channels, period_news = read_preferences(await request.form())
    try:
        action = holder.action(now, request.client.host if request.client else None)
        saved = await inbox.put_preferences(
            session, action, channels=channels, period_news=period_news
        )
    except ValidationFailed:
        current = await inbox.get_preferences(session, holder.principal)
        submitted = Preferences(channels, period_news, current.available)
        return _page(request, key, holder, submitted, status=422)
    return _page(request, key, holder, saved, is_saved=True)


def read_preferences(form: FormData) -> tuple[list[Channel], bool]:
    """The channels that a form has chosen, and whether the person wants news of periods."""
    name, value = ONE_CLICK
    if form.get(name) == value:
        return [Channel.IN_APP], False
    checked = form.getlist("channel")
    return [channel for channel in Channel if channel.value in checked], "period_news" in form


def options_of(preferences: Preferences) -> list[ChannelOption]:
    """The check boxes of a form: the channels that the person has chosen or could choose."""
    options = [
        ChannelOption(
            channel.value, label, channel in preferences.channels, channel in preferences.available
        )
        for channel, label in LABELS.items()
    ]
    return [option for option in options if option.is_available or option.is_chosen]


def _page(
    request: Request,
    key: str,
    holder: KeyHolder,
    preferences: Preferences,
    *,
    status: int = 200,
    is_saved: bool = False,
) -> Response:
    return page(
        request,
        "preferences.html",
        status=status,
        action=f"{PATH}?key={quote(key)}",
        holder=holder,
        options=options_of(preferences),
        period_news=preferences.period_news,
        is_saved=is_saved,
        is_refused=status != 200,  # noqa: PLR2004 - the only error status
    )
