"""Access tokens: signing in and out.

Hashing a password takes a processor for some 50 ms, so no connection is held meanwhile; and a
failure is put on record although the request is refused. That is why these functions take the
database and open their own transactions, as no other service does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.db.storable import storable
from app.errors import WrongPassword
from app.models.accounts import AccessToken, Account
from app.policy import Principal
from app.security import digest, new_token, password_matches
from app.services.accounts.attempts import Attempts
from app.services.audit import ledger
from app.services.audit.ledger import Actor

NOBODY = "?"
"""Stands for a user name that no account has: people type passwords into that field."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new access token, which nobody can show again."""

    secret: str
    lasts: timedelta


async def issue(
    database: Database,
    attempts: Attempts,
    *,
    username: str,
    password: str,
    origin: str | None,
    now: datetime,
    lasts: timedelta,
) -> IssuedToken:
    """A token for whoever knows the password of an active account.

    Raises:
        WrongPassword: there is no such account, or another password, or it is inactive.
        TooManyAttempts: that happened too often.
    """
    name = username.strip().lower()
    async with attempts.turn(name, origin or ""):
        async with database.reading() as session:
            account = await _named(session, name)
        usable = account is not None and account.active
        proven = await password_matches(password, account.password_hash if usable else None)  # type: ignore[union-attr]  # usable means there is one
        async with database.transaction() as session:
            token = await _conclude(session, account, proven, origin=origin, now=now, lasts=lasts)
        if token is None:
            raise WrongPassword
        return token


async def _named(session: AsyncSession, username: str) -> Account | None:
    if not storable(username):
        return None
    return await session.scalar(select(Account).where(Account.username == username))


async def _conclude(
    session: AsyncSession,
    account: Account | None,
    proven: bool,
    *,
    origin: str | None,
    now: datetime,
    lasts: timedelta,
) -> IssuedToken | None:
    """Record the attempt and, where it was good, issue a token.

    An unknown name is recorded as well: it must take as long as a known one.
    """
    name = account.username if account else NOBODY
    welcome = proven and account is not None and await _still_good(session, account)
    at = await ledger.record(
        session,
        now=now,
        actor=Actor(name, origin),
        action="account.signed_in" if welcome else "account.sign_in_refused",
        subject=f"users/{name}",
        agency_id=account.agency_id if account else None,
    )
    if not welcome or account is None:
        return None
    await session.execute(
        delete(AccessToken).where(
            AccessToken.account_id == account.id, AccessToken.expires_at <= now
        )
    )
    secret = new_token()
    session.add(
        AccessToken(
            token_hash=digest(secret), account_id=account.id, created_at=at, expires_at=now + lasts
        )
    )
    return IssuedToken(secret, lasts)


async def _still_good(session: AsyncSession, account: Account) -> bool:
    """That nobody reset the password or closed the account while it was being checked."""
    query = select(Account.id).where(
        Account.id == account.id, Account.active, Account.password_hash == account.password_hash
    )
    return await session.scalar(query.with_for_update(read=True)) is not None


async def revoke(session: AsyncSession, principal: Principal, secret: str) -> None:
    """End the token with which the principal came."""
    await session.execute(
        delete(AccessToken).where(
            AccessToken.account_id == principal.account_id,
            AccessToken.token_hash == digest(secret),
        )
    )
