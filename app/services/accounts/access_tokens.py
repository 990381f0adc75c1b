"""Access tokens: issued for a user name and password, revoked on signing out.

`issue` takes the database and opens its own transactions, unlike other services: hashing a
password takes about 50 ms of a processor, during which no connection should be held, and a refused
attempt is recorded although the request fails.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.db.storable import storable
from app.errors import WrongPassword
from app.models.accounts import AccessToken, Account
from app.security import digest, new_token, password_matches
from app.services.accounts import ended_agency, failures
from app.services.accounts.attempts import Attempts
from app.services.accounts.ended_agency import EndedAgency
from app.services.accounts.failures import ANONYMOUS, FailureKey
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.vocabulary import AuditAction

MOST_TOKENS = 100
"""An account can be signed in so many times; one more sign-in ends the oldest one."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new access token. Only its hash is stored, so the secret cannot be shown again."""

    secret: str
    lifetime: timedelta
    ended_agency: EndedAgency | None


async def issue(
    database: Database,
    attempts: Attempts,
    *,
    username: str,
    password: str,
    origin: str | None,
    now: datetime,
    lifetime: timedelta,
) -> IssuedToken:
    """Issue an access token for the user name and password of an active account.

    Raises:
        WrongPassword: no account has the user name, its password differs, or it is inactive.
        TooManyAttempts: too many failures with this user name and address.
        Overloaded: no hashing slot was free in time.
    """
    name = username.strip().lower()
    key = FailureKey.of(name, origin)
    async with attempts.turn(database, key, now):
        # 1. Check the password, without a connection. An unknown name takes as long as a known one.
        async with database.reading() as session:
            account = await _find_account(session, name)
        password_hash = account.password_hash if account and account.active else None
        matches = await password_matches(password, password_hash)
        # 2. Record the sign-in and store the token, or count the failure.
        action = Action(ANONYMOUS, now, origin, signature=account.username if account else None)
        async with database.transaction() as session:
            token = await _conclude(session, action, account if matches else None, lifetime)
            if token is None:
                await failures.count(session, action, key, account)
        if token is None:
            raise WrongPassword
        return token


async def _find_account(session: AsyncSession, username: str) -> Account | None:
    if not storable(username):
        return None
    return await session.scalar(select(Account).where(Account.username == username))


async def _conclude(
    session: AsyncSession, action: Action, account: Account | None, lifetime: timedelta
) -> IssuedToken | None:
    """Record the sign-in of an account and issue a token; None if it was changed meanwhile."""
    if account is None or not await _is_unchanged(session, account):
        return None
    return await begin(session, action, account, lifetime)


async def begin(
    session: AsyncSession, action: Action, account: Account, lifetime: timedelta
) -> IssuedToken:
    """Record the sign-in of an account that the caller has authenticated, and issue a token."""
    at = await record_event(
        session,
        action,
        AuditAction.ACCOUNT_SIGNED_IN,
        f"users/{action.actor}",
        agency_id=account.agency_id,
    )
    await _delete_old_tokens(session, account.id, action.now)
    secret = new_token()
    session.add(
        AccessToken(
            token_hash=digest(secret),
            account_id=account.id,
            created_at=at,
            expires_at=action.now + lifetime,
        )
    )
    ended = await ended_agency.find(session, account.agency_id, action.today)
    return IssuedToken(secret, lifetime, ended)


async def _delete_old_tokens(session: AsyncSession, account_id: int, now: datetime) -> None:
    """Delete the expired tokens of an account, and the oldest ones beyond MOST_TOKENS."""
    newest = (
        select(AccessToken.token_hash)
        .where(AccessToken.account_id == account_id, AccessToken.expires_at > now)
        .order_by(AccessToken.created_at.desc(), AccessToken.token_hash)
        .limit(MOST_TOKENS - 1)
    )
    await session.execute(
        delete(AccessToken).where(
            AccessToken.account_id == account_id, AccessToken.token_hash.not_in(newest)
        )
    )


async def _is_unchanged(session: AsyncSession, account: Account) -> bool:
    """Whether the account is still active and has the password that was checked.

    Both can change while the password is hashed. Locks the account until the commit.
    """
    query = select(Account.id).where(
        Account.id == account.id, Account.active, Account.password_hash == account.password_hash
    )
    return await session.scalar(query.with_for_update(read=True)) is not None


async def revoke(session: AsyncSession, action: Action, secret: str) -> None:
    """Revoke the access token that authenticated the request."""
    await session.execute(
        delete(AccessToken).where(
            AccessToken.account_id == action.principal.account_id,
            AccessToken.token_hash == digest(secret),
        )
    )
