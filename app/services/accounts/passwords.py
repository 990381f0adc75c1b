"""Changing one's own password.

As `access_tokens`, this takes the database and opens its own transactions, so that no connection
is held while a password is hashed.
"""

import asyncio
from collections.abc import Iterable

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.common_passwords import is_common
from app.db.database import Database
from app.errors import ValidationFailed
from app.models.accounts import AccessToken, Account
from app.security import digest, hash_password, password_matches
from app.services.accounts import failures, secrets
from app.services.accounts.attempts import Attempts
from app.services.accounts.failures import FailureKey
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction

COMMON_PASSWORD = Bilingual(
    "Mật khẩu này quá phổ biến hoặc dễ đoán; nên dùng một câu dài dễ nhớ.",
    "This password is too common or too easy to guess; use a long phrase.",
)
WRONG_PASSWORD = Bilingual("Mật khẩu hiện tại không đúng.", "The current password does not match.")


async def ensure_uncommon(password: str, pointer: str, names: Iterable[str | None]) -> None:
    """Ensure that a new password is none of the first that an attacker tries.

    names: of its account.

    Raises:
        ValidationFailed: it is one; at `pointer`.
    """
    if await asyncio.to_thread(is_common, password, tuple(names)):
        raise ValidationFailed.at(pointer, "common_password", COMMON_PASSWORD)


async def change(
    database: Database,
    attempts: Attempts,
    action: Action,
    *,
    secret: str,
    current: str,
    new: str,
) -> None:
    """Change the principal's password and revoke its access tokens other than `secret`.

    Raises:
        ValidationFailed: `current` is not the current password, or `new` is a common one.
        TooManyAttempts: too many wrong passwords with this user name and address.
        Overloaded: no hashing slot was free in time.
        StaleDataError: the account was changed while the password was hashed.
    """
    account = await _verify(database, attempts, action, current)
    names = (account.username, account.full_name, account.email)
    await ensure_uncommon(new, "/new_password", names)
    new_hash = await hash_password(new)
    async with database.transaction() as session:
        # The account keeps the version that was read above, so that a reset in between is noticed.
        session.add(account)
        await _store(session, action, account, new_hash, secret)


async def _verify(database: Database, attempts: Attempts, action: Action, password: str) -> Account:
    """The principal's account.

    Raises:
        ValidationFailed: the password is not the account's.
        TooManyAttempts, Overloaded: as `change`.
    """
    key = FailureKey.of(action.actor, action.origin)
    async with attempts.turn(database, key, action.now):
        async with database.reading() as session:
            account = await session.get_one(Account, action.principal.account_id)
        if await password_matches(password, account.password_hash):
            return account
        async with database.transaction() as session:
            await failures.count(session, action, key, account)
    raise ValidationFailed.at("/current_password", "wrong_password", WRONG_PASSWORD)


async def _store(
    session: AsyncSession, action: Action, account: Account, password_hash: str, secret: str
) -> None:
    await record_event(
        session,
        action,
        AuditAction.ACCOUNT_PASSWORD_CHANGED,
        f"users/{account.username}",
        agency_id=account.agency_id,
    )
    account.password_hash = password_hash
    await session.flush()
    await session.execute(
        delete(AccessToken).where(
            AccessToken.account_id == account.id, AccessToken.token_hash != digest(secret)
        )
    )
    await secrets.end_password_links(session, account.id)
