"""Exceptions to the calendar of a plan's owner (hoán đổi ngày làm việc), decided anew each year."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.periods import WorkingDay
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.deadlines.working_calendar import WorkingCalendar
from app.text import terms
from app.vocabulary import AuditAction, WorkingDayChange

WorkingDayRow = Row[*tuple[Any, ...]]
"""`district` (its code), `day`, `change`, `note` and `version` of an exception."""


async def working_calendars(
    session: AsyncSession, owner_ids: Collection[int]
) -> dict[int, WorkingCalendar]:
    """The calendars of plans' owners by their ids, read in one statement."""
    exceptions: dict[int, dict[date, WorkingDayChange]] = {owner_id: {} for owner_id in owner_ids}
    rows = await session.execute(
        select(WorkingDay.owner_id, WorkingDay.day, WorkingDay.change).where(
            WorkingDay.owner_id == func.any(list(exceptions))
        )
    )
    for owner_id, day, change in rows:
        exceptions[owner_id][day] = change
    return {owner_id: WorkingCalendar(days) for owner_id, days in exceptions.items()}


def _of_owner(owner_id: int) -> Select[*tuple[Any, ...]]:
    """The exceptions of an owner as WorkingDayRow."""
    columns = (WorkingDay.day, WorkingDay.change, WorkingDay.note, WorkingDay.version)
    return (
        select(Agency.code.label("owner"), lookup.district_code(), *columns)
        .join_from(WorkingDay, Agency, Agency.id == WorkingDay.owner_id)
        .where(WorkingDay.owner_id == owner_id)
    )


async def list_page(
    session: AsyncSession,
    principal: Principal,
    year: int,
    *,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[WorkingDayRow], str | None]:
    """A page of a year's exceptions of a plan's owner, by day.

    Raises:
        NotFound: no such plan.
        AmbiguousPlan: several plans are known, and none was named.
    """
    known_plan = await lookup.get_plan(session, principal, plan)
    query = _of_owner(known_plan.owner_id).where(
        WorkingDay.day.between(date(year, 1, 1), date(year, 12, 31))
    )
    return await page(session, query, [WorkingDay.day], limit=limit, cursor=cursor)


async def get(
    session: AsyncSession, principal: Principal, day: date, *, plan: str | None = None
) -> WorkingDayRow:
    """One exception of a plan's owner.

    Raises:
        NotFound: the day is no exception, or there is no such plan.
        AmbiguousPlan: several plans are known, and none was named.
    """
    known_plan = await lookup.get_plan(session, principal, plan)
    query = _of_owner(known_plan.owner_id).where(WorkingDay.day == day)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.WORKING_DAY, day=day)
    return row


async def put(
    session: AsyncSession,
    action: Action,
    day: date,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> tuple[WorkingDayRow, bool]:
    """Make a day off or worked of a plan's owner; returns it, and whether it is new.

    Only periods that are generated later follow it.

    Raises:
        NotFound: no such plan that the principal may change.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read the current version.
    """
    owner = await _lock_owner(session, action, plan)
    working_day = await session.get(WorkingDay, (owner.id, day))
    check_version(working_day.version if working_day else None)
    is_new = working_day is None
    if working_day is None:
        session.add(WorkingDay(owner_id=owner.id, day=day, **values))
        change = Change.created(values)
    else:
        change = changes.apply(working_day, values)
    if change:
        await session.flush()
        await record_change(
            session,
            action,
            AuditAction.WORKING_DAY_PUT,
            f"working-days/{day}",
            change,
            agency_id=owner.id,
        )
    query = _of_owner(owner.id).where(WorkingDay.day == day)
    return (await session.execute(query)).one(), is_new


async def delete(
    session: AsyncSession,
    action: Action,
    day: date,
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> None:
    """Delete an exception: weekends and public holidays decide about the day again.

    Raises:
        NotFound: the day is no exception, or no such plan that the principal may change.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read this version.
    """
    owner = await _lock_owner(session, action, plan)
    working_day = await session.get(WorkingDay, (owner.id, day))
    if working_day is None:
        raise NotFound(terms.WORKING_DAY, day=day)
    check_version(working_day.version)
    change = Change.deleted({"change": working_day.change, "note": working_day.note})
    await session.delete(working_day)
    await session.flush()
    await record_change(
        session,
        action,
        AuditAction.WORKING_DAY_REMOVED,
        f"working-days/{day}",
        change,
        agency_id=owner.id,
    )


async def _lock_owner(session: AsyncSession, action: Action, plan: str | None) -> Agency:
    """A plan's owner, locked so that changes of its calendar come one after the other."""
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    return await session.get_one(Agency, plan_row.owner_id, with_for_update={"key_share": True})
