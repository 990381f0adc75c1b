"""The append-only record of changes, and the settled order of a ledger's instants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.errors import NotSettled

# The row's lock is held until the commit, so `last_at` grows in the order of commits, whatever
# the clocks of several servers show. The hash runs over the event and the hash before it.
RECORD = """
WITH entry AS (
    UPDATE ledger SET
        last_at = greatest(:now, last_at + interval '1 microsecond'),
        last_hash = sha256(last_hash || convert_to(concat_ws(
            chr(31),
            extract(epoch FROM greatest(:now, last_at + interval '1 microsecond')),
            CAST(:actor AS text), CAST(:action AS text), CAST(:subject AS text),
            coalesce(CAST(:agency_id AS bigint)::text, ''), coalesce(CAST(:origin AS text), ''),
            coalesce(CAST(:before AS jsonb)::text, ''), coalesce(CAST(:after AS jsonb)::text, '')
        ), 'UTF8'))
    WHERE {one_ledger}
    RETURNING id, last_at, last_hash
)
INSERT INTO audit_event
    (ledger_id, at, actor, action, subject, agency_id, origin, before, after, hash)
SELECT id, last_at, :actor, :action, :subject, :agency_id, :origin,
    CAST(:before AS jsonb), CAST(:after AS jsonb), last_hash
FROM entry
RETURNING at
"""

BROKEN_LINKS = """
SELECT id FROM (
    SELECT id, ledger_id, hash, sha256(
        coalesce(lag(hash) OVER (PARTITION BY ledger_id ORDER BY id), ''::bytea)
        || convert_to(concat_ws(
            chr(31), extract(epoch FROM at), actor, action, subject,
            coalesce(agency_id::text, ''), coalesce(origin, ''),
            coalesce(before::text, ''), coalesce(after::text, '')
        ), 'UTF8')
    ) AS expected
    FROM audit_event
) AS chain
WHERE hash <> expected
UNION
SELECT coalesce(last.id, 0) FROM ledger LEFT JOIN LATERAL (
    SELECT id, hash FROM audit_event WHERE ledger_id = ledger.id ORDER BY id DESC LIMIT 1
) AS last ON true
WHERE coalesce(last.hash, '') <> ledger.last_hash
ORDER BY id
"""

LAST_LOAD = """(
    SELECT e.action FROM audit_event e JOIN ledger ON ledger.id = e.ledger_id
    WHERE ledger.plan_id = {plan_id} AND e.action IN ('plan.loaded', 'plan.import_failed')
    ORDER BY e.id DESC LIMIT 1
)"""
"""In SQL: what came of the last time that a plan's files were loaded."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and from which network address."""

    name: str
    origin: str | None = None


def _statement(sql: str) -> TextClause:
    jsonb = JSONB(none_as_null=True)
    return text(sql).bindparams(bindparam("before", type_=jsonb), bindparam("after", type_=jsonb))


_RECORD_OF_PLAN = _statement(RECORD.format(one_ledger="plan_id = :plan_id"))
_RECORD_OF_NO_PLAN = _statement(RECORD.format(one_ledger="plan_id IS NULL"))


async def record(
    session: AsyncSession,
    *,
    now: datetime,
    actor: Actor,
    action: str,
    subject: str,
    plan_id: int | None = None,
    agency_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> datetime:
    """Add an event to the plan's ledger (or the one of no plan) within the transaction.

    Returns the event's instant: `now`, or a little later where another change came between.
    From here to the commit, other changes of the same ledger wait.
    """
    parameters: dict[str, Any] = {
        "now": now,
        "actor": actor.name,
        "action": action,
        "subject": subject,
        "agency_id": agency_id,
        "origin": actor.origin,
        "before": before,
        "after": after,
    }
    if plan_id is None:
        stamped = await session.execute(_RECORD_OF_NO_PLAN, parameters)
    else:
        stamped = await session.execute(_RECORD_OF_PLAN, parameters | {"plan_id": plan_id})
    at: datetime = stamped.scalar_one()
    return at.astimezone(LOCAL)


async def settle(
    session: AsyncSession, plan_id: int, as_of: datetime | None, now: datetime
) -> datetime:
    """An instant up to which nothing can change any more.

    Without `as_of` that is the plan's last committed change. An `as_of` after that is made
    settled: whoever commits later gets a later instant.

    Raises:
        NotSettled: `as_of` lies after now.
    """
    last_at: datetime = (
        await session.execute(
            text("SELECT last_at FROM ledger WHERE plan_id = :plan_id"), {"plan_id": plan_id}
        )
    ).scalar_one()
    if as_of is None:
        return last_at.astimezone(LOCAL)
    if as_of > max(now, last_at):
        raise NotSettled(now=now.isoformat())
    if as_of > last_at:
        await session.execute(
            text("UPDATE ledger SET last_at = greatest(last_at, :as_of) WHERE plan_id = :plan_id"),
            {"plan_id": plan_id, "as_of": as_of},
        )
    return as_of.astimezone(LOCAL)


async def open_ledger(session: AsyncSession, plan_id: int | None, now: datetime) -> None:
    """Make the ledger of a plan (or of no plan), where there is none."""
    await session.execute(
        text(
            "INSERT INTO ledger (plan_id, last_at, last_hash) VALUES (:plan_id, :now, '')"
            " ON CONFLICT DO NOTHING"
        ),
        {"plan_id": plan_id, "now": now},
    )


async def broken_links(session: AsyncSession) -> list[int]:
    """The ids of events that were changed, or beside which one is missing; none when sound.

    0 stands for a ledger that has lost all of its events.
    """
    return list((await session.execute(text(BROKEN_LINKS))).scalars())
