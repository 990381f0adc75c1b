"""Notifications that could not be delivered by their channel are shown in the application."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.vocabulary import NotificationReason

# Plan the failed notifications of a message once more in the application, by one message, except
# those that it already shows. One that was superseded there, because the recipient had chosen
# other channels since, is planned again.
PLAN_FALLBACKS = text("""
WITH lost AS (
    SELECT n.* FROM notification n
    WHERE n.message_id = :message_id AND n.state = 'failed' AND n.channel <> 'in_app'
    AND NOT EXISTS (
        SELECT FROM notification other
        WHERE other.obligation_id = n.obligation_id AND other.rule = n.rule
        AND other.occurrence = n.occurrence AND other.account_id = n.account_id
        AND other.channel = 'in_app' AND other.state IN ('planned', 'sent')
    )
    AND NOT EXISTS (
        SELECT FROM notification other
        WHERE other.plan_id = n.plan_id AND other.rule = n.rule
        AND other.occurrence = n.occurrence AND other.account_id = n.account_id
        AND other.channel = 'in_app'
    )
), carrier AS (
    INSERT INTO message (account_id, channel, state, created_at, not_before)
    SELECT DISTINCT account_id, 'in_app', 'waiting', CAST(:now AS timestamptz),
        CAST(:now AS timestamptz)
    FROM lost
    RETURNING id, account_id
)
INSERT INTO notification (obligation_id, plan_id, rule, occurrence, account_id, channel, audience,
    template, facts, planned_for, created_at, state, why, message_id)
SELECT obligation_id, plan_id, rule, occurrence, account_id, 'in_app', audience, template, facts,
    planned_for, CAST(:now AS timestamptz), 'planned', :why, carrier.id
FROM lost JOIN carrier USING (account_id)
ON CONFLICT ON CONSTRAINT notification_once DO UPDATE SET (facts, planned_for, created_at, state,
    why, why_detail, message_id) = (excluded.facts, excluded.planned_for, excluded.created_at,
    excluded.state, excluded.why, excluded.why_detail, excluded.message_id)
""")


async def fall_back(session: AsyncSession, message_id: UUID, now: datetime) -> None:
    """Plan the failed notifications of a message in the application.

    Runs in the transaction that closes the message, so that none is lost.
    """
    await session.execute(
        PLAN_FALLBACKS, {"message_id": message_id, "now": now, "why": NotificationReason.FALLBACK}
    )
