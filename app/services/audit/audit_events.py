"""Reading audit events, within the principal's reach."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.models.agencies import Agency
from app.models.audit_events import AuditEvent
from app.policy import Principal
from app.services.lookup import within_reach
from app.vocabulary import AuditAction

COLUMNS = (
    AuditEvent.at,
    AuditEvent.actor,
    AuditEvent.action,
    AuditEvent.subject,
    Agency.code.label("agency"),
    AuditEvent.origin,
    AuditEvent.before,
    AuditEvent.after,
    func.encode(AuditEvent.hash, "hex").label("hash"),
)
"""The fields of an audit event in rows."""


@dataclass(frozen=True, slots=True)
class AuditEventFilter:
    """Which events a list contains, from `since` on and before `until`; None stands for all."""

    actor: str | None = None
    action: AuditAction | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_page(
    session: AsyncSession,
    principal: Principal,
    filters: AuditEventFilter,
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of the events of agencies within reach, newest first.

    Only principals that reach the whole tree see events of no agency.
    """
    path = func.coalesce(Agency.path, "")
    query = (
        select(*COLUMNS)
        .select_from(AuditEvent)
        .outerjoin(Agency, Agency.id == AuditEvent.agency_id)
        .where(within_reach(principal, path))
    )
    exact = (
        (AuditEvent.actor, filters.actor),
        (AuditEvent.action, filters.action),
        (AuditEvent.subject, filters.subject),
    )
    for column, value in exact:
        if value is not None:
            query = query.where(column == value)
    if filters.since is not None:
        query = query.where(AuditEvent.at >= filters.since)
    if filters.until is not None:
        query = query.where(AuditEvent.at < filters.until)
    order = [AuditEvent.at, AuditEvent.id]
    rows, next_cursor = await page(
        session, query, order, limit=limit, cursor=cursor, descending=True
    )
    return [row._asdict() for row in rows], next_cursor
