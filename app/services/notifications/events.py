"""Notifications of events, planned in the transaction in which the event happens."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.vocabulary import EventKind, NotificationReason

DEFAULT_CHANNELS = ["email", "in_app"]

# Plan the notifications of an event, and one message for each account and channel.
# - The reporters of `obligations` are notified of each occurrence once.
# - The coordinators of the owner of `plan_id` are notified once by each channel of occurrences
#   that start with `same`. A notification that was skipped or superseded does not count, nor one
#   that a later event will supersede.
PLAN_NOTIFICATIONS = text("""
WITH addressed AS (
    SELECT o.id AS obligation_id, NULL::bigint AS plan_id, event.occurrence,
        recipient.account_id, reached.channel, recipient.audience
    FROM unnest(CAST(:obligations AS bigint[]), CAST(:occurrences AS text[]))
        AS event (obligation_id, occurrence)
    JOIN obligation o ON o.id = event.obligation_id
    JOIN recipient ON recipient.audience = 'reporter' AND recipient.agency_id = o.agency_id
    JOIN contact ON contact.account_id = recipient.account_id
    CROSS JOIN LATERAL effective_channels(contact, CAST(:channels AS text[])) AS reached (channel)
    WHERE (NOT :is_news OR contact.period_news)
    AND NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id)
            = (o.id, :kind, event.occurrence, recipient.account_id)
    )
    UNION ALL
    SELECT NULL, plan.id, :plan_occurrence, recipient.account_id, reached.channel,
        recipient.audience
    FROM plan
    JOIN recipient ON recipient.audience = 'coordinator' AND recipient.agency_id = plan.owner_id
    JOIN contact ON contact.account_id = recipient.account_id
    CROSS JOIN LATERAL effective_channels(contact, CAST(:channels AS text[])) AS reached (channel)
    WHERE plan.id = CAST(:plan_id AS bigint)
    AND NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.plan_id, n.rule, n.account_id, n.channel)
            = (plan.id, :kind, recipient.account_id, reached.channel)
        AND starts_with(n.occurrence, CAST(:same AS text))
        AND (n.state IN ('sent', 'failed')
            OR n.state = 'planned' AND NOT has_later(n, ARRAY[CAST(n.template AS text)]))
    )
), carrier AS (
    INSERT INTO message
        (account_id, channel, state, created_at, not_before, quiet_from, quiet_until)
    SELECT DISTINCT account_id, channel, 'waiting', CAST(:now AS timestamptz),
        CAST(:now AS timestamptz), CAST(:quiet_from AS time), CAST(:quiet_until AS time)
    FROM addressed ORDER BY account_id, channel
    RETURNING id, account_id, channel
)
INSERT INTO notification (obligation_id, plan_id, rule, occurrence, account_id, channel, audience,
    template, facts, planned_for, created_at, state, why, message_id)
SELECT obligation_id, plan_id, :kind, occurrence, account_id, channel, audience,
    :kind, CAST(:facts AS jsonb), :now, :now, 'planned', :why, carrier.id
FROM addressed JOIN carrier USING (account_id, channel)
RETURNING id
""").bindparams(bindparam("facts", type_=JSONB(none_as_null=True)))

NO_RECIPIENTS: dict[str, Any] = {
    "obligations": [],
    "occurrences": [],
    "plan_id": None,
    "plan_occurrence": None,
    "same": None,
    "why": NotificationReason.HAPPENED,
    "quiet_from": None,
    "quiet_until": None,
}
"""The parameters of PLAN_NOTIFICATIONS, before an event sets some of them."""

NEWS = frozenset({EventKind.PERIOD_OPENED, EventKind.PERIOD_CLOSED})
"""Events whose notifications a person can switch off."""


async def notify(
    session: AsyncSession,
    kind: EventKind,
    obligations: list[int],
    *,
    occurrence: str,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Notify the reporters of obligations of one event; return the number of notifications.

    occurrence: identifies the event (a decision, a date), so that no account is notified twice.
    """
    occurrences = dict.fromkeys(obligations, occurrence)
    return await notify_each(session, kind, occurrences, now=now, facts=facts)


async def notify_each(
    session: AsyncSession,
    kind: EventKind,
    occurrences: Mapping[int, str],
    *,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    why: NotificationReason = NotificationReason.HAPPENED,
    quiet: tuple[time, time] | None = None,
) -> int:
    """Notify the reporters of obligations, each of its own occurrence, given by obligation id.

    quiet: start and end of the local hours in which messages are not sent; they may span midnight.

    Returns the number of notifications.
    """
    parameters = {
        "obligations": list(occurrences),
        "occurrences": list(occurrences.values()),
        "facts": dict(facts) if facts else None,
        "why": why,
        "quiet_from": quiet and quiet[0],
        "quiet_until": quiet and quiet[1],
    }
    return await _plan(session, kind, now, parameters)


async def notify_coordinators(
    session: AsyncSession,
    kind: EventKind,
    plan_id: int,
    *,
    same: str,
    at: datetime,
    now: datetime,
    facts: Mapping[str, Any],
) -> int:
    """Notify the coordinators of a plan's owner; return the number of notifications.

    same: what events have in common of which coordinators are notified once. at: the instant that
    distinguishes them.
    """
    parameters = {
        "plan_id": plan_id,
        "plan_occurrence": f"{same}/{at.isoformat()}",
        "same": same,
        "facts": dict(facts),
    }
    return await _plan(session, kind, now, parameters)


async def _plan(
    session: AsyncSession, kind: EventKind, now: datetime, parameters: dict[str, Any]
) -> int:
    """Execute PLAN_NOTIFICATIONS; return the number of notifications."""
    common = {
        "kind": kind.value,
        "is_news": kind in NEWS,
        "channels": DEFAULT_CHANNELS,
        "now": now,
    }
    result = await session.execute(PLAN_NOTIFICATIONS, NO_RECIPIENTS | common | parameters)
    return len(result.all())
