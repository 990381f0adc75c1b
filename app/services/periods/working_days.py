"""Exceptions to a district's calendar: swapped days, which are decided anew each year."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.periods import WorkingDay
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import Change, VersionCheck
from app.services.audit.ledger import Actor
from app.services.deadlines.working_calendar import WorkingCalendar
from app.text import terms
from app.vocabulary import WorkingDayChange

Shown = dict[str, Any]
"""An exception in the words of the wire, with its version."""


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
    columns = (WorkingDay.day, WorkingDay.change, WorkingDay.note, WorkingDay.version)
    return (
        select(Agency.code.label("district"), *columns)
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
    found = await lookup.get_plan(session, principal, plan)
    query = _shown(found.district_id).where(
        WorkingDay.day.between(date(year, 1, 1), date(year, 12, 31))
    )
    rows, following = await page(
        session, query, [(WorkingDay.day, date)], limit=limit, cursor=cursor
    )
    return [row._asdict() for row in rows], following


async def find(session: AsyncSession, principal: Principal, plan: str | None, day: date) -> Shown:
    """One exception in a plan's district.

    Raises:
        NotFound: there is none, or no such plan.
        AmbiguousPlan: several plans are known, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan)
    query = _shown(found.district_id).where(WorkingDay.day == day)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.WORKING_DAY, day=day)
    return row._asdict()


async def put(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    day: date,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> tuple[Shown, bool]:
    """Make a day off or worked; whether it was no exception before.

    Periods generated from now on follow it.

    Raises:
        NotFound: no such plan within reach.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: it is an exception, and the client has not read this version;
            or it has read one, and that is gone.
    """
    district = await _held(session, principal, plan)
    found = await session.get(WorkingDay, (district.id, day))
    check_version(found.version if found else None)
    if found is None:
        change = Change({}, changes.told(values))
        stored = WorkingDay(district_id=district.id, day=day, **values)
        session.add(stored)
    else:
        change = changes.apply(found, values)
        stored = found
    if change:
        await _record(session, district, day, "put", change, now=now, actor=actor)
        await session.flush()
    shown = {name: getattr(stored, name) for name in ("day", "change", "note", "version")}
    return {"district": district.code, **shown}, found is None


async def remove(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    day: date,
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Let a day be what the calendar says.

    Raises:
        NotFound: it is no exception, or no such plan within reach.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read this version.
    """
    district = await _held(session, principal, plan)
    found = await session.get(WorkingDay, (district.id, day))
    if found is None:
        raise NotFound(terms.WORKING_DAY, day=day)
    check_version(found.version)
    change = Change(changes.told({"change": found.change, "note": found.note}), {})
    await _record(session, district, day, "removed", change, now=now, actor=actor)
    await session.delete(found)
    await session.flush()


async def _held(session: AsyncSession, principal: Principal, plan: str | None) -> Agency:
    """A plan's district, locked: changes of its calendar come one after the other."""
    found = await lookup.get_managed_plan(session, principal, plan)
    return await session.get_one(Agency, found.district_id, with_for_update={"key_share": True})


async def _record(
    session: AsyncSession,
    district: Agency,
    day: date,
    what: str,
    change: Change,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"working_day.{what}",
        subject=f"working-days/{day}",
        agency_id=district.id,
        before=change.before or None,
        after=change.after or None,
    )
