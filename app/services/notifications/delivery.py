"""Delivery of pending messages, with retries, at least once.

Several workers share the queue of each channel:

1. `lease_messages`: a worker leases messages; the other workers skip them. When a worker dies, its
   leases end, and another worker gets the messages.
2. `_prepare`: the message's notifications are checked again; those that no longer hold are
   skipped. A message without any is closed as empty.
3. `_attempt`: the remaining ones are composed into a text, and the channel sends it.
4. `_record`: the message is closed as sent or failed, or postponed.

A message that was sent just before its worker died is sent again, with the same Message-ID.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Row, Time, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.channels.mail import Envelope, MessageText, preferences_url
from app.channels.webhook import Post
from app.clock import LOCAL, Clock
from app.db.database import Database
from app.services.notifications import reasons, recheck, wording
from app.services.notifications.fallback import fall_back
from app.services.notifications.payloads import compose_payload
from app.services.notifications.wording import MessageLine, Recipient
from app.vocabulary import Channel, MessageState, NotificationReason, NotificationState

LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
MOST_ATTEMPTS = 20
"""With their pauses these take 68 hours or more, so a mail server may fail over a weekend."""
AT_ONCE = 8
"""Messages of one channel that a worker sends at the same time."""

MessageRow = Row[*tuple[Any, ...]]
"""A row of GET_MESSAGE."""

logger = logging.getLogger("tiendo")

# Lease messages of a channel that may be sent now, those that have waited longest first.
LEASE_MESSAGES = text("""
UPDATE message SET state = 'sending', attempts = attempts + 1, not_before = :until
WHERE id IN (
    SELECT id FROM message
    WHERE channel = :channel AND state IN ('waiting', 'sending') AND not_before <= :now
    AND NOT is_quiet(:local_time, quiet_from, quiet_until)
    AND (channel = 'in_app' OR NOT EXISTS (SELECT FROM message_hold))
    ORDER BY not_before, id LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING id, attempts
""").bindparams(bindparam("local_time", type_=Time))

# A message and its recipient, while the lease of this attempt lasts. Its key is a digest of what
# its notifications are about, without ids of rows, so that it is the same where the message is
# planned again from a restored backup. Those that do not hold any more count too, so that all
# attempts have the same key.
GET_MESSAGE = text("""
SELECT m.id, m.channel, m.attempts, account.full_name, account.email,
    account.username, account.mail_key, coalesce(agency.path, '') AS agency_path, (
        SELECT encode(sha256(convert_to(string_agg(about, E'\\n' ORDER BY about COLLATE "C"),
            'UTF8')), 'hex')
        FROM (
            SELECT jsonb_build_array(plan.code, p.code, a.code, n.rule, n.occurrence,
                account.username, n.channel)::text AS about
            FROM notification n
            LEFT JOIN obligation o ON o.id = n.obligation_id
            LEFT JOIN reporting_period p ON p.id = o.period_id
            LEFT JOIN agency a ON a.id = o.agency_id
            JOIN plan ON plan.id = coalesce(p.plan_id, n.plan_id)
            WHERE n.message_id = m.id
        ) AS line
    ) AS key
FROM message m JOIN account ON account.id = m.account_id
LEFT JOIN agency ON agency.id = account.agency_id
WHERE m.id = :id AND m.state = 'sending' AND m.attempts = :attempts AND m.not_before > :now
""")

# The webhook that serves an agency: the nearest agency's, and its oldest.
FIND_WEBHOOK = text("""
SELECT url, secret FROM webhooks_serving(:path)
ORDER BY array_position(agency_ids(:path), agency_id) DESC, id LIMIT 1
""")

# End notifications that no longer hold.
END_VOID_NOTIFICATIONS = text("""
UPDATE notification SET why = void.why, state = void.state
FROM unnest(CAST(:ids AS bigint[]), CAST(:whys AS text[]), CAST(:states AS text[]))
    AS void (id, why, state)
WHERE notification.id = void.id
""")

# Close a message and its notifications. An attempt whose lease has ended may still say that the
# message was sent, but not that it failed: another attempt decides that.
CLOSE_MESSAGE = text("""
WITH closed AS (
    UPDATE message SET state = :state, subject = :subject, body = :body,
        sent_at = CASE WHEN :state = 'sent' THEN CAST(:now AS timestamptz) END,
        error = :error, error_detail = :error_detail
    WHERE id = :id
    AND (state = 'sending' AND attempts = :attempts OR :state = 'sent' AND state <> 'sent')
    RETURNING id
)
UPDATE notification SET state = :state, why = coalesce(:error, why), why_detail = :error_detail
FROM closed WHERE message_id = closed.id AND notification.state = 'planned'
""")

# Return a message to the queue after an attempt that failed.
POSTPONE_MESSAGE = text("""
UPDATE message SET state = 'waiting', not_before = :until, error = :error,
    error_detail = :error_detail
WHERE id = :id AND state = 'sending' AND attempts = :attempts
""")


class LeasedMessage(NamedTuple):
    """A message that a worker has leased; each lease is another attempt."""

    id: UUID
    attempt: int


class MailSender(Protocol):
    """Sends mails; implemented by `Mailer`."""

    async def send(self, envelope: Envelope) -> None:
        """Send a mail, or raise a DeliveryError."""


class PostSender(Protocol):
    """Sends posts to webhooks; implemented by `WebhookSender`."""

    async def send(self, post: Post, now: datetime) -> None:
        """Send a post, or raise a DeliveryError."""


@dataclass(frozen=True)
class DeliveryContext:
    """The database, clock and senders of a worker.

    public_url: the service's address, for links. lease: how long an attempt may take.
    """

    database: Database
    clock: Clock
    mail: MailSender
    posts: PostSender
    public_url: str
    lease: timedelta = LEASE


def _always() -> bool:
    return True


async def deliver(context: DeliveryContext, may_continue: Callable[[], bool] = _always) -> int:
    """Deliver pending messages until none is left; return how many were leased.

    Each channel has its own workers, so a slow mail server delays mails only. No more messages are
    leased once `may_continue` returns False.
    """
    async with asyncio.TaskGroup() as group:
        counts = [
            group.create_task(_deliver_channel(channel, context, may_continue))
            for channel in Channel
        ]
    return sum(count.result() for count in counts)


async def _deliver_channel(
    channel: Channel, context: DeliveryContext, may_continue: Callable[[], bool]
) -> int:
    """Deliver the messages of a channel, at most AT_ONCE at the same time."""
    count = 0
    running: set[asyncio.Task[None]] = set()
    try:
        while running or may_continue():
            free = AT_ONCE - len(running)
            leased = await lease_messages(context, channel, free) if may_continue() else []
            count += len(leased)
            running |= {asyncio.create_task(deliver_message(context, each)) for each in leased}
            if not running:
                break
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return count


async def lease_messages(
    context: DeliveryContext, channel: Channel, most: int
) -> list[LeasedMessage]:
    """Lease at most so many messages of a channel; messages that others lease are skipped."""
    now = context.clock.now()
    parameters = {
        "channel": channel.value,
        "most": most,
        "now": now,
        "local_time": now.astimezone(LOCAL).time(),
        "until": now + context.lease,
    }
    async with context.database.transaction() as session:
        return [LeasedMessage(*row) for row in await session.execute(LEASE_MESSAGES, parameters)]


async def deliver_message(context: DeliveryContext, leased: LeasedMessage) -> None:
    """Deliver a leased message and record the outcome.

    When recording fails too, the lease ends and the message is leased again.
    """
    try:
        message = await _prepare(context, leased)
        if message is not None:
            await _record(context, message.row, *await _attempt(context, message))
    except Exception as error:
        if not context.database.watch.explains(error):
            logger.exception("message %s stays leased until its lease ends", leased.id)


class PreparedMessage(NamedTuple):
    """A message with the lines that still hold."""

    row: MessageRow
    lines: Sequence[MessageLine]


async def _prepare(context: DeliveryContext, leased: LeasedMessage) -> PreparedMessage | None:
    """The message to send; None where the lease has ended or the message was closed here."""
    now = context.clock.now()
    async with context.database.transaction() as session:
        parameters = {"id": leased.id, "attempts": leased.attempt, "now": now}
        row = (await session.execute(GET_MESSAGE, parameters)).one_or_none()
        if row is None:  # the lease has ended: another attempt got the message
            return None
        lines, void = await recheck.list_lines(session, leased.id, now)
        await _end_void(session, void)
        if lines and row.attempts <= MOST_ATTEMPTS:
            return PreparedMessage(row, lines)
        if lines:  # every attempt died before it could record an error
            error = DeliveryError(reason=NotificationReason.INTERRUPTED)
            await _close(session, row, MessageState.FAILED, now, error=error)
        else:
            await _close(session, row, MessageState.EMPTY, now)
    return None


async def _attempt(
    context: DeliveryContext, message: PreparedMessage
) -> tuple[MessageText | None, DeliveryError | None]:
    """Compose and send a message; return its text and the error, if any."""
    now = context.clock.now()
    message_text: MessageText | None = None
    try:
        message_text = wording.compose(
            _recipient(context, message.row),
            message.lines,
            now,
            rehearsal=context.clock.is_rehearsal,
        )
        await _send(context, message, message_text, now)
    except DeliveryError as error:
        return message_text, error
    except Exception as error:  # a defect that concerns this message must not stop the others
        if not context.database.watch.explains(error):
            logger.exception("message %s", message.row.id)
        return message_text, DeliveryDelayedError(f"{type(error).__name__}: {error}")
    return message_text, None


async def _record(
    context: DeliveryContext,
    row: MessageRow,
    message_text: MessageText | None,
    error: DeliveryError | None,
) -> None:
    """Close the message after a success or the last failure; otherwise postpone it."""
    now = context.clock.now()
    async with context.database.transaction() as session:
        if error is None:
            await _close(session, row, MessageState.SENT, now, message_text)
        elif isinstance(error, DeliveryRefusedError) or row.attempts >= MOST_ATTEMPTS:
            await _close(session, row, MessageState.FAILED, now, message_text, error)
        else:
            parameters = {"until": now + pause(row.attempts)}
            await session.execute(POSTPONE_MESSAGE, parameters | _attempt_parameters(row, error))


def pause(attempts: int) -> timedelta:
    """The pause after so many attempts: one minute, doubled each time, at most six hours."""
    return min(FIRST_PAUSE * float(2 ** (attempts - 1)), LONGEST_PAUSE)


def _recipient(context: DeliveryContext, row: MessageRow) -> Recipient:
    """The recipient; only an e-mail may contain the key, since others can see other channels."""
    is_mail = row.channel == Channel.EMAIL
    link = preferences_url(context.public_url, row.mail_key) if is_mail else None
    return Recipient(row.full_name, context.public_url, link)


async def _send(
    context: DeliveryContext, message: PreparedMessage, message_text: MessageText, now: datetime
) -> None:
    """Send a message by its channel; one in the application is sent once it is recorded."""
    row = message.row
    if row.channel == Channel.EMAIL:
        email = row.email or ""
        await context.mail.send(
            Envelope(row.id, row.key, row.full_name, email, message_text, now, row.mail_key)
        )
    elif row.channel == Channel.WEBHOOK:
        await context.posts.send(await _compose_post(context, message, message_text, now), now)


async def _compose_post(
    context: DeliveryContext, message: PreparedMessage, message_text: MessageText, now: datetime
) -> Post:
    row = message.row
    async with context.database.reading() as session:
        webhook = (await session.execute(FIND_WEBHOOK, {"path": row.agency_path})).one_or_none()
    if webhook is None:
        raise DeliveryRefusedError(reason=NotificationReason.NO_WEBHOOK)
    recipient = {"username": row.username, "full_name": row.full_name, "email": row.email}
    payload = compose_payload(
        str(row.id), now, recipient, message_text.subject, message_text.plain, message.lines
    )
    return Post(str(row.id), webhook.url, webhook.secret, payload)


async def _end_void(session: AsyncSession, void: dict[int, NotificationReason]) -> None:
    """End notifications that no longer hold, by their ids."""
    if not void:
        return
    states = [
        NotificationState.SUPERSEDED if why in reasons.SUPERSEDING else NotificationState.SKIPPED
        for why in void.values()
    ]
    await session.execute(
        END_VOID_NOTIFICATIONS, {"ids": list(void), "whys": list(void.values()), "states": states}
    )


async def _close(
    session: AsyncSession,
    row: MessageRow,
    state: MessageState,
    now: datetime,
    message_text: MessageText | None = None,
    error: DeliveryError | None = None,
) -> None:
    """Close a message; what failed is shown in the application instead."""
    parameters = {
        "state": state,
        "now": now,
        "subject": message_text and message_text.subject,
        "body": message_text and message_text.plain,
    }
    await session.execute(CLOSE_MESSAGE, parameters | _attempt_parameters(row, error))
    if error is not None:
        description = reasons.describe(error.reason, error.detail, "en")
        logger.warning(
            "message %s to %s by %s failed: %s", row.id, row.username, row.channel, description
        )
        await fall_back(session, row.id, now)


def _attempt_parameters(row: MessageRow, error: DeliveryError | None) -> dict[str, Any]:
    """The attempt and its error, as CLOSE_MESSAGE and POSTPONE_MESSAGE take them."""
    return {
        "id": row.id,
        "attempts": row.attempts,
        "error": error and error.reason,
        "error_detail": error and error.detail,
    }
