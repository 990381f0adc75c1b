"""Accounts, and their administration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import AlreadyExists, NotFound
from app.models.accounts import Account
from app.models.agencies import Agency
from app.policy import Principal
from app.security import hash_password, new_password
from app.services.accounts import authority, secrets
from app.services.accounts.passwords import ensure_uncommon
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, apply, record_change
from app.services.lookup import within_reach
from app.text import terms
from app.vocabulary import AuditAction, Role

COLUMNS = (
    Account.username,
    Account.full_name,
    Account.email,
    Account.role,
    Agency.code.label("agency"),
    Agency.name.label("agency_name"),
    Account.active,
    Account.created_at,
    Account.version,
)
"""The fields of an account in rows."""


@dataclass(frozen=True, slots=True)
class AccountValues:
    """The values of a new account; `agency` is a code, None for an admin of the whole system."""

    username: str
    full_name: str
    email: str | None
    role: Role
    agency: str | None


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a list contains; None stands for all."""

    role: Role | None = None
    agency: str | None = None
    active: bool | None = None


async def list_page(
    session: AsyncSession,
    principal: Principal,
    filters: AccountFilter,
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of the accounts within reach, by user name, and the cursor of the next page."""
    query = _select(principal, *COLUMNS)
    if filters.role is not None:
        query = query.where(Account.role == filters.role)
    if filters.agency is not None:
        query = query.where(Agency.code == filters.agency)
    if filters.active is not None:
        query = query.where(Account.active.is_(filters.active))
    rows, next_cursor = await page(session, query, [Account.username], limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, username: str) -> Row:
    """One account, as a row of `COLUMNS`.

    Raises:
        NotFound: there is none within reach.
    """
    query = _select(principal, *COLUMNS).where(Account.username == username)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.ACCOUNT, username=username)
    return row._asdict()


async def create(
    session: AsyncSession,
    action: Action,
    values: AccountValues,
    password: str | None,
    *,
    accept_common: bool = False,
) -> tuple[Row, str | None]:
    """Create an account; returns it and the generated password, if `password` is None.

    accept_common: whether a common password is accepted, as in a rehearsal.

    Raises:
        ValidationFailed: the agency is missing or not within reach, the role reaches more than the
            principal, or the password is a common one.
        AlreadyExists: an account has the user name, even one that the principal may not see.
        Overloaded: too many passwords are being hashed.
    """
    agency = await authority.get_assigned_agency(session, action, values.role, values.agency)
    await authority.ensure_may_assign(session, action.principal, values.role, agency)
    if await session.scalar(select(exists().where(Account.username == values.username))):
        raise AlreadyExists(terms.ACCOUNT, username=values.username)
    fields = {"full_name": values.full_name, "email": values.email, "role": values.role}
    account = Account(
        username=values.username, agency_id=agency.id if agency else None, active=True, **fields
    )
    if password is not None and not accept_common:
        names = (values.username, values.full_name, values.email)
        await ensure_uncommon(password, "/password", names)
    new = password or new_password()
    # Hash before recording, because recording locks the ledger.
    account.password_hash = await hash_password(new)
    account.created_at = await record_change(
        session,
        action,
        AuditAction.ACCOUNT_CREATED,
        f"users/{values.username}",
        Change.created({**fields, "agency": values.agency}),
        agency_id=account.agency_id,
    )
    session.add(account)
    await session.flush()
    row = await get(session, action.principal, values.username)
    return row, None if password else new


async def change(
    session: AsyncSession,
    action: Action,
    username: str,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
) -> tuple[Row, str | None]:
    """Change fields of an account; returns it and the generated password, if `password` is None.

    A new password or a deactivation ends all secrets of the account, a move its calendar links, and
    a new mail address the key in its mails. Another agency, role or mail address ends its links to
    set a password.

    Raises:
        NotFound: there is no such account within reach, or it reaches more than the principal.
        PreconditionRequired, Stale: see `VersionCheck`.
        StateConflict: the principal would change its own role, agency, status or password, or no
            admin of the whole system would remain.
        ValidationFailed, Overloaded: as `create`.
    """
    account, agency = await get_with_agency(session, action.principal, username)
    check_version(account.version)
    new_agency = await _ensure_may_change(session, action, account, agency, values)
    password = (values["password"] or new_password()) if "password" in values else None
    if values.get("password"):
        names = (username, values.get("full_name", account.full_name), account.email)
        await ensure_uncommon(values["password"], "/password", names)
    # Hash before recording, because recording locks the ledger.
    password_hash = await hash_password(password) if password else None
    change = _apply(account, agency, new_agency, values, password_hash)
    if change:
        concerned = new_agency or agency
        agency_id = concerned.id if concerned else None
        subject = f"users/{username}"
        at = await record_change(
            session, action, AuditAction.ACCOUNT_CHANGED, subject, change, agency_id=agency_id
        )
        await session.flush()
        await _end_secrets(session, account, change, at)
    row = await get(session, action.principal, username)
    return row, None if values.get("password") else password


async def _end_secrets(
    session: AsyncSession, account: Account, change: Change, at: datetime
) -> None:
    """End the secrets that a change of their account invalidates; see docs/secrets.md."""
    if "password" in change.after or not account.active:
        await secrets.end_all(session, account.id, at)
        return
    if "agency" in change.after:
        await secrets.end_calendar_links(session, account.id, at)
    if "email" in change.after:
        await secrets.renew_mail_key(session, account.id)
    # A link has been issued for the account as it was: its holder must not get a higher role.
    if change.after.keys() & {"agency", "email", "role"}:
        await secrets.end_password_links(session, account.id)


async def get_with_agency(
    session: AsyncSession, principal: Principal, username: str
) -> tuple[Account, Agency | None]:
    """An account and its agency.

    Raises:
        NotFound: there is none within reach.
    """
    query = _select(principal, Account, Agency).where(Account.username == username)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.ACCOUNT, username=username)
    return row[0], row[1]


async def _ensure_may_change(
    session: AsyncSession,
    action: Action,
    account: Account,
    agency: Agency | None,
    values: Mapping[str, Any],
) -> Agency | None:
    """Ensure that the principal may change the account like this; returns its new agency.

    Raises:
        NotFound, StateConflict, ValidationFailed: as `change`.
    """
    await authority.ensure_may_change(session, action.principal, account, agency, values.keys())
    role = values.get("role", account.role)
    code = values.get("agency", _code(agency))
    if agency is not None and code == agency.code:
        new_agency: Agency | None = agency
    else:
        new_agency = await authority.get_assigned_agency(session, action, role, code)
    await authority.ensure_may_assign(session, action.principal, role, new_agency)
    active = values.get("active", account.active)
    stays_system_admin = new_agency is None and role is Role.ADMIN and active
    if agency is None and not stays_system_admin:
        await authority.ensure_admin_remains(session, account)
    return new_agency


def _apply(
    account: Account,
    agency: Agency | None,
    new_agency: Agency | None,
    values: Mapping[str, Any],
    password_hash: str | None,
) -> Change:
    attributes: dict[str, Any] = {
        name: values[name] for name in ("full_name", "email", "role", "active") if name in values
    }
    attributes["agency_id"] = new_agency.id if new_agency else None
    change = apply(account, attributes, hidden=["agency_id"])
    change = change.also("agency", _code(agency), _code(new_agency))
    if password_hash is None:
        return change
    account.password_hash = password_hash
    return Change(change.before, {**change.after, "password": "reset"})


def _code(agency: Agency | None) -> str | None:
    return agency.code if agency else None


def _select(principal: Principal, *columns: Any) -> Select[*tuple[Any, ...]]:
    # Accounts without an agency are within reach of admins of the whole system only.
    path = func.coalesce(Agency.path, "")
    return (
        select(*columns)
        .select_from(Account)
        .outerjoin(Agency, Agency.id == Account.agency_id)
        .where(within_reach(principal, path))
    )
