"""The ledger of a plan: the order of its commits, and its chain of audit events.

Each plan has one ledger, and one more serves what belongs to no plan. Recording an event locks the
ledger until the commit, so the instants of a ledger grow in the order of commits, whatever the
clocks of several servers show.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.db.driver import Connection, Statement
from app.services.audit.action import Action
from app.vocabulary import AuditAction

# Append an audit event and lock its ledger; `record_event` is made by a migration.
RECORD_EVENT = Statement("""
SELECT record_event(CAST(:plan_id AS bigint), CAST(:now AS timestamptz), CAST(:actor AS text),
    CAST(:action AS text), CAST(:subject AS text), CAST(:agency_id AS bigint),
    CAST(:origin AS text), CAST(:before AS jsonb), CAST(:after AS jsonb)) AS at
""")

# Create a ledger unless it exists.
OPEN_LEDGER = text("""
INSERT INTO ledger (plan_id, last_at, figures_at, last_hash) VALUES (:plan_id, :now, :now, '')
ON CONFLICT DO NOTHING
""")


async def record_event(
    connection: Connection,
    action: Action,
    name: AuditAction,
    subject: str,
    *,
    plan_id: int | None = None,
    agency_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> datetime:
    """Record an audit event within the transaction and lock the ledger until the commit.

    name: the action's name, as `report.accepted`. plan_id: whose ledger; None for no plan.
    agency_id: whose reach shows the event. before, after: JSON objects.

    Returns the event's instant: `action.now`, or later where another commit came between or the
    action has lasted long.
    """
    parameters = {
        "plan_id": plan_id,
        "now": action.recording_instant,
        "actor": action.actor,
        "action": name,
        "subject": subject,
        "agency_id": agency_id,
        "origin": action.origin,
        "before": None if before is None else json.dumps(before, ensure_ascii=False),
        "after": None if after is None else json.dumps(after, ensure_ascii=False),
    }
    at: datetime = (await RECORD_EVENT.fetch_all(connection, parameters))[0]["at"]
    return at.astimezone(LOCAL)


async def open_ledger(session: AsyncSession, plan_id: int | None, now: datetime) -> None:
    """Create the ledger of a plan, or the one of no plan, unless it exists."""
    await session.execute(OPEN_LEDGER, {"plan_id": plan_id, "now": now})
