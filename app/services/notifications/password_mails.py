"""E-mails with links to set a password.

The key of a link is made for each attempt and is only in its e-mail. The table has its hash, from
before the e-mail leaves; the key of an earlier attempt opens nothing any more.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, text

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.channels.mail import Envelope
from app.policy import Principal
from app.security import digest
from app.services.accounts import password_links, password_requests
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.notifications import password_wording, reasons
from app.services.notifications.delivery import DeliveryContext, pause
from app.vocabulary import AuditAction, LinkPurpose, SystemActor

SYSTEM = Principal(SystemActor.SYSTEM, None, frozenset(), None, "", "", "")
"""The principal of deliveries in audit events."""
LinkRow = Row[*tuple[Any, ...]]
"""A row of LEASE_LINK."""

# Lease the link that has waited longest, and give it the key of this attempt.
LEASE_LINK = text("""
UPDATE password_link link SET attempts = attempts + 1, not_before = :until, secret_hash = :hash
FROM account
WHERE account.id = link.account_id AND link.id = (
    SELECT id FROM password_link
    WHERE delivery = 'email' AND sent_at IS NULL AND not_before <= :now AND expires_at > :now
    AND NOT EXISTS (SELECT FROM message_hold)
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING link.id, link.purpose, link.attempts, link.expires_at,
    account.username, account.full_name, account.email, account.agency_id
""")

CLOSE_LINK = text("UPDATE password_link SET sent_at = :now WHERE id = :id AND attempts = :attempts")

# A refused mail address: no attempt will succeed, so the link ends.
DELETE_LINK = text("DELETE FROM password_link WHERE id = :id AND attempts = :attempts")

POSTPONE_LINK = text("""
UPDATE password_link SET not_before = :until WHERE id = :id AND attempts = :attempts
""")

logger = logging.getLogger("tiendo")


async def send(context: DeliveryContext, may_continue: Callable[[], bool]) -> None:
    """Handle the requests of people who have forgotten their passwords, then send waiting links.

    After an e-mail that is delayed, for example because the server does not answer, the others wait
    for the next call.
    """
    while may_continue() and await _handle_next(context):
        pass
    while may_continue() and await _send_next(context):
        pass


async def _handle_next(context: DeliveryContext) -> bool:
    async with context.database.transaction() as session:
        return await password_requests.handle_next(session, context.clock.now())


async def _send_next(context: DeliveryContext) -> bool:
    """Send one link; False if there is none, or if the mail server delays it."""
    now = context.clock.now()
    key = password_links.new_key()
    parameters = {"now": now, "until": now + context.lease, "hash": digest(key)}
    async with context.database.transaction() as session:
        row = (await session.execute(LEASE_LINK, parameters)).one_or_none()
    if row is None:
        return False
    error: DeliveryError | None = None
    try:
        await context.mail.send(_envelope(context, row, key))
    except DeliveryError as failure:
        error = failure
    await _record(context, row, error)
    return not isinstance(error, DeliveryDelayedError)


def _envelope(context: DeliveryContext, row: LinkRow, key: str) -> Envelope:
    now = context.clock.now()
    letter = password_wording.Letter(
        purpose=LinkPurpose(row.purpose),
        full_name=row.full_name,
        username=row.username,
        url=f"{context.public_url}/set-password?key={key}",
        public_url=context.public_url,
        expires_at=row.expires_at,
    )
    message_text = password_wording.compose(letter, now, rehearsal=context.clock.is_rehearsal)
    # Another attempt is another e-mail, so no key of the message is the same.
    message_id = uuid4()
    return Envelope(
        message_id, message_id.hex, row.full_name, row.email or "", message_text, now, None
    )


async def _record(context: DeliveryContext, row: LinkRow, error: DeliveryError | None) -> None:
    """Close the link, or postpone it. One whose e-mail is refused ends; an audit event says why."""
    now = context.clock.now()
    parameters = {"id": row.id, "attempts": row.attempts}
    async with context.database.transaction() as session:
        if error is None:
            await session.execute(CLOSE_LINK, parameters | {"now": now})
        elif isinstance(error, DeliveryRefusedError):
            await session.execute(DELETE_LINK, parameters)
            await record_event(
                session,
                Action(SYSTEM, now),
                AuditAction.PASSWORD_LINK_REFUSED,
                f"users/{row.username}",
                agency_id=row.agency_id,
                after={"reason": reasons.describe(error.reason, error.detail, "vi")},
            )
        else:
            until = now + min(pause(row.attempts), timedelta(minutes=10))
            await session.execute(POSTPONE_LINK, parameters | {"until": until})
    if error is not None:
        description = reasons.describe(error.reason, error.detail, "en")
        logger.warning("link to set the password of %s not sent: %s", row.username, description)
