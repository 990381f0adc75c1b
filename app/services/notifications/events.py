"""Events that somebody has to hear of, told in the transaction in which they happen."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.vocabulary import EventKind, NotificationReason

DEFAULT_CHANNELS = ["email", "in_app"]

# Plan the notifications of an event, and one message for each recipient and channel:
# the reporters of `obligations` are notified of each occurrence once; the coordinators of the
# district of `plan_id` of the same occurrence once a channel, unless its notification was skipped
# or superseded, or will be, before it was sent.
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
    JOIN recipient ON recipient.audience = 'coordinator' AND recipient.agency_id = plan.district_id
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

NEWS = frozenset({EventKind.PERIOD_OPENED, EventKind.PERIOD_CLOSED})
"""What a person may choose not to hear of."""


async def tell(
    session: AsyncSession,
    kind: EventKind,
    obligations: list[int],
    *,
    occurrence: str,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Tell the reporters of these obligations what happened; how many notifications that made.

    `occurrence` names the event itself (a decision, a date), so that it is told once.
    """
    occurrences = dict.fromkeys(obligations, occurrence)
    return await tell_each(session, kind, occurrences, now=now, facts=facts)


async def tell_each(
    session: AsyncSession,
    kind: EventKind,
    occurrences: Mapping[int, str],
    *,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
    why: NotificationReason = NotificationReason.HAPPENED,
    quiet: tuple[time, time] | None = None,
) -> int:
    """Tell the reporters of these obligations, to each its own occurrence.

    `quiet` are the local hours in which it is not tried, from the first to the second.
    """
    return await _plan(
        session,
        kind,
        now,
        obligations=list(occurrences),
        occurrences=list(occurrences.values()),
        facts=dict(facts) if facts else None,
        why=why,
        quiet_from=quiet and quiet[0],
        quiet_until=quiet and quiet[1],
    )


async def tell_of_plan(
    session: AsyncSession,
    kind: EventKind,
    plan_id: int,
    *,
    same: str,
    at: datetime,
    now: datetime,
    facts: Mapping[str, Any],
) -> int:
    """Tell the coordinators of a plan's district what happened to it; how many notifications.

    `same` names what is told once, though it happens again; `at` tells the events apart.
    """
    return await _plan(
        session,
        kind,
        now,
        plan_id=plan_id,
        plan_occurrence=f"{same}/{at.isoformat()}",
        same=same,
        facts=dict(facts),
    )


async def _plan(session: AsyncSession, kind: EventKind, now: datetime, **parameters: Any) -> int:
    defaults: dict[str, Any] = {
        "obligations": [],
        "occurrences": [],
        "plan_id": None,
        "plan_occurrence": None,
        "same": None,
        "why": NotificationReason.HAPPENED,
        "quiet_from": None,
        "quiet_until": None,
    }
    values = defaults | parameters
    values |= {"kind": kind.value, "now": now, "is_news": kind in NEWS}
    values["channels"] = DEFAULT_CHANNELS
    return len((await session.execute(PLAN_NOTIFICATIONS, values)).all())


# Transitional fragment, until reminders use their own statements.
UNTOLD = """NOT EXISTS (
    SELECT FROM notification n
    WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id)
        = ({obligation}, {rule}, {occurrence}, account.id))"""
