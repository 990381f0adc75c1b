"""Calendar links: secret, revocable addresses of an agency's calendar."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import Forbidden, NotFound
from app.models.accounts import Account
from app.models.agencies import Agency
from app.models.notifications import CalendarLink
from app.policy import Permission, Principal
from app.security import digest
from app.services import lookup
from app.services.accounts.secrets import Allowance
from app.services.audit.action import Action
from app.services.audit.changes import Change, record_change
from app.services.audit.ledger import record_event
from app.text import terms
from app.vocabulary import AuditAction

ALLOWANCE = Allowance(most=10, most_hourly=20)
"""The calendar links of one account."""


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link.

    agency: the agency's code. token: the secret part of the address, of which only a hash is kept.
    """

    id: int
    agency: str
    created_at: datetime
    created_by: str
    revoked_at: None
    token: str


async def list_page(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """A page of the links within the principal's reach, revoked ones included, the oldest first.

    The rows have the columns of a link and the code of its `agency`.
    """
    query = (
        select(*CalendarLink.__table__.columns, Agency.code.label("agency"))
        .join(Agency, Agency.id == CalendarLink.agency_id)
        .where(lookup.within_reach(principal, Agency.path))
    )
    return await page(session, query, [CalendarLink.id], limit=limit, cursor=cursor)


async def list_own(session: AsyncSession, principal: Principal) -> Sequence[Row[*tuple[Any, ...]]]:
    """The valid links that a person has made, as rows of `list_page`: at most `ALLOWANCE.most`."""
    query = (
        select(*CalendarLink.__table__.columns, Agency.code.label("agency"))
        .join(Agency, Agency.id == CalendarLink.agency_id)
        .where(CalendarLink.account_id == principal.account_id, CalendarLink.revoked_at.is_(None))
        .order_by(CalendarLink.id)
    )
    return (await session.execute(query)).all()


async def create(session: AsyncSession, action: Action, agency_code: str) -> IssuedLink:
    """Create a link to the calendar of an agency and of the agencies below it.

    The calendar always shows what the principal's account sees at that time.

    Raises:
        ValidationFailed: the agency is not within the principal's reach.
        StateConflict, TooManyRequests: the account has, or has lately made, the most links allowed.
    """
    principal = action.principal
    agency = await lookup.get_body_agency(session, principal, agency_code, action.now)
    account = await session.get_one(
        Account, principal.account_id, with_for_update={"key_share": True}
    )
    await ALLOWANCE.ensure(
        session,
        owner=CalendarLink.account_id == account.id,
        is_valid=CalendarLink.revoked_at.is_(None),
        created_at=CalendarLink.created_at,
        now=action.now,
    )
    token = secrets.token_urlsafe(32)
    link = CalendarLink(
        agency_id=agency.id,
        account_id=account.id,
        token_hash=digest(token),
        created_at=action.now,
        created_by=principal.name,
    )
    session.add(link)
    await session.flush()
    await record_change(
        session,
        action,
        AuditAction.CALENDAR_LINK_CREATED,
        f"calendar-links/{link.id}",
        Change.created({"agency": agency.code}),
        agency_id=agency.id,
    )
    return IssuedLink(link.id, agency.code, link.created_at, link.created_by, None, token)


async def revoke(session: AsyncSession, action: Action, link_id: int) -> None:
    """Revoke a link; revoking it again changes nothing.

    Raises:
        NotFound: there is no such link within the principal's reach.
        Forbidden: another account has made it, and the principal does not manage accounts.
    """
    principal = action.principal
    link = await session.scalar(
        select(CalendarLink)
        .join(Agency, Agency.id == CalendarLink.agency_id)
        .where(CalendarLink.id == link_id, lookup.within_reach(principal, Agency.path))
        .with_for_update(of=CalendarLink)
    )
    if link is None:
        raise NotFound(terms.CALENDAR_LINK, id=link_id)
    needed = Permission.ACCOUNTS_MANAGE
    if link.account_id != principal.account_id and needed not in principal.permissions:
        raise Forbidden(terms.OPERATION[needed], needed)
    if link.revoked_at is not None:
        return
    link.revoked_at = await record_event(
        session,
        action,
        AuditAction.CALENDAR_LINK_REVOKED,
        f"calendar-links/{link.id}",
        agency_id=link.agency_id,
    )
