"""The health of background work: pending and failed messages, and the job queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Time, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.services.notifications import held_messages

LONGEST_DELAY = timedelta(minutes=10)
"""Sweep and delivery run every minute, so a delay of ten minutes is a failure."""

# Count messages by state and find the age of the oldest unsent one, in seconds. The age counts from
# when it could first be sent, because quiet hours are no delay. `not_before` is the end of the last
# attempt's lease, so it tells to a few minutes when a message failed.
COUNT_MESSAGES = text("""
SELECT
    extract(epoch FROM CAST(:now AS timestamptz) - min(due) FILTER (WHERE due <= :now))
        AS oldest_unsent,
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'sending') AS sending,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'failed' AND not_before > :yesterday) AS failed_lately
FROM (
    SELECT state, not_before, CASE
        WHEN state = 'failed' OR is_quiet(:local_time, quiet_from, quiet_until) THEN NULL
        WHEN attempts = 0 THEN not_before
        ELSE created_at
    END AS due
    FROM message WHERE state IN ('waiting', 'sending', 'failed')
) AS message
""").bindparams(bindparam("local_time", type_=Time))

# The seconds since the last sweep, by the real clock: the queue ignores the clock of rehearsals.
GET_LAST_SWEEP = text("""
    SELECT extract(epoch FROM now()) - max(defer_timestamp)
    FROM procrastinate_periodic_defers WHERE task_name = 'remind'
""")
# The jobs by status.
COUNT_JOBS = text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1 ORDER BY 1")
# The overdue obligations of all plans.
COUNT_OVERDUE = text("SELECT count(*) FROM owed_obligation o WHERE timeliness(o, :now) = 'overdue'")


@dataclass(frozen=True)
class MessageCounts:
    """Messages by state, and the age of the oldest unsent one in seconds."""

    oldest_unsent_seconds: float | None
    waiting: int
    sending: int
    failed: int
    failed_last_24h: int


@dataclass(frozen=True)
class Health:
    """The health of background work; `ok` if nothing is late and no messages are held."""

    ok: bool
    held_since: datetime | None
    messages: MessageCounts
    last_sweep_seconds: float | None
    queue: dict[str, int]


async def _count_messages(session: AsyncSession, now: datetime) -> MessageCounts:
    """The unsent and failed messages."""
    local_time = now.astimezone(LOCAL).time()
    parameters = {"now": now, "local_time": local_time, "yesterday": now - timedelta(days=1)}
    row = (await session.execute(COUNT_MESSAGES, parameters)).one()
    return MessageCounts(
        oldest_unsent_seconds=None if row.oldest_unsent is None else float(row.oldest_unsent),
        waiting=row.waiting,
        sending=row.sending,
        failed=row.failed,
        failed_last_24h=row.failed_lately,
    )


async def get_health(session: AsyncSession, now: datetime) -> Health:
    """The health of background work. A service that has never run a sweep is healthy."""
    messages = await _count_messages(session, now)
    since = await held_messages.held_since(session)
    last_sweep = await session.scalar(GET_LAST_SWEEP)
    queue = {row[0]: row[1] for row in await session.execute(COUNT_JOBS)}
    ages = [messages.oldest_unsent_seconds or 0.0, float(last_sweep or 0)]
    return Health(
        ok=max(ages) <= LONGEST_DELAY.total_seconds() and since is None,
        held_since=since,
        messages=messages,
        last_sweep_seconds=None if last_sweep is None else float(last_sweep),
        queue=queue,
    )


async def get_gauges(session: AsyncSession, now: datetime) -> tuple[MessageCounts, int]:
    """The messages by state, and the number of overdue obligations of all plans."""
    overdue = int(await session.scalar(COUNT_OVERDUE, {"now": now}) or 0)
    return await _count_messages(session, now), overdue
