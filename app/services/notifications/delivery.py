"""Delivery: messages leave, are tried again, or are given up in plain sight.

A message is taken by a lease, so that several workers share the queue and one that dies gives
back what it held. What was handed over just before a death is handed over again, under the same
Message-ID: at least once, never by choice twice.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Row, Time, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.channels.mail import Envelope, Text, preferences_url
from app.channels.webhook import Post
from app.clock import LOCAL, Clock
from app.db.database import Database
from app.services.notifications import reasons, recheck, wording
from app.services.notifications.fallback import fall_back
from app.services.notifications.wording import Line, ObligationLine, Recipient
from app.vocabulary import Channel, NotificationReason

LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
MOST_ATTEMPTS = 20
"""With the pauses between them three days or more: a mail server may be away over a weekend."""
AT_ONCE = 8
"""By one channel: what hangs there leaves the others their own."""

Facts = Row[*tuple[Any, ...]]
"""A row of MESSAGE."""

logger = logging.getLogger("tiendo")

# Lease messages of a channel that may be sent now, those that have waited longest first.
LEASE_MESSAGES = text("""
UPDATE message SET state = 'sending', attempts = attempts + 1, not_before = :until
WHERE id IN (
    SELECT id FROM message
    WHERE channel = :channel AND state IN ('waiting', 'sending') AND not_before <= :now
    AND NOT is_quiet(:local_time, quiet_from, quiet_until)
    ORDER BY not_before, id LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING id, attempts
""").bindparams(bindparam("local_time", type_=Time))

MESSAGE = text("""
    SELECT m.id, m.channel, m.created_at, m.attempts, account.full_name, account.email,
        account.username, account.mail_key, coalesce(agency.path, '') AS agency_path
    FROM message m JOIN account ON account.id = m.account_id
    LEFT JOIN agency ON agency.id = account.agency_id
    WHERE m.id = :id AND m.state = 'sending' AND m.attempts = :attempts
        AND m.not_before > :now
""")

# The webhook that serves an agency: the nearest one's, of several the oldest.
FIND_WEBHOOK = text("""
SELECT url, secret FROM webhooks_serving(:path)
ORDER BY array_position(agency_ids(:path), agency_id) DESC, id LIMIT 1
""")

SKIP = text("""
    UPDATE notification SET why = void.why, state = void.state
    FROM unnest(CAST(:ids AS bigint[]), CAST(:whys AS text[]), CAST(:states AS text[]))
        AS void (id, why, state)
    WHERE notification.id = void.id
""")

CLOSE = text("""
    WITH closed AS (
        UPDATE message SET state = :state, sent_at = CASE WHEN :state = 'sent'
            THEN CAST(:now AS timestamptz) END,
            subject = :subject, body = :body, error = :error, error_detail = :detail
        WHERE id = :id AND (state = 'sending' AND attempts = :attempts
            OR :state = 'sent' AND state <> 'sent')
        RETURNING id
    )
    UPDATE notification SET state = :told, why = coalesce(:error, why), why_detail = :detail
    FROM closed
    WHERE message_id = closed.id AND notification.state = 'planned'
""")

POSTPONE = text("""
    UPDATE message SET state = 'waiting', not_before = :until, error = :error,
        error_detail = :detail
    WHERE id = :id AND state = 'sending' AND attempts = :attempts
""")


class Taken(NamedTuple):
    """A message under a lease; whoever takes it again makes it another attempt."""

    id: int
    attempt: int


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
    lease: timedelta = LEASE


def _always() -> bool:
    return True


async def deliver(desk: Desk, may_go_on: Callable[[], bool] = _always) -> int:
    """Send what waits until nothing is left; how many were taken.

    Each channel goes its own way: a mail server that is slow holds up mails and nothing else.
    `may_go_on` is asked before more is taken: a slow mail server, or the end of the service,
    leaves the rest to the next time.
    """
    async with asyncio.TaskGroup() as group:
        ways = [group.create_task(_deliver_by(channel, desk, may_go_on)) for channel in Channel]
    return sum(way.result() for way in ways)


async def _deliver_by(channel: Channel, desk: Desk, may_go_on: Callable[[], bool]) -> int:
    """Send what waits for a channel, several at once; how many were taken."""
    taken = 0
    under_way: set[asyncio.Task[None]] = set()
    try:
        while under_way or may_go_on():
            most = AT_ONCE - len(under_way)
            held = await take(desk, channel, most) if may_go_on() else []
            taken += len(held)
            under_way |= {asyncio.create_task(send_one(desk, each)) for each in held}
            if not under_way:
                break
            _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    return taken


async def take(desk: Desk, channel: Channel, most: int) -> list[Taken]:
    """Take messages of a channel under a lease; another worker passes over them."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        local_time = now.astimezone(LOCAL).time()
        parameters = {"now": now, "local_time": local_time, "until": now + desk.lease}
        parameters |= {"channel": channel.value, "most": most}
        return [Taken(*row) for row in await session.execute(LEASE_MESSAGES, parameters)]


async def send_one(desk: Desk, taken: Taken) -> None:
    """Put one message into words, hand it over, and write down what came of it.

    Where even that fails, the message is taken again when its lease has run out.
    """
    try:
        prepared = await _prepare(desk, taken)
        if prepared is not None:
            await _send(desk, *prepared)
    except Exception:
        logger.exception("message %s stays until its lease runs out", taken.id)


async def _prepare(desk: Desk, taken: Taken) -> tuple[Facts, list[Line]] | None:
    """The message and what it still has to say; None where that is nothing or the lease over."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        held = {"id": taken.id, "attempts": taken.attempt, "now": now}
        row = (await session.execute(MESSAGE, held)).one_or_none()
        if row is None:
            return None
        lines, void = await recheck.lines_of(session, taken.id, now)
        await _skip(session, void)
        if not lines:
            await _close(session, row, "empty", "skipped", now)
        elif row.attempts > MOST_ATTEMPTS:
            await _close(
                session,
                row,
                "failed",
                "failed",
                now,
                error=DeliveryError(reason=NotificationReason.INTERRUPTED),
            )
        else:
            return row, lines
    return None


async def _send(desk: Desk, row: Facts, lines: Sequence[Line]) -> None:
    now = desk.clock.now()
    words: Text | None = None
    error: DeliveryError | None = None
    try:
        words = wording.compose(_recipient(desk, row), lines, now)
        await _hand_over(desk, row, lines, words, now)
    except DeliveryError as failure:
        error = failure
    except Exception as fault:  # ours, and of this message: the others go their way
        logger.exception("message %s", row.id)
        error = DeliveryDelayedError(f"{type(fault).__name__}: {fault}")
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        if error is None:
            await _close(session, row, "sent", "sent", now, words)
        elif isinstance(error, DeliveryRefusedError) or row.attempts >= MOST_ATTEMPTS:
            await _close(session, row, "failed", "failed", now, words, error)
        else:
            parameters = {"until": now + pause(row.attempts), "error": error.reason}
            parameters["detail"] = error.detail
            await session.execute(POSTPONE, parameters | {"id": row.id, "attempts": row.attempts})


def _recipient(desk: Desk, row: Facts) -> Recipient:
    """Whom the words are for; only a mail, which goes straight to the person, holds the key."""
    link = preferences_url(desk.public_url, row.mail_key) if row.channel == Channel.EMAIL else None
    return Recipient(row.full_name, desk.public_url, link)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: a minute, doubled each time, at most six hours."""
    return min(FIRST_PAUSE * float(2 ** (attempts - 1)), LONGEST_PAUSE)


async def _hand_over(
    desk: Desk, row: Facts, lines: Sequence[Line], words: Text, now: datetime
) -> None:
    if row.channel == Channel.EMAIL:
        envelope = Envelope(
            row.id, row.full_name, row.email or "", words, row.created_at, now, row.mail_key
        )
        await desk.mail.send(envelope)
    elif row.channel == Channel.WEBHOOK:
        await desk.posts.send(await _post(desk, row, lines, words, now), now)


async def _post(desk: Desk, row: Facts, lines: Sequence[Line], words: Text, now: datetime) -> Post:
    async with desk.database.reading() as session:
        found = (await session.execute(FIND_WEBHOOK, {"path": row.agency_path})).one_or_none()
    if found is None:
        raise DeliveryRefusedError(reason=NotificationReason.NO_WEBHOOK)
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
                "correction_due": line.correction_due and line.correction_due.isoformat(),
                "about": line.rule,
            }
            for line in lines
            if isinstance(line, ObligationLine)
        ],
        "plans": [
            {"plan": line.plan, "about": line.rule}
            for line in lines
            if not isinstance(line, ObligationLine)
        ],
    }
    return Post(found.url, found.secret, payload)


async def _skip(session: AsyncSession, void: dict[int, NotificationReason]) -> None:
    if void:
        await session.execute(
            SKIP,
            {
                "ids": list(void),
                "whys": list(void.values()),
                "states": [
                    "superseded" if why in reasons.SUPERSEDING else "skipped"
                    for why in void.values()
                ],
            },
        )


async def _close(
    session: AsyncSession,
    row: Facts,
    state: str,
    told: str,
    now: datetime,
    words: Text | None = None,
    error: DeliveryError | None = None,
) -> None:
    if state == "failed":
        logger.warning(
            "message %s to %s by %s failed: %s",
            row.id,
            row.username,
            row.channel,
            error and reasons.describe(error.reason, error.detail, "en"),
        )
    await session.execute(
        CLOSE,
        {
            "id": row.id,
            "attempts": row.attempts,
            "state": state,
            "told": told,
            "now": now,
            "subject": words.subject if words else None,
            "body": words.plain if words else None,
            "error": error and error.reason,
            "detail": error and error.detail,
        },
    )
    if state == "failed":
        await fall_back(session, row.id, now)
