"""Exceptions to the calendar: swapped days, which the state decides anew each year."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import extract, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.periods import WorkingDay
from app.services import audit
from app.services.audit import Actor
from app.vocabulary import WorkingDayChange


async def of_year(session: AsyncSession, year: int) -> Sequence[WorkingDay]:
    """A year's exceptions, by day."""
    query = select(WorkingDay).where(extract("year", WorkingDay.day) == year)
    return (await session.scalars(query.order_by(WorkingDay.day))).all()


async def put(
    session: AsyncSession,
    day: date,
    change: WorkingDayChange,
    note: str,
    *,
    now: datetime,
    actor: Actor,
) -> WorkingDay:
    """Make a day off or worked; periods generated from now on follow it."""
    await audit.record(
        session,
        now=now,
        actor=actor,
        action="working_day.put",
        subject=f"working-days/{day}",
        after={"change": change, "note": note},
    )
    return await session.merge(WorkingDay(day=day, change=change, note=note))


async def remove(session: AsyncSession, day: date, *, now: datetime, actor: Actor) -> None:
    """Let a day be what the calendar says.

    Raises:
        NotFound: it is no exception.
    """
    found = await session.get(WorkingDay, day)
    if found is None:
        raise NotFound(what=f"ngày hoán đổi {day}")
    await audit.record(
        session,
        now=now,
        actor=actor,
        action="working_day.removed",
        subject=f"working-days/{day}",
        before={"change": found.change, "note": found.note},
    )
    await session.delete(found)
