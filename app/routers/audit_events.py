"""Routes of audit events."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.http.routing import StrictRoute
from app.routers.dependencies import PAGE_SIZE, AuditReader, Cursor, Limit, ReadSession
from app.routers.responses import problems
from app.schemas.audit_events import AuditEvent
from app.schemas.base import Page, QueryInstant
from app.services.audit import audit_events
from app.services.audit.audit_events import AuditEventFilter
from app.vocabulary import AuditAction

router = APIRouter(prefix="/audit-events", tags=["audit-events"], route_class=StrictRoute)

ExactMatch = Annotated[str | None, Query(max_length=200)]


@router.get("", summary="List audit events", responses=problems())
async def list_audit_events(
    principal: AuditReader,
    session: ReadSession,
    actor: ExactMatch = None,
    action: AuditAction | None = None,
    subject: ExactMatch = None,
    since: Annotated[QueryInstant | None, Query(description="From this instant.")] = None,
    until: Annotated[QueryInstant | None, Query(description="Before this instant.")] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[AuditEvent]:
    """List the audit events of the agencies within reach, newest first."""
    filters = AuditEventFilter(actor, action, subject, since, until)
    items, next_cursor = await audit_events.list_page(
        session, principal, filters, limit=limit, cursor=cursor
    )
    return Page[AuditEvent].model_validate({"items": items, "next_cursor": next_cursor})
