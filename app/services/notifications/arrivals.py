"""Notifications of reports that have come: to the agency, and to the coordinators collected."""

from datetime import datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.notifications.events import DEFAULT_CHANNELS
from app.vocabulary import EventKind

COLLECTED_FOR = timedelta(hours=1)
"""A coordinator's message waits so long for further reports."""
QUIET_FROM, QUIET_UNTIL = time(21), time(6)
"""The local hours in which coordinators are not notified."""

# Plan the notifications of all submissions since the last sweep.
# - The agency's reporters get a message at once.
# - The coordinators of the plan's owner get one message by each channel, later; while it waits,
#   further reports are added to it. Who has entered a paper report knows of it.
# A person can switch both off (`period_news`).
PLAN_ARRIVALS = text("""
WITH arrived AS (
    DELETE FROM arrival RETURNING revision_id
), event AS MATERIALIZED (
    SELECT o.id AS obligation_id, o.agency_id, plan.owner_id, v.submitted_by,
        'revision/' || v.number AS occurrence,
        jsonb_build_object('number', v.number, 'received_at', v.received_at) AS facts
    FROM arrived
    JOIN revision v ON v.id = arrived.revision_id
    JOIN report r ON r.id = v.report_id
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
), addressed AS MATERIALIZED (
    SELECT event.*, CAST(:received AS text) AS kind, 'reporter' AS audience,
        CAST(:now AS timestamptz) AS not_before, recipient.account_id
    FROM event JOIN recipient
        ON recipient.audience = 'reporter' AND recipient.agency_id = event.agency_id
    UNION ALL
    SELECT event.*, CAST(:arrived AS text), 'coordinator', CAST(:collected_until AS timestamptz),
        recipient.account_id
    FROM event JOIN recipient
        ON recipient.audience = 'coordinator' AND recipient.agency_id = event.owner_id
    JOIN account ON account.id = recipient.account_id
    WHERE account.username <> event.submitted_by
), reached AS MATERIALIZED (
    SELECT addressed.*, channel
    FROM addressed
    JOIN contact ON contact.account_id = addressed.account_id
    CROSS JOIN LATERAL effective_channels(contact, CAST(:channels AS text[])) AS channel
    WHERE contact.period_news
), waiting AS (
    SELECT DISTINCT ON (m.account_id, m.channel) m.account_id, m.channel, m.id
    FROM message m
    WHERE m.state = 'waiting' AND m.attempts = 0
    -- It cannot be leased before this transaction ends.
    AND m.not_before > CAST(:now AS timestamptz) + interval '1 minute'
    AND (m.account_id, m.channel) IN (
        SELECT account_id, channel FROM reached WHERE kind = :arrived
    )
    AND EXISTS (
        SELECT FROM notification n WHERE n.message_id = m.id AND n.template = :arrived
    )
    ORDER BY m.account_id, m.channel, m.not_before
), created AS (
    INSERT INTO message
        (account_id, channel, state, created_at, not_before, quiet_from, quiet_until)
    SELECT DISTINCT account_id, channel, 'waiting', CAST(:now AS timestamptz), not_before,
        CASE WHEN kind = :arrived THEN CAST(:quiet_from AS time) END,
        CASE WHEN kind = :arrived THEN CAST(:quiet_until AS time) END
    FROM reached
    WHERE kind = :received OR NOT EXISTS (
        SELECT FROM waiting
        WHERE (waiting.account_id, waiting.channel) = (reached.account_id, reached.channel)
    )
    ORDER BY account_id, channel
    RETURNING id, account_id, channel, not_before
)
INSERT INTO notification (obligation_id, rule, occurrence, account_id, channel, audience, template,
    facts, planned_for, created_at, state, why, message_id)
SELECT obligation_id, kind, occurrence, account_id, channel, audience, kind, facts, :now, :now,
    'planned', 'happened', coalesce(created.id, waiting.id)
FROM reached
LEFT JOIN created USING (account_id, channel, not_before)
LEFT JOIN waiting USING (account_id, channel)
ON CONFLICT ON CONSTRAINT notification_once DO NOTHING
""")


async def notify(session: AsyncSession, now: datetime) -> None:
    """Notify the reporters and the coordinators of the reports that came since the last call."""
    await session.execute(
        PLAN_ARRIVALS,
        {
            "received": EventKind.RECEIVED.value,
            "arrived": EventKind.ARRIVED.value,
            "channels": DEFAULT_CHANNELS,
            "now": now,
            "collected_until": now + COLLECTED_FOR,
            "quiet_from": QUIET_FROM,
            "quiet_until": QUIET_UNTIL,
        },
    )
