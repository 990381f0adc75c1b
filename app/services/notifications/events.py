"""Events that somebody has to hear of, told in the transaction in which they happen."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.notifications.recheck import LATER_OF_PLAN
from app.services.notifications.recipients import RECIPIENT, WAYS
from app.vocabulary import EventKind

DEFAULT_CHANNELS = ["email", "in_app"]
HAPPENED = "it happened"

# One message a person and channel for all that `heard` holds.
_CARRY = """
carrier AS (
    INSERT INTO message
        (account_id, channel, state, created_at, not_before, quiet_from, quiet_until)
    SELECT DISTINCT account_id, channel, 'waiting', CAST(:now AS timestamptz),
        CAST(:now AS timestamptz), CAST(:quiet_from AS time), CAST(:quiet_until AS time)
    FROM heard
    RETURNING id, account_id, channel
)
INSERT INTO notification (obligation_id, plan_id, rule, occurrence, account_id, channel, audience,
    template, facts, planned_for, created_at, state, why, message_id)
SELECT obligation_id, plan_id, :kind, occurrence, account_id, channel, audience,
    :kind, CAST(:facts AS jsonb), :now, :now, 'planned', :why, carrier.id
FROM heard JOIN carrier USING (account_id, channel)
RETURNING id
"""
_FACTS = bindparam("facts", type_=JSONB(none_as_null=True))

UNTOLD = """NOT EXISTS (
    SELECT FROM notification n
    WHERE (n.obligation_id, n.rule, n.occurrence, n.account_id)
        = ({obligation}, {rule}, {occurrence}, account.id))"""
"""In SQL: an `account` has heard nothing of this yet."""

# The obligation's reporters hear of what concerns it, of each occurrence once.
TELL = text(f"""
WITH heard AS (
    SELECT o.id AS obligation_id, NULL::bigint AS plan_id, told.occurrence,
        account.id AS account_id, chosen.channel, 'reporter' AS audience
    FROM unnest(CAST(:obligations AS bigint[]), CAST(:occurrences AS text[]))
        AS told (obligation_id, occurrence)
    JOIN obligation o ON o.id = told.obligation_id
    JOIN account ON account.agency_id = o.agency_id AND account.role = 'reporter'
        AND account.active
    {WAYS.format(usual="CAST(:channels AS text[])")}
    WHERE (NOT :is_news OR coalesce(preference.period_news, true))
    AND {UNTOLD.format(obligation="o.id", rule=":kind", occurrence="told.occurrence")}
), {_CARRY}
""").bindparams(_FACTS)  # noqa: S608 - composed of constants

# The office that runs the plan hears of what concerns it as a whole, of the same once, unless what
# was to say so was dropped or overtaken before it left.
TELL_OF_PLAN = text(f"""
WITH {RECIPIENT}, heard AS (
    SELECT NULL::bigint AS obligation_id, plan.id AS plan_id,
        CAST(:occurrence AS text) AS occurrence, account.id AS account_id, chosen.channel,
        recipient.audience
    FROM plan
    JOIN recipient ON recipient.audience = 'coordinator' AND recipient.agency_id = plan.district_id
    JOIN account ON account.id = recipient.account_id
    {WAYS.format(usual="CAST(:channels AS text[])")}
    WHERE plan.id = :plan_id AND NOT EXISTS (
        SELECT FROM notification n
        WHERE (n.plan_id, n.rule, n.account_id, n.channel)
            = (plan.id, :kind, account.id, chosen.channel)
        AND starts_with(n.occurrence, :same)
        AND (n.state IN ('sent', 'failed') OR n.state = 'planned' AND NOT {LATER_OF_PLAN})
    )
), {_CARRY}
""").bindparams(_FACTS)  # noqa: S608 - composed of constants

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
    why: str = HAPPENED,
    quiet: tuple[time, time] | None = None,
) -> int:
    """Tell the reporters of these obligations, to each its own occurrence.

    `quiet` are the local hours in which it is not tried, from the first to the second.
    """
    told = await session.execute(
        TELL,
        {
            "kind": kind.value,
            "obligations": list(occurrences),
            "occurrences": list(occurrences.values()),
            "channels": DEFAULT_CHANNELS,
            "is_news": kind in NEWS,
            "facts": dict(facts) if facts else None,
            "now": now,
            "why": why,
            "quiet_from": quiet and quiet[0],
            "quiet_until": quiet and quiet[1],
        },
    )
    return len(told.all())


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
    told = await session.execute(
        TELL_OF_PLAN,
        {
            "kind": kind.value,
            "plan_id": plan_id,
            "same": same,
            "occurrence": f"{same}/{at.isoformat()}",
            "channels": DEFAULT_CHANNELS,
            "facts": dict(facts),
            "now": now,
            "why": HAPPENED,
            "quiet_from": None,
            "quiet_until": None,
        },
    )
    return len(told.all())
