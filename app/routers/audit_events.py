"""The record of changes, for those who answer for them."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.http.routing import StrictRoute
from app.models.audit_events import AuditEvent as Event
from app.routers.dependencies import PAGE_SIZE, AuditReader, Cursor, Limit, ReadSession
from app.routers.responses import problems
from app.schemas.audit_events import AuditEvent
from app.schemas.base import Page, QueryInstant
from app.services.audit import audit_events
from app.services.audit.audit_events import Wanted

router = APIRouter(prefix="/audit-events", tags=["audit-events"], route_class=StrictRoute)

Exactly = Annotated[str | None, Query(max_length=200)]


def _event(event: Event, agency: str | None) -> AuditEvent:
    return AuditEvent.model_validate(
        {name: getattr(event, name, None) for name in AuditEvent.model_fields}
        | {"agency": agency, "hash": event.hash.hex()}
    )


@router.get("", summary="Nhật ký thay đổi", responses=problems())
async def list_audit_events(
    principal: AuditReader,
    session: ReadSession,
    actor: Exactly = None,
    action: Exactly = None,
    subject: Exactly = None,
    since: Annotated[QueryInstant | None, Query(description="Từ thời điểm này.")] = None,
    until: Annotated[QueryInstant | None, Query(description="Trước thời điểm này.")] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[AuditEvent]:
    """What was changed in the agencies within reach, newest first."""
    found, following = await audit_events.find_events(
        session,
        principal,
        Wanted(actor, action, subject, since, until),
        limit=limit,
        cursor=cursor,
    )
    return Page[AuditEvent](items=[_event(*each) for each in found], next_cursor=following)
