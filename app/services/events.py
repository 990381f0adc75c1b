"""Events that somebody has to hear of, told in the transaction in which they happen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.recipients import WAYS
from app.vocabulary import EventKind

DEFAULT_CHANNELS = ["email", "in_app"]

# One message a person and channel; the obligation's reporters hear of what concerns it.
TELL = text(f"""
WITH recipient AS (
    SELECT o.id AS obligation_id, told.occurrence, account.id AS account_id, chosen.channel
    FROM unnest(CAST(:obligations AS bigint[]), CAST(:occurrences AS text[]))
        AS told (obligation_id, occurrence)
    JOIN obligation o ON o.id = told.obligation_id
    JOIN account ON account.agency_id = o.agency_id AND account.role = 'reporter'
        AND account.active
    {WAYS.format(usual="CAST(:channels AS text[])")}
    WHERE NOT :is_news OR coalesce(preference.period_news, true)
), carrier AS (
    INSERT INTO message (account_id, channel, state, created_at, not_before)
    SELECT DISTINCT account_id, channel, 'waiting', CAST(:now AS timestamptz),
        CAST(:now AS timestamptz)
    FROM recipient
    RETURNING id, account_id, channel
)
INSERT INTO notification (obligation_id, rule, occurrence, account_id, channel, audience, template,
    facts, planned_for, created_at, state, why, message_id)
SELECT obligation_id, :kind, occurrence, account_id, channel, 'reporter', :kind,
    CAST(:facts AS jsonb), :now, :now, 'planned', 'it happened', carrier.id
FROM recipient JOIN carrier USING (account_id, channel)
RETURNING id
""").bindparams(  # noqa: S608 - composed of constants
    bindparam("facts", type_=JSONB(none_as_null=True))
)

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
) -> int:
    """Tell the reporters of these obligations, to each its own occurrence."""
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
        },
    )
    return len(told.all())
