"""Messages that wait to leave by e-mail or webhook, and the hold that keeps all of them back.

After a restore an operator looks first: what has left since the backup would go again. The hold is
a row, so it survives restarts and is the same for all workers. Reminders are planned meanwhile.
Messages in the application do not leave, and are not held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.audit.action import Action
from app.services.audit.ledger import open_ledger, record_event
from app.vocabulary import AuditAction, NotificationReason

HOLD = text("""
INSERT INTO message_hold (held_at) VALUES (:now) ON CONFLICT DO NOTHING RETURNING held_at
""")
RELEASE = text("DELETE FROM message_hold RETURNING held_at")
GET_HOLD = text("SELECT held_at FROM message_hold")

# The messages that wait to leave, in the order in which they will.
LIST_WAITING = text("""
SELECT m.id, m.channel, account.username, account.email, m.created_at, (
        SELECT string_agg(
            concat_ws(' ', n.rule, coalesce(p.code || '/' || a.code, plan.code)), ', '
            ORDER BY n.id)
        FROM notification n
        LEFT JOIN obligation o ON o.id = n.obligation_id
        LEFT JOIN reporting_period p ON p.id = o.period_id
        LEFT JOIN agency a ON a.id = o.agency_id
        LEFT JOIN plan ON plan.id = n.plan_id
        WHERE n.message_id = m.id AND n.state = 'planned'
    ) AS about
FROM message m JOIN account ON account.id = m.account_id
WHERE m.channel <> 'in_app' AND m.state IN ('waiting', 'sending')
ORDER BY m.not_before, m.id
""")

# Close messages without sending them. Their notifications are superseded, not skipped: a skipped
# reminder would be planned again. `ids`: null for all.
DROP = text("""
WITH dropped AS (
    UPDATE message SET state = 'empty'
    WHERE channel <> 'in_app' AND state IN ('waiting', 'sending')
    AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))
    RETURNING id
), ended AS (
    UPDATE notification SET state = 'superseded', why = :why FROM dropped
    WHERE message_id = dropped.id AND notification.state = 'planned'
)
SELECT id FROM dropped
""")


@dataclass(frozen=True)
class WaitingMessage:
    """A message that waits to leave; `about` names rules or events, and reports."""

    id: UUID
    channel: str
    username: str
    email: str | None
    created_at: datetime
    about: str | None


async def hold(session: AsyncSession, action: Action) -> bool:
    """Hold all messages; return whether none were held. An earlier hold keeps its instant."""
    since = await session.scalar(HOLD, {"now": action.now})
    if since is not None:
        await _record(session, action, AuditAction.MESSAGES_HELD, {"held_since": since.isoformat()})
    return since is not None


async def held_since(session: AsyncSession) -> datetime | None:
    """The instant since which messages are held; None where they are not."""
    instant: datetime | None = await session.scalar(GET_HOLD)
    return instant


async def release(session: AsyncSession, action: Action) -> bool:
    """End the hold; return whether there was one."""
    since = await session.scalar(RELEASE)
    if since is not None:
        await _record(
            session, action, AuditAction.MESSAGES_RELEASED, {"held_since": since.isoformat()}
        )
    return since is not None


async def list_waiting(session: AsyncSession) -> list[WaitingMessage]:
    """The messages that wait to leave, in the order in which they will."""
    return [WaitingMessage(**row._asdict()) for row in await session.execute(LIST_WAITING)]


async def drop(session: AsyncSession, action: Action, ids: Sequence[UUID] | None) -> list[UUID]:
    """Drop messages that wait, all of them where `ids` is None; return their ids."""
    parameters = {
        "ids": None if ids is None else list(ids),
        "why": NotificationReason.DROPPED_BY_OPERATOR,
    }
    dropped = [row.id for row in await session.execute(DROP, parameters)]
    if dropped:
        await _record(
            session, action, AuditAction.MESSAGES_DROPPED, {"messages": sorted(map(str, dropped))}
        )
    return dropped


async def _record(
    session: AsyncSession, action: Action, name: AuditAction, after: dict[str, object]
) -> None:
    await open_ledger(session, None, action.now)
    await record_event(session, action, name, "messages", after=after)
