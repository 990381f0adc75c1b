"""Delivery: messages leave, are tried again, or are given up in plain sight.

A message is taken by a lease, so that several workers share the queue and one that dies gives
back what it held. What was handed over just before a death is handed over again, under the same
Message-ID: at least once, never by choice twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.mail import DeliveryDelayedError, DeliveryRefusedError, Envelope
from app.services import messages
from app.services.messages import Line, Recipient, Text
from app.vocabulary import Channel
from app.webhook import Post

LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
MOST_ATTEMPTS = 10
AT_ONCE = 8

TAKE = text("""
    UPDATE message SET state = 'sending', attempts = attempts + 1, not_before = :until
    WHERE id IN (
        SELECT id FROM message
        WHERE state IN ('waiting', 'sending') AND not_before <= :now
        ORDER BY not_before, id LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")

MESSAGE = text("""
    SELECT m.id, m.channel, m.created_at, m.attempts, account.full_name, account.email,
        account.username, coalesce(agency.path, '') AS agency_path
    FROM message m JOIN account ON account.id = m.account_id
    LEFT JOIN agency ON agency.id = account.agency_id
    WHERE m.id = :id AND m.state = 'sending'
""")

WEBHOOKS = text("""
    SELECT w.url, w.secret FROM webhook w JOIN agency ON agency.id = w.agency_id
    WHERE w.active AND :path LIKE agency.path || '%' ORDER BY length(agency.path) DESC LIMIT 1
""")

SKIP = text("""
    UPDATE notification SET state = 'skipped', why = reason.why
    FROM unnest(CAST(:ids AS bigint[]), CAST(:whys AS text[])) AS reason (id, why)
    WHERE notification.id = reason.id
""")

CLOSE = text("""
    WITH closed AS (
        UPDATE message SET state = :state, sent_at = CASE WHEN :state = 'sent'
            THEN CAST(:now AS timestamptz) END,
            subject = :subject, body = :body, error = :error
        WHERE id = :id RETURNING id
    )
    UPDATE notification SET state = :told, why = coalesce(:error, why) FROM closed
    WHERE message_id = closed.id AND notification.state = 'planned'
""")

POSTPONE = text("""
    UPDATE message SET state = 'waiting', not_before = :until, error = :error WHERE id = :id
""")


class SendsMail(Protocol):
    """Whoever can hand over a mail."""

    async def send(self, envelope: Envelope) -> None:
        """Hand it over, or raise."""


class SendsPosts(Protocol):
    """Whoever can post to a webhook."""

    async def send(self, post: Post, now: datetime) -> None:
        """Post it, or raise."""


@dataclass(frozen=True)
class Desk:
    """What a delivery works with."""

    database: Database
    clock: Clock
    mail: SendsMail
    posts: SendsPosts
    public_url: str


async def deliver(desk: Desk) -> int:
    """Send all that waits, several at once, until nothing is left; how many were taken."""
    taken = 0
    while ids := await take(desk, AT_ONCE):
        taken += len(ids)
        await asyncio.gather(*(send_one(desk, message_id) for message_id in ids))
    return taken


async def take(desk: Desk, most: int) -> list[int]:
    """Take messages under a lease; another worker passes over them."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        parameters = {"now": now, "until": now + LEASE, "most": most}
        return list((await session.execute(TAKE, parameters)).scalars())


async def send_one(desk: Desk, message_id: int) -> None:
    """Put one message into words, hand it over, and write down what came of it."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        row = (await session.execute(MESSAGE, {"id": message_id})).one_or_none()
        if row is None:
            return
        lines, void = await messages.lines_of(session, message_id, now)
        await _skip(session, void)
        if not lines:
            await _close(session, row.id, "empty", "skipped", now)
            return
    text_ = messages.compose(Recipient(row.full_name, desk.public_url), lines, now)
    try:
        await _hand_over(desk, row, lines, text_, now)
    except DeliveryRefusedError as error:
        async with desk.database.transaction() as session:
            await _close(session, row.id, "failed", "failed", now, text_, str(error))
    except DeliveryDelayedError as error:
        async with desk.database.transaction() as session:
            await _try_later(session, row, text_, str(error), now)
    else:
        async with desk.database.transaction() as session:
            await _close(session, row.id, "sent", "sent", now, text_)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: a minute, doubled each time, at most six hours."""
    return min(FIRST_PAUSE * float(2 ** (attempts - 1)), LONGEST_PAUSE)


async def _hand_over(
    desk: Desk, row: Row[*tuple[Any, ...]], lines: Sequence[Line], words: Text, now: datetime
) -> None:
    if row.channel == Channel.EMAIL:
        envelope = Envelope(row.id, row.full_name, row.email or "", words, row.created_at)
        await desk.mail.send(envelope)
    elif row.channel == Channel.WEBHOOK:
        await desk.posts.send(await _post(desk, row, lines, words, now), now)


async def _post(
    desk: Desk, row: Row[*tuple[Any, ...]], lines: Sequence[Line], words: Text, now: datetime
) -> Post:
    async with desk.database.reading() as session:
        found = (await session.execute(WEBHOOKS, {"path": row.agency_path})).one_or_none()
    if found is None:
        raise DeliveryRefusedError("no webhook covers the agency")
    payload = {
        "message_id": row.id,
        "sent_at": now.isoformat(),
        "recipient": {
            "username": row.username,
            "full_name": row.full_name,
            "email": row.email,
        },
        "subject": words.subject,
        "text": words.plain,
        "obligations": [
            {
                "plan": line.plan,
                "period": line.period,
                "agency": line.agency,
                "agency_name": line.agency_name,
                "due_date": line.due_date.isoformat(),
                "timeliness": line.timeliness,
                "about": line.rule,
            }
            for line in lines
        ],
    }
    return Post(found.url, found.secret, payload)


async def _skip(session: AsyncSession, void: dict[int, str]) -> None:
    if void:
        await session.execute(SKIP, {"ids": list(void), "whys": list(void.values())})


async def _close(
    session: AsyncSession,
    message_id: int,
    state: str,
    told: str,
    now: datetime,
    words: Text | None = None,
    error: str | None = None,
) -> None:
    await session.execute(
        CLOSE,
        {
            "id": message_id,
            "state": state,
            "told": told,
            "now": now,
            "subject": words.subject if words else None,
            "body": words.plain if words else None,
            "error": error,
        },
    )


async def _try_later(
    session: AsyncSession, row: Row[*tuple[Any, ...]], words: Text, error: str, now: datetime
) -> None:
    if row.attempts >= MOST_ATTEMPTS:
        await _close(session, row.id, "failed", "failed", now, words, error)
        return
    until = now + pause(row.attempts)
    await session.execute(POSTPONE, {"id": row.id, "until": until, "error": error})
