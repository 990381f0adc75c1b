"""Setting one's own password by a link or a code.

As `access_tokens`, this takes the database and opens its own transactions, so that no connection
is held while a password is hashed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.db.storable import storable
from app.errors import NotFound, WrongCode
from app.models.accounts import Account
from app.security import hash_password, password_matches, typed_code
from app.services.accounts import access_tokens, failures, password_links, secrets
from app.services.accounts.access_tokens import IssuedToken
from app.services.accounts.attempts import Attempts
from app.services.accounts.failures import ANONYMOUS, FailureKey
from app.services.accounts.password_links import LinkHolder
from app.services.accounts.passwords import ensure_uncommon
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.text import terms
from app.vocabulary import AuditAction, LinkPurpose


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that a person sets, from where and when, and how long the sign-in lasts."""

    password: str
    origin: str | None
    now: datetime
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class SetPassword:
    """The outcome: the person is signed in. purpose: of the link or code that was used."""

    token: IssuedToken
    purpose: LinkPurpose


async def set_by_key(database: Database, key: str, new: NewPassword) -> SetPassword:
    """Set the password of the person who has a link's key, and sign in.

    Raises:
        NotFound: the key is unknown, used or expired, or its account is inactive.
        ValidationFailed: the password is a common one; the link stays valid.
        Overloaded: no hashing slot was free in time.
    """
    async with database.reading() as session:
        holder = await password_links.get_holder(session, key, new.now)
    done = await _set(database, holder, new)
    if done is None:
        raise NotFound(terms.PASSWORD_LINK)
    return done


async def set_by_code(
    database: Database, attempts: Attempts, username: str, code: str, new: NewPassword
) -> SetPassword:
    """Set the password of the person who has an account's code, and sign in.

    Raises:
        WrongCode: the account has no such code, or the code has expired or was typed too often.
        TooManyAttempts: too many wrong codes with this user name and address.
        ValidationFailed: the password is a common one; the code stays valid.
        Overloaded: no hashing slot was free in time.
    """
    name = username.strip().lower()
    holder = await _verify(database, attempts, name, code, new)
    done = await _set(database, holder, new)
    if done is None:
        raise WrongCode
    return done


async def _verify(
    database: Database, attempts: Attempts, name: str, code: str, new: NewPassword
) -> LinkHolder:
    """The holder of the code.

    Raises:
        WrongCode, TooManyAttempts, Overloaded: as `set_by_code`.
    """
    key = FailureKey.of_code(name, new.origin)
    async with attempts.turn(database, key, new.now):
        async with database.transaction() as session:
            account = await _find_account(session, name)
            holder = await password_links.claim_try(session, name, new.now) if account else None
        # An unknown name takes as long as a known one.
        if await password_matches(typed_code(code), holder.secret_hash if holder else None):
            assert holder is not None  # noqa: S101 - nothing matches without a hash
            return holder
        username = account.username if account else None
        action = Action(ANONYMOUS, new.now, new.origin, signature=username)
        async with database.transaction() as session:
            await failures.count(session, action, key, account)
    raise WrongCode


async def _find_account(session: AsyncSession, name: str) -> Account | None:
    if not storable(name):
        return None
    return await session.scalar(select(Account).where(Account.username == name))


async def _set(database: Database, holder: LinkHolder, new: NewPassword) -> SetPassword | None:
    """Use the link, store the password, end the other secrets, and sign in; None if it has ended.

    Raises:
        ValidationFailed, Overloaded: as `set_by_key`.
    """
    names = (holder.username, holder.full_name, holder.email)
    await ensure_uncommon(new.password, "/new_password", names)
    password_hash = await hash_password(new.password)
    action = Action(ANONYMOUS, new.now, new.origin, signature=holder.username)
    async with database.transaction() as session:
        account = await password_links.use(session, holder, new.now)
        if account is None:
            return None
        at = await record_event(
            session,
            action,
            AuditAction.ACCOUNT_PASSWORD_CHANGED,
            f"users/{account.username}",
            agency_id=account.agency_id,
            after={"by": holder.purpose},
        )
        account.password_hash = password_hash
        await session.flush()
        await secrets.end_all(session, account.id, at)
        token = await access_tokens.begin(session, action, account, new.lifetime)
    return SetPassword(token, LinkPurpose(holder.purpose))
