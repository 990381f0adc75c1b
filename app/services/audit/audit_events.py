"""Reading the record of changes: who did what, as far as the reader may see."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.models.agencies import Agency
from app.models.audit_events import AuditEvent
from app.policy import Principal
from app.services.lookup import within_reach


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for: from `since` on, before `until`."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def find_events(
    session: AsyncSession, principal: Principal, wanted: Wanted, *, limit: int, cursor: str | None
) -> tuple[list[tuple[AuditEvent, str | None]], str | None]:
    """A page of the events of agencies within reach, each with the agency's code, newest first.

    Events of no agency are for those whose reach is everything.
    """
    query = (
        select(AuditEvent, Agency.code)
        .outerjoin(Agency, Agency.id == AuditEvent.agency_id)
        .where(within_reach(principal, Agency.path))
    )
    exact = (
        (AuditEvent.actor, wanted.actor),
        (AuditEvent.action, wanted.action),
        (AuditEvent.subject, wanted.subject),
    )
    for column, value in exact:
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEvent.at < wanted.until)
    rows, next_cursor = await page(
        session,
        query,
        [(AuditEvent.at, datetime), (AuditEvent.id, int)],
        limit=limit,
        cursor=cursor,
        descending=True,
    )
    return [(row[0], row[1]) for row in rows], next_cursor
