"""Links and codes by which people set their own passwords: each is valid once and for a time.

A link goes out by e-mail. Its key exists only in the e-mail: it is made when that is sent
(`lease`), and another attempt makes another key. A code is for people without e-mail: it is printed
as an invitation, or said by telephone.
"""

import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Forbidden, NotFound, StateConflict
from app.models.accounts import Account, PasswordLink
from app.policy import Permission
from app.security import digest, hash_password, new_code, typed_code
from app.services.accounts import accounts, authority
from app.services.accounts.secrets import Allowance
from app.services.audit.action import Action
from app.services.audit.changes import Change, record_change
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, LinkDelivery, LinkPurpose

LIFETIMES: Mapping[tuple[LinkPurpose, LinkDelivery], timedelta] = {
    (LinkPurpose.INVITATION, LinkDelivery.EMAIL): timedelta(days=7),
    (LinkPurpose.INVITATION, LinkDelivery.CODE): timedelta(days=7),
    (LinkPurpose.RESET, LinkDelivery.EMAIL): timedelta(hours=1),
    (LinkPurpose.RESET, LinkDelivery.CODE): timedelta(days=1),
}
ALLOWANCE = Allowance(most=10, most_hourly=10)
"""The links and codes of one account."""
MOST_TRIES = 10
"""So often a code may be typed for an account, from all networks together."""

INACTIVE = Bilingual(
    "Tài khoản {username} đang bị khóa; hãy mở khóa trước.",
    "The account {username} is locked; activate it first.",
)
NO_MAIL_ADDRESS = Bilingual(
    "Tài khoản {username} chưa có địa chỉ thư điện tử; hãy in giấy mời có mã.",
    "The account {username} has no e-mail address; print an invitation with a code.",
)

# The account of a link's key.
FIND_HOLDER = text("""
SELECT link.id, link.purpose, account.id AS account_id, account.username, account.full_name,
    account.email
FROM password_link link JOIN account ON account.id = link.account_id
WHERE link.secret_hash = :hash AND link.delivery = 'email'
AND link.used_at IS NULL AND link.expires_at > :now AND account.active
""")

# Count a try of an account's code before the code is compared, so that parallel tries cannot exceed
# the limit.
CLAIM_TRY = text("""
UPDATE password_link link SET tries = tries + 1
FROM account
WHERE account.id = link.account_id AND account.username = :username AND account.active
AND link.delivery = 'code' AND link.used_at IS NULL AND link.expires_at > :now
AND link.tries < :most
RETURNING link.id, link.purpose, account.id AS account_id, account.username, account.full_name,
    account.email, link.secret_hash
""")


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link or code. code: in words on paper; None for a link, whose key is not made yet."""

    username: str
    full_name: str
    email: str | None
    purpose: LinkPurpose
    delivery: LinkDelivery
    expires_at: datetime
    code: str | None


@dataclass(frozen=True, slots=True)
class LinkHolder:
    """The person who has a valid link or code. secret_hash: of the code; None for a link."""

    id: int
    purpose: LinkPurpose
    account_id: int
    username: str
    full_name: str
    email: str | None
    secret_hash: str | None = None


async def invite(
    session: AsyncSession, action: Action, username: str, delivery: LinkDelivery | None
) -> IssuedLink:
    """Invite the person of an account to set the password.

    delivery: None: by e-mail where the account has an address, else by a code.

    Raises:
        NotFound: there is no such account within reach, or it reaches more than the principal.
        StateConflict: it is the principal's own account, it is locked, or has no mail address.
        TooManyRequests: too many links of the account within an hour.
    """
    principal = action.principal
    account, agency = await accounts.get_with_agency(session, principal, username)
    await authority.ensure_may_change(session, principal, account, agency, {"password"})
    if delivery is None:
        delivery = LinkDelivery.EMAIL if account.email else LinkDelivery.CODE
    return await issue(session, action, account, LinkPurpose.INVITATION, delivery)


async def issue_reset_code(session: AsyncSession, action: Action, username: str) -> IssuedLink:
    """Issue a code by which a person who has lost the password sets another one.

    Raises:
        NotFound: there is no such account within reach, or it reaches more than the principal.
        Forbidden: the account has a role that the principal may not reset.
        StateConflict: it is the principal's own account, or it is locked.
        TooManyRequests: too many codes of the account within an hour.
    """
    principal = action.principal
    account, agency = await accounts.get_with_agency(session, principal, username)
    if not principal.may_reset(account.role):
        needed = Permission.ACCOUNTS_MANAGE
        raise Forbidden(terms.OPERATION[needed], needed)
    await authority.ensure_may_change(session, principal, account, agency, {"password"})
    return await issue(session, action, account, LinkPurpose.RESET, LinkDelivery.CODE)


async def issue(
    session: AsyncSession,
    action: Action,
    account: Account,
    purpose: LinkPurpose,
    delivery: LinkDelivery,
) -> IssuedLink:
    """Issue a link or code for an account. A new code ends the one before.

    Raises:
        StateConflict, TooManyRequests: as `invite`.
    """
    if not account.active:
        raise StateConflict(INACTIVE, username=account.username)
    if delivery is LinkDelivery.EMAIL and not account.email:
        raise StateConflict(NO_MAIL_ADDRESS, username=account.username)
    code = new_code() if delivery is LinkDelivery.CODE else None
    # Hash before locking the account and, by recording, the ledger.
    secret_hash = await hash_password(typed_code(code)) if code else None
    await session.refresh(account, with_for_update={"key_share": True})
    await _ensure_allowed(session, account, action.now)
    if code is not None:
        await session.execute(
            delete(PasswordLink).where(
                PasswordLink.account_id == account.id,
                PasswordLink.delivery == LinkDelivery.CODE,
                PasswordLink.used_at.is_(None),
            )
        )
    expires_at = action.now + LIFETIMES[purpose, delivery]
    at = await record_change(
        session,
        action,
        AuditAction.PASSWORD_LINK_CREATED,
        f"users/{account.username}",
        Change.created({"purpose": purpose, "delivery": delivery, "expires_at": expires_at}),
        agency_id=account.agency_id,
    )
    session.add(
        PasswordLink(
            account_id=account.id,
            purpose=purpose,
            delivery=delivery,
            secret_hash=secret_hash,
            created_at=at,
            created_by=action.actor,
            expires_at=expires_at,
            not_before=action.now,
        )
    )
    return IssuedLink(
        account.username, account.full_name, account.email, purpose, delivery, expires_at, code
    )


async def _ensure_allowed(session: AsyncSession, account: Account, now: datetime) -> None:
    await ALLOWANCE.ensure(
        session,
        owner=PasswordLink.account_id == account.id,
        is_valid=PasswordLink.used_at.is_(None) & (PasswordLink.expires_at > now),
        created_at=PasswordLink.created_at,
        now=now,
    )


async def get_holder(session: AsyncSession, key: str, now: datetime) -> LinkHolder:
    """The person who has the key of a link.

    Raises:
        NotFound: the key is unknown, used or expired, or its account is inactive.
    """
    # Any text can come as a key, also one that cannot be encoded.
    parameters = {"hash": digest(key.encode(errors="replace").decode()), "now": now}
    row = (await session.execute(FIND_HOLDER, parameters)).one_or_none()
    if row is None:
        raise NotFound(terms.PASSWORD_LINK)
    return LinkHolder(**row._asdict())


async def claim_try(session: AsyncSession, username: str, now: datetime) -> LinkHolder | None:
    """The holder of an account's code, to compare it once; None without a valid code."""
    parameters = {"username": username, "now": now, "most": MOST_TRIES}
    row = (await session.execute(CLAIM_TRY, parameters)).one_or_none()
    return LinkHolder(**row._asdict()) if row else None


async def use(session: AsyncSession, holder: LinkHolder, now: datetime) -> Account | None:
    """Mark a link as used; its account, or None where another request was first or it ended.

    Locks the account before the link, in the order of changes of accounts, which end links.
    """
    account = await session.get_one(Account, holder.account_id, with_for_update=True)
    link = await session.scalar(
        select(PasswordLink)
        .where(
            PasswordLink.id == holder.id,
            PasswordLink.used_at.is_(None),
            PasswordLink.expires_at > now,
        )
        .with_for_update()
    )
    if link is None or not account.active:
        return None
    link.used_at = now
    return account


def new_key() -> str:
    """The key of a link: 256 random bits."""
    return randomness.token_urlsafe(32)
