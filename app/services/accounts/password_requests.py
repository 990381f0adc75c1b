"""Requests of people who have forgotten their passwords.

A request does the same work for every name: it stores a hash of the name and looks at no account.
So neither the answer nor its time shows whether an account exists. A job handles it soon after.
"""

from datetime import datetime

from sqlalchemy import false, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import StateConflict, TooManyRequests
from app.models.accounts import Account, PasswordRequest
from app.services.accounts import password_links
from app.services.accounts.failures import ANONYMOUS, FailureKey
from app.services.accounts.secrets import HOUR, Allowance
from app.services.audit.action import Action
from app.vocabulary import LinkDelivery, LinkPurpose

OF_NAME = Allowance(most=5, most_hourly=5)
"""The requests for one name from one network."""
OF_NETWORK = Allowance(most=60, most_hourly=60)
"""The requests of one network: behind its address can be a whole office."""

# Only one request of a network is counted at a time.
LOCK_NETWORK = text("SELECT pg_advisory_xact_lock(hashtextextended(:network, 7154))")

# The next request, with the account that it names; requests that others handle are skipped.
TAKE_REQUEST = text("""
UPDATE password_request SET handled_at = :now
WHERE id = (
    SELECT id FROM password_request WHERE handled_at IS NULL AND requested_at > :since
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING origin, (
    SELECT account.id FROM account
    WHERE encode(sha256(convert_to(account.username, 'UTF8')), 'hex') = name_hash
    AND account.active AND account.email IS NOT NULL
) AS account_id
""")


async def request(session: AsyncSession, username: str, origin: str | None, now: datetime) -> None:
    """Store a request for a link by e-mail.

    Raises:
        TooManyRequests: too many for this name, or of this network, within an hour.
    """
    key = FailureKey.of(username.strip().lower(), origin)
    await session.execute(LOCK_NETWORK, {"network": key.network})
    of_network = PasswordRequest.network == key.network
    for allowance, owner in (
        (OF_NAME, of_network & (PasswordRequest.name_hash == key.name_hash)),
        (OF_NETWORK, of_network),
    ):
        await allowance.ensure(
            session,
            owner=owner,
            is_valid=false(),
            created_at=PasswordRequest.requested_at,
            now=now,
        )
    session.add(
        PasswordRequest(
            name_hash=key.name_hash, network=key.network, origin=origin, requested_at=now
        )
    )


async def handle_next(session: AsyncSession, now: datetime) -> bool:
    """Issue the link of the oldest request; False if there is none.

    A name without an active account that has an e-mail address gets nothing, and so does an account
    with too many links.
    """
    row = (await session.execute(TAKE_REQUEST, {"now": now, "since": now - HOUR})).one_or_none()
    if row is None:
        return False
    if row.account_id is not None:
        account = await session.get_one(Account, row.account_id)
        action = Action(ANONYMOUS, now, row.origin, signature=account.username)
        try:
            await password_links.issue(
                session, action, account, LinkPurpose.RESET, LinkDelivery.EMAIL
            )
        except (StateConflict, TooManyRequests):
            return True
    return True
