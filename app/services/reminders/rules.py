"""Reminder rules: a schedule's, and those that an agency has in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.notifications import ReminderRule
from app.models.periods import Schedule
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.lookup import get_agency
from app.text import terms

Shown = dict[str, Any]
"""A rule in the words of the wire, with its version."""

FIELDS = (
    "offset_days",
    "day_kind",
    "repeat_days",
    "repeat_times",
    "audience",
    "channels",
    "send_time",
    "quiet_from",
    "quiet_until",
    "template",
    "active",
)


def _known(principal: Principal) -> Select[ReminderRule, str, str, str | None]:
    """The rules of known plans, each with the codes of its plan, schedule and agency."""
    plans = lookup.known_plans(principal).with_only_columns(Plan.id)
    return (
        select(ReminderRule, Plan.code, Schedule.code, Agency.code)
        .join(Schedule, Schedule.id == ReminderRule.schedule_id)
        .join(Plan, Plan.id == Schedule.plan_id)
        .outerjoin(Agency, Agency.id == ReminderRule.agency_id)
        .where(Plan.id.in_(plans))
    )


def _shown(rule: ReminderRule, plan: str, schedule: str, agency: str | None) -> Shown:
    fields = {name: getattr(rule, name) for name in (*FIELDS, "code", "version")}
    return fields | {"plan": plan, "schedule": schedule, "agency": agency}


async def listed(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    *,
    schedule: str | None,
    agency: str | None,
    on: date,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of rules; of an agency only its own ones. All codes are read as elsewhere.

    Raises:
        NotFound: no such plan or agency.
    """
    query = _known(principal)
    if plan is not None:
        found = await lookup.get_plan(session, principal, plan)
        query = query.where(Plan.id == found.id)
    if schedule is not None:
        query = query.where(Schedule.code == schedule)
    if agency is not None:
        place = await get_agency(session, principal, agency, on)
        query = query.where(ReminderRule.agency_id == place.id)
    order = [(ReminderRule.schedule_id, int), (ReminderRule.id, int)]
    rows, following = await page(session, query, order, limit=limit, cursor=cursor)
    return [_shown(*row[:4]) for row in rows], following


async def find(
    session: AsyncSession,
    principal: Principal,
    *,
    schedule: str,
    code: str,
    agency: str | None,
    plan: str | None,
    on: date,
) -> Shown:
    """One rule.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans are known, and none was named.
    """
    named = await lookup.get_plan(session, principal, plan)
    query = _known(principal).where(
        Plan.id == named.id, Schedule.code == schedule, ReminderRule.code == code
    )
    if agency is None:
        query = query.where(ReminderRule.agency_id.is_(None))
    else:
        place = await get_agency(session, principal, agency, on)
        query = query.where(ReminderRule.agency_id == place.id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.REMINDER_RULE, code=code)
    return _shown(*row)


@dataclass(frozen=True)
class Place:
    """Where a rule stands: a schedule's, or an agency's in its place, under a code."""

    plan: Plan
    schedule: Schedule
    agency: Agency | None
    code: str

    @property
    def owner_id(self) -> int:
        """Whose the rule is."""
        return self.agency.id if self.agency else self.plan.district_id

    @property
    def subject(self) -> str:
        """How the record of changes names it."""
        owner = f"agencies/{self.agency.code}" if self.agency else f"plans/{self.plan.code}"
        return f"{owner}/reminder-rules/{self.schedule.code}/{self.code}"

    def shown(self, rule: ReminderRule) -> Shown:
        """A rule that stands here."""
        agency = self.agency.code if self.agency else None
        return _shown(rule, self.plan.code, self.schedule.code, agency)


async def find_place(
    session: AsyncSession,
    principal: Principal,
    *,
    schedule: str,
    code: str,
    agency: str | None,
    plan: str | None,
    on: date,
) -> Place:
    """Where a rule may be put.

    Raises:
        NotFound: no such plan, schedule, or agency, that the principal may change.
        AmbiguousPlan: several plans are known, and none was named.
    """
    own = await lookup.get_managed_plan(session, principal, plan)
    found = await session.scalar(
        select(Schedule).where(Schedule.plan_id == own.id, Schedule.code == schedule)
    )
    if found is None:
        raise NotFound(terms.SCHEDULE, code=schedule)
    if agency is None:
        return Place(own, found, None, code)
    named = await get_agency(session, principal, agency, on)
    district = await session.get_one(Agency, own.district_id)
    if not (named.path.startswith(district.path) and principal.reaches(named.path)):
        raise NotFound(terms.AGENCY, code=agency)
    return Place(own, found, named, code)


async def put(
    session: AsyncSession,
    place: Place,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> tuple[Shown, bool]:
    """Make a rule, or replace the one that stands there; whether it was made.

    Raises:
        PreconditionRequired, Stale: there is a rule, and the client has not read this version; or
            it has read one, and that is gone.
    """
    rule = await _standing(session, place)
    check_version(rule.version if rule else None)
    if rule is None:
        return await _make(session, place, values, now=now, actor=actor), True
    change = changes.apply(rule, values)
    if change:
        await ledger.record(
            session,
            now=now,
            actor=actor,
            action="reminder_rule.changed",
            subject=place.subject,
            plan_id=place.plan.id,
            agency_id=place.owner_id,
            before=change.before,
            after=change.after,
        )
        await session.flush()
    return place.shown(rule), False


async def _standing(session: AsyncSession, place: Place) -> ReminderRule | None:
    owner = place.agency.id if place.agency else None
    found: ReminderRule | None = await session.scalar(
        select(ReminderRule).where(
            ReminderRule.schedule_id == place.schedule.id,
            ReminderRule.agency_id.is_not_distinct_from(owner),
            ReminderRule.code == place.code,
        )
    )
    return found


async def _make(
    session: AsyncSession,
    place: Place,
    values: Mapping[str, Any],
    *,
    now: datetime,
    actor: Actor,
) -> Shown:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="reminder_rule.created",
        subject=place.subject,
        plan_id=place.plan.id,
        agency_id=place.owner_id,
        after=changes.told(values),
    )
    rule = ReminderRule(
        schedule_id=place.schedule.id,
        agency_id=place.agency.id if place.agency else None,
        code=place.code,
        **values,
    )
    session.add(rule)
    await session.flush()
    return place.shown(rule)


async def delete(
    session: AsyncSession,
    place: Place,
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Drop a rule; what was sent by it stays. An agency that had its own gets the schedule's again.

    Raises:
        NotFound: there is none.
        PreconditionRequired, Stale: the client has not read this version.
    """
    rule = await _standing(session, place)
    if rule is None:
        raise NotFound(terms.REMINDER_RULE, code=place.code)
    check_version(rule.version)
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="reminder_rule.deleted",
        subject=place.subject,
        plan_id=place.plan.id,
        agency_id=place.owner_id,
        before=changes.told({name: getattr(rule, name) for name in FIELDS}),
    )
    await session.delete(rule)
    await session.flush()
