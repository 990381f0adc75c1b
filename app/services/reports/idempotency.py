"""A retried request gets the answer of the first one instead of being done twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import KeyReused
from app.services.reports.reading import Answer

KEPT = timedelta(hours=24)

# A key that was used longer ago than it is kept is as good as new.
CLAIM = text("""
    INSERT INTO idempotency_record AS earlier (principal, key, fingerprint, created_at)
    VALUES (:principal, :key, :fingerprint, :now)
    ON CONFLICT (principal, key) DO UPDATE SET (fingerprint, created_at, version, body)
        = (excluded.fingerprint, excluded.created_at, NULL, NULL)
    WHERE earlier.created_at <= :forgotten
    RETURNING key
""")
EARLIER = text("""
    SELECT fingerprint, version, body FROM idempotency_record
    WHERE principal = :principal AND key = :key
""")
KEEP = text("""
    UPDATE idempotency_record SET version = :version, body = :body
    WHERE principal = :principal AND key = :key
""")


@dataclass(frozen=True)
class Attempt:
    """A request with an idempotency key; `key` None is a request without one."""

    principal: str
    key: str | None
    fingerprint: str


async def once(
    session: AsyncSession,
    attempt: Attempt,
    now: datetime,
    work: Callable[[], Awaitable[Answer]],
    see_that_it_may_know: Callable[[], Awaitable[object]],
) -> Answer:
    """Do the work, or give the answer that it had when this key did it before.

    What was answered before is given to who may still know it: `see_that_it_may_know` raises
    where the principal has lost sight of it since.

    The key is claimed in the transaction of the work: a second request with it waits for the
    first one's commit, and takes over where that one failed.

    Raises:
        KeyReused: the key stood for another request within the last 24 hours.
    """
    if attempt.key is None:
        return await work()
    facts = {
        "principal": attempt.principal,
        "key": attempt.key,
        "fingerprint": attempt.fingerprint,
        "now": now,
        "forgotten": now - KEPT,
    }
    claimed = await session.scalar(CLAIM, facts)
    if claimed is None:
        earlier = _same(attempt, (await session.execute(EARLIER, facts)).one())
        await see_that_it_may_know()
        return earlier
    answer = await work()
    await session.execute(KEEP, facts | {"version": answer.version, "body": answer.body})
    return answer


def _same(attempt: Attempt, earlier: Row[Any]) -> Answer:
    if earlier.fingerprint != attempt.fingerprint:
        raise KeyReused
    return Answer(earlier.body or "", earlier.version or 0)
