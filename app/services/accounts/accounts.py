"""Accounts: who is asking, and who administers whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.db.pagination import page
from app.errors import AlreadyExists, FieldError, NotFound, StateConflict, ValidationFailed
from app.models.accounts import AccessToken, Account
from app.models.agencies import Agency
from app.policy import Principal
from app.security import hash_password, new_password
from app.services import lookup
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.lookup import get_agency, within_reach
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import Role

NO_SUCH_AGENCY = Bilingual(
    "Không có đơn vị {agency} trong phạm vi quản trị của bạn.",
    "There is no agency {agency} within your reach.",
)
AGENCY_NEEDED = Bilingual(
    "Vai trò {role} phải gắn với một đơn vị.", "The role {role} needs an agency."
)
ABOVE_REACH = Bilingual(
    "Chỉ quản trị toàn hệ thống mới tạo được tài khoản không gắn đơn vị.",
    "Only an admin of the whole system may have accounts without an agency.",
)
WHOLE_DISTRICT = Bilingual(
    "Vai trò coordinator làm việc cho cả huyện, nên chỉ quản trị của cả huyện mới giao được.",
    "A coordinator works for the whole district, so only who administers all of it appoints one.",
)
ONESELF = Bilingual(
    "Không tự đổi vai trò, đơn vị, trạng thái hay mật khẩu của chính mình ở đây.",
    "Nobody changes the role, agency, state or password of the own account here.",
)
LAST_ADMIN = Bilingual(
    "Đây là quản trị toàn hệ thống cuối cùng còn hoạt động; hãy lập một người khác trước.",
    "This is the last active admin of the whole system; appoint another one first.",
)
OTHERS_DECIDE = frozenset({"role", "agency", "active", "password"})
"""What an admin changes for others only: it keeps the last admin from locking itself out."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account is to be."""

    username: str
    full_name: str
    email: str | None
    role: Role
    agency: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """An account as people see it: its agency by code and name."""

    account: Account
    agency: str | None
    agency_name: str | None


def _within(principal: Principal) -> Select[Account, str | None, str | None]:
    return (
        select(Account, Agency.code, Agency.name)
        .outerjoin(Agency, Agency.id == Account.agency_id)
        .where(within_reach(principal, Agency.path))
    )


async def find_all(
    session: AsyncSession,
    principal: Principal,
    *,
    role: Role | None,
    agency: str | None,
    active: bool | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Person], str | None]:
    """A page of the accounts within the principal's reach, by user name."""
    query = _within(principal)
    if role is not None:
        query = query.where(Account.role == role)
    if agency is not None:
        query = query.where(Agency.code == agency)
    if active is not None:
        query = query.where(Account.active.is_(active))
    rows, next_cursor = await page(
        session, query, [(Account.username, str)], limit=limit, cursor=cursor
    )
    return [Person(*row[:3]) for row in rows], next_cursor


async def find(session: AsyncSession, principal: Principal, username: str) -> Person:
    """The account with a user name.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    query = _within(principal).where(Account.username == username)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.ACCOUNT, username=username)
    return Person(*row)


async def find_place(
    session: AsyncSession, principal: Principal, code: str, now: datetime
) -> Agency:
    """The agency for which an account or a key is asked.

    Raises:
        ValidationFailed: none of that code is within the principal's reach today.
    """
    try:
        agency = await get_agency(session, principal, code, local_day(now))
    except NotFound:
        agency = None
    if agency is None or not principal.reaches(agency.path):
        raise ValidationFailed(
            [FieldError("/agency", "unknown_agency", NO_SUCH_AGENCY, {"agency": code})]
        )
    return agency


async def _place(
    session: AsyncSession, principal: Principal, role: Role, code: str | None, now: datetime
) -> Agency | None:
    if code is not None:
        return await find_place(session, principal, code, now)
    if role is not Role.ADMIN:
        raise ValidationFailed(
            [FieldError("/agency", "agency_needed", AGENCY_NEEDED, {"role": terms.ROLE[role]})]
        )
    if principal.reach:
        raise ValidationFailed([FieldError("/agency", "above_reach", ABOVE_REACH)])
    return None


async def _see_that_it_may_appoint(
    session: AsyncSession, principal: Principal, role: Role, agency: Agency | None
) -> None:
    if not await _reaches_all_of(session, principal, role, agency):
        raise ValidationFailed([FieldError("/role", "beyond_reach", WHOLE_DISTRICT)])


async def _reaches_all_of(
    session: AsyncSession, principal: Principal, role: Role, agency: Agency | None
) -> bool:
    """Whether the principal reaches whatever an account of that role and agency does.

    A coordinator's reach is more than the subtree of its agency: without this, whoever
    administers an office could make itself one, and with that the district.
    """
    if role is not Role.COORDINATOR or agency is None:
        return True
    return await lookup.reaches_district_around(session, principal, agency.path)


async def create(
    session: AsyncSession,
    principal: Principal,
    profile: Profile,
    password: str | None,
    *,
    now: datetime,
    actor: Actor,
) -> tuple[Person, str | None]:
    """A new account, and its password where that was generated.

    Raises:
        ValidationFailed: its agency is not within the principal's reach, or missing; or its role
            would reach farther than the principal.
        AlreadyExists: the user name is taken, be it by an account that the principal may not see.
    """
    agency = await _place(session, principal, profile.role, profile.agency, now)
    await _see_that_it_may_appoint(session, principal, profile.role, agency)
    if await session.scalar(select(Account.id).where(Account.username == profile.username)):
        raise AlreadyExists(terms.ACCOUNT, username=profile.username)
    shown = None if password else new_password()
    password_hash = await hash_password(password or shown or "")
    created_at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="account.created",
        subject=f"users/{profile.username}",
        agency_id=agency.id if agency else None,
        after={
            "full_name": profile.full_name,
            "email": profile.email,
            "role": profile.role.value,
            "agency": profile.agency,
        },
    )
    account = Account(
        username=profile.username,
        full_name=profile.full_name,
        email=profile.email,
        role=profile.role,
        agency_id=agency.id if agency else None,
        password_hash=password_hash,
        active=True,
        created_at=created_at,
    )
    session.add(account)
    await session.flush()
    return Person(account, *((agency.code, agency.name) if agency else (None, None))), shown


async def change(
    session: AsyncSession,
    principal: Principal,
    person: Person,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    actor: Actor,
) -> tuple[Person, str | None]:
    """Change the named fields of an account; answers a password where one was generated.

    `password` None generates one. A reset or a deactivation ends all the account's tokens.

    Raises:
        NotFound: the account reaches farther than the principal.
        StateConflict: the principal would change its own standing, or end the last root admin's.
        ValidationFailed: its agency is not within the principal's reach, or missing; or its role
            would reach farther than the principal.
    """
    account = person.account
    await _see_that_it_may_change(session, principal, account, changes)
    agency = await _new_place(session, principal, person, changes, now)
    await _see_that_it_may_appoint(session, principal, changes.get("role", account.role), agency)
    await _see_that_a_root_stays(session, account, changes, agency)
    shown = new_password() if changes.get("password", "") is None else None
    password = shown or changes.get("password")
    new = {
        name: changes[name] for name in ("full_name", "email", "role", "active") if name in changes
    }
    before, after = _difference(person, new | {"agency": agency.code if agency else None})
    if password:
        after["password"] = "reset"  # noqa: S105 - that it was, not what it is
    if not after:
        return person, None
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="account.changed",
        subject=f"users/{account.username}",
        agency_id=agency.id if agency else account.agency_id,
        before=before,
        after=after,
    )
    for name, value in new.items():
        setattr(account, name, value)
    account.agency_id = agency.id if agency else None
    if password:
        account.password_hash = await hash_password(password)
    await session.flush()
    if password or not account.active:
        await session.execute(delete(AccessToken).where(AccessToken.account_id == account.id))
    return Person(account, *((agency.code, agency.name) if agency else (None, None))), shown


async def _see_that_it_may_change(
    session: AsyncSession, principal: Principal, account: Account, changes: Mapping[str, Any]
) -> None:
    agency = await session.get(Agency, account.agency_id) if account.agency_id else None
    if not await _reaches_all_of(session, principal, account.role, agency):
        raise NotFound(terms.ACCOUNT, username=account.username)
    if account.id == principal.account_id and OTHERS_DECIDE & changes.keys():
        raise StateConflict(ONESELF)


async def _see_that_a_root_stays(
    session: AsyncSession, account: Account, changes: Mapping[str, Any], agency: Agency | None
) -> None:
    """See that an active root admin is left after a change.

    Nobody ends the own standing; but two could end each other's at the same time. So all of them
    are locked, and whoever comes second sees what the first one did.
    """
    role, active = changes.get("role", account.role), changes.get("active", account.active)
    if account.agency_id is not None or (agency is None and role is Role.ADMIN and active):
        return
    roots = await session.scalars(
        select(Account.id)
        .where(Account.role == Role.ADMIN, Account.agency_id.is_(None), Account.active)
        .order_by(Account.id)
        .with_for_update()
    )
    if set(roots) == {account.id}:
        raise StateConflict(LAST_ADMIN)


async def _new_place(
    session: AsyncSession,
    principal: Principal,
    person: Person,
    changes: Mapping[str, Any],
    now: datetime,
) -> Agency | None:
    """The account's agency after the change; asked of the principal's reach only if it moves."""
    role = changes.get("role", person.account.role)
    code = changes.get("agency", person.agency)
    if code is not None and code == person.agency:
        return await session.get(Agency, person.account.agency_id)
    return await _place(session, principal, role, code, now)


def _difference(person: Person, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changes, as it was and as it will be."""
    account = person.account
    old = {
        "full_name": account.full_name,
        "email": account.email,
        "role": account.role,
        "active": account.active,
        "agency": person.agency,
    }
    changed = [name for name, value in new.items() if value != old[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}
