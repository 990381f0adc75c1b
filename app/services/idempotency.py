"""A retried request gets the answer of the first one instead of being done twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import KeyReused
from app.models.idempotency import IdempotencyRecord
from app.services.reports import Answer

KEPT = timedelta(hours=24)


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
    await session.execute(
        delete(IdempotencyRecord).where(
            IdempotencyRecord.principal == attempt.principal,
            IdempotencyRecord.key == attempt.key,
            IdempotencyRecord.created_at <= now - KEPT,
        )
    )
    claimed = await session.scalar(
        insert(IdempotencyRecord)
        .values(
            principal=attempt.principal,
            key=attempt.key,
            fingerprint=attempt.fingerprint,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.key)
    )
    if claimed is None:
        earlier = await _earlier(session, attempt)
        await see_that_it_may_know()
        return earlier
    answer = await work()
    await session.execute(
        update(IdempotencyRecord)
        .where(
            IdempotencyRecord.principal == attempt.principal, IdempotencyRecord.key == attempt.key
        )
        .values(version=answer.version, body=answer.body)
    )
    return answer


async def _earlier(session: AsyncSession, attempt: Attempt) -> Answer:
    record = (
        await session.scalars(
            select(IdempotencyRecord).where(
                IdempotencyRecord.principal == attempt.principal,
                IdempotencyRecord.key == attempt.key,
            )
        )
    ).one()
    if record.fingerprint != attempt.fingerprint:
        raise KeyReused
    return Answer(record.body or "", record.version or 0)
