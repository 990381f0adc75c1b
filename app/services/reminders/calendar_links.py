"""Calendar links: secret, revocable addresses of an agency's calendar."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.notifications import CalendarLink
from app.policy import Principal
from app.security import digest
from app.services.accounts.accounts import find_place
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.lookup import within_reach
from app.text import terms


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link and its agency's code; `token` is there only when it was just made."""

    link: CalendarLink
    agency: str
    token: str | None = None


def _within(principal: Principal) -> Select[CalendarLink, str]:
    return (
        select(CalendarLink, Agency.code)
        .join(Agency, Agency.id == CalendarLink.agency_id)
        .where(within_reach(principal, Agency.path))
    )


async def find_all(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[IssuedLink], str | None]:
    """A page of the links within the principal's reach, the revoked ones too, oldest first."""
    rows, following = await page(
        session, _within(principal), [(CalendarLink.id, int)], limit=limit, cursor=cursor
    )
    return [IssuedLink(*row[:2]) for row in rows], following


async def create(
    session: AsyncSession, principal: Principal, agency: str, *, now: datetime, actor: Actor
) -> IssuedLink:
    """A new link to the calendar of an agency and, if the principal sees them, those below it.

    Raises:
        ValidationFailed: the agency is not within the principal's reach.
    """
    place = await find_place(session, principal, agency, now)
    token = secrets.token_urlsafe(32)
    link = CalendarLink(
        agency_id=place.id,
        own_agency_only=principal.own_agency_only,
        token_hash=digest(token),
        created_at=now,
        created_by=principal.name,
    )
    session.add(link)
    await session.flush()
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="calendar_link.created",
        subject=f"calendar-links/{link.id}",
        agency_id=place.id,
        after={"agency": place.code},
    )
    return IssuedLink(link, place.code, token)


async def revoke(
    session: AsyncSession, principal: Principal, link_id: int, *, now: datetime, actor: Actor
) -> None:
    """End a link at once. One that was revoked before stays so.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    query = _within(principal).where(CalendarLink.id == link_id)
    link = await session.scalar(query.with_for_update(of=CalendarLink))
    if link is None:
        raise NotFound(terms.CALENDAR_LINK, id=link_id)
    if link.revoked_at is not None:
        return
    link.revoked_at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="calendar_link.revoked",
        subject=f"calendar-links/{link.id}",
        agency_id=link.agency_id,
    )
