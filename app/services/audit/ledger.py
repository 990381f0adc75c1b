"""The ledger of a plan: the order of its commits, and its chain of audit events.

Each plan has one ledger, and one more serves what belongs to no plan. Recording an event locks the
ledger until the commit, so the instants of a ledger grow in the order of commits, whatever the
clocks of several servers show.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.db.database import Database
from app.db.driver import Connection, Statement
from app.errors import FieldError, NotSettled, ValidationFailed
from app.services.audit.action import Action
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction

BEFORE_THE_PLAN = Bilingual(
    "Năm kế hoạch bắt đầu từ {begins}.", "The plan's year begins at {begins}."
)

# Append an audit event and lock its ledger; `record_event` is made by a migration.
RECORD_EVENT = Statement("""
SELECT record_event(CAST(:plan_id AS bigint), CAST(:now AS timestamptz), CAST(:actor AS text),
    CAST(:action AS text), CAST(:subject AS text), CAST(:agency_id AS bigint),
    CAST(:origin AS text), CAST(:before AS jsonb), CAST(:after AS jsonb)) AS at
""")

# The instants of a plan's last commit, of the last one that aggregates can show, and of the start
# of the plan's year.
GET_INSTANTS = Statement("""
SELECT ledger.last_at, ledger.figures_at, make_date(plan.year, 1, 1)::timestamptz AS begins_at
FROM ledger JOIN plan ON plan.id = ledger.plan_id WHERE ledger.plan_id = :plan_id
""")

# Advance a ledger to an instant, so that later commits get later instants.
ADVANCE = text("UPDATE ledger SET last_at = greatest(last_at, :as_of) WHERE plan_id = :plan_id")

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

    Returns the event's instant: `action.now`, or later where another commit came between.
    """
    parameters = {
        "plan_id": plan_id,
        "now": action.now,
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


@dataclass(frozen=True, slots=True)
class Settlement:
    """Finds instants up to which nothing can change any more.

    Advancing a ledger is a write, so it has a transaction of its own, apart from the session that
    reads the aggregate.
    """

    database: Database

    async def settle(self, plan_id: int, as_of: datetime | None, now: datetime) -> datetime:
        """The settled instant for a question about a plan.

        Without `as_of` that is the last commit that aggregates can show. An `as_of` after the last
        commit advances the ledger to it, so that every later commit gets a later instant.

        Raises:
            NotSettled: `as_of` lies after `now`.
            ValidationFailed: `as_of` lies before the plan's year. The offset of 1900, 7:06:30,
                cannot be written by RFC 3339.
        """
        rows = await GET_INSTANTS.fetch_all(self.database.driver, {"plan_id": plan_id})
        last_at, figures_at = rows[0]["last_at"], rows[0]["figures_at"]
        if as_of is None:
            settled: datetime = figures_at.astimezone(LOCAL)
            return settled
        begins_at = rows[0]["begins_at"].astimezone(LOCAL)
        if as_of < begins_at:
            facts = {"begins": begins_at.isoformat()}
            error = FieldError("/as_of", "before_the_plan", BEFORE_THE_PLAN, facts, part="query")
            raise ValidationFailed([error])
        if as_of > max(now, last_at):
            raise NotSettled(now=now.isoformat())
        if as_of > last_at:
            async with self.database.transaction() as writing:
                await writing.execute(ADVANCE, {"plan_id": plan_id, "as_of": as_of})
        return as_of.astimezone(LOCAL)
