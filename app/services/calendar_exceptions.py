"""Exceptions to a district's calendar: swapped days, which are decided anew each year."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.agencies import Agency
from app.models.periods import WorkingDay
from app.pagination import page
from app.policy import Principal
from app.services import audit, codes
from app.services.audit import Actor
from app.services.working_days import WorkingCalendar
from app.vocabulary import WorkingDayChange

Shown = dict[str, Any]
"""An exception in the words of the wire."""


async def working_calendars(
    session: AsyncSession, districts: Collection[int]
) -> dict[int, WorkingCalendar]:
    """The calendar of each district, its exceptions among holidays and weekends; one question."""
    exceptions: dict[int, dict[date, WorkingDayChange]] = {district: {} for district in districts}
    rows = await session.execute(
        select(WorkingDay.district_id, WorkingDay.day, WorkingDay.change).where(
            WorkingDay.district_id == func.any(list(exceptions))
        )
    )
    for district, day, change in rows:
        exceptions[district][day] = change
    return {district: WorkingCalendar(days) for district, days in exceptions.items()}


def _shown(district_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Agency.code.label("district"), WorkingDay.day, WorkingDay.change, WorkingDay.note)
        .join_from(WorkingDay, Agency, Agency.id == WorkingDay.district_id)
        .where(WorkingDay.district_id == district_id)
    )


async def listed(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    year: int,
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of a year's exceptions in a plan's district, by day.

    Raises:
        NotFound: no such plan.
        AmbiguousPlan: several plans are known, and none was named.
    """
    found = await codes.find_plan(session, principal, plan)
    query = _shown(found.district_id).where(
        WorkingDay.day.between(date(year, 1, 1), date(year, 12, 31))
    )
    rows, following = await page(
        session, query, [(WorkingDay.day, date)], limit=limit, cursor=cursor
    )
    return [row._asdict() for row in rows], following


async def put(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    day: date,
    change: WorkingDayChange,
    note: str,
    *,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Make a day off or worked; periods generated from now on follow it.

    Raises:
        NotFound: no such plan within reach.
        AmbiguousPlan: several plans are known, and none was named.
    """
    district = await _held(session, principal, plan)
    values = {"change": change, "note": note}
    await audit.record(
        session,
        now=now,
        actor=actor,
        action="working_day.put",
        subject=f"working-days/{day}",
        agency_id=district.id,
        after=values,
    )
    await session.merge(WorkingDay(district_id=district.id, day=day, **values))
    return {"district": district.code, "day": day, **values}


async def remove(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    day: date,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Let a day be what the calendar says.

    Raises:
        NotFound: it is no exception, or no such plan within reach.
        AmbiguousPlan: several plans are known, and none was named.
    """
    district = await _held(session, principal, plan)
    found = await session.get(WorkingDay, (district.id, day))
    if found is None:
        raise NotFound(what=f"ngày hoán đổi {day}")
    await audit.record(
        session,
        now=now,
        actor=actor,
        action="working_day.removed",
        subject=f"working-days/{day}",
        agency_id=district.id,
        before={"change": found.change, "note": found.note},
    )
    await session.delete(found)


async def _held(session: AsyncSession, principal: Principal, plan: str | None) -> Agency:
    """A plan's district, locked: changes of its calendar come one after the other."""
    found = await codes.find_own_plan(session, principal, plan)
    return await session.get_one(Agency, found.district_id, with_for_update={"key_share": True})
