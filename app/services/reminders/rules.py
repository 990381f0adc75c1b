"""Reminder rules: those of a schedule, and those that an agency has in place of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import NotFound
from app.models.agencies import Agency
from app.models.notifications import ReminderRule
from app.models.periods import Schedule
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.text import terms
from app.vocabulary import AuditAction

RuleRow = Row[*tuple[Any, ...]]
"""The columns of a rule, and the codes of its `plan`, `schedule` and `agency` (or None)."""

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
"""The fields of a rule that clients set, as audit events keep them."""


@dataclass(frozen=True, kw_only=True)
class RuleKey:
    """The codes that address a rule.

    agency: the agency whose own rule it is; None for the schedule's rule. plan: None where only
    one is known. on: the day on which the agency's code is read.
    """

    schedule: str
    code: str
    agency: str | None
    plan: str | None
    on: date


@dataclass(frozen=True)
class RuleSlot:
    """The rows that a RuleKey addresses; the rule itself may not exist."""

    plan: Plan
    schedule: Schedule
    agency: Agency | None
    code: str

    @property
    def agency_id(self) -> int | None:
        """The agency whose own rule it is; None for the schedule's rule."""
        return self.agency.id if self.agency else None

    @property
    def owner_id(self) -> int:
        """The agency whose reach shows the audit events: the rule's own, else the plan's owner."""
        return self.agency.id if self.agency else self.plan.owner_id

    @property
    def subject(self) -> str:
        """The rule as audit events name it."""
        owner = f"agencies/{self.agency.code}" if self.agency else f"plans/{self.plan.code}"
        return f"{owner}/reminder-rules/{self.schedule.code}/{self.code}"


def _select_rules() -> Select[*tuple[Any, ...]]:
    """The rules as RuleRow."""
    return (
        select(
            *ReminderRule.__table__.columns,
            Plan.code.label("plan"),
            Schedule.code.label("schedule"),
            Agency.code.label("agency"),
        )
        .join(Schedule, Schedule.id == ReminderRule.schedule_id)
        .join(Plan, Plan.id == Schedule.plan_id)
        .outerjoin(Agency, Agency.id == ReminderRule.agency_id)
    )


async def list_page(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    schedule: str | None,
    agency: str | None,
    on: date,
    limit: int,
    cursor: str | None,
) -> tuple[list[RuleRow], str | None]:
    """A page of the rules of known plans, by schedule; with `agency` only that agency's own rules.

    on: the day on which the agency's code is read.

    Raises:
        NotFound: no such plan or agency.
    """
    known_plans = lookup.known_plans(principal).with_only_columns(Plan.id)
    query = _select_rules().where(Plan.id.in_(known_plans))
    if plan is not None:
        known_plan = await lookup.get_plan(session, principal, plan)
        query = query.where(Plan.id == known_plan.id)
    if schedule is not None:
        query = query.where(Schedule.code == schedule)
    if agency is not None:
        owner = await lookup.get_agency(session, principal, agency, on)
        query = query.where(ReminderRule.agency_id == owner.id)
    order = [ReminderRule.schedule_id, ReminderRule.id]
    return await page(session, query, order, limit=limit, cursor=cursor)


async def get(session: AsyncSession, principal: Principal, key: RuleKey) -> RuleRow:
    """One rule.

    Raises:
        NotFound: there is no such rule, plan or agency.
        AmbiguousPlan: several plans are known, and none was named.
    """
    plan = await lookup.get_plan(session, principal, key.plan)
    agency_id = None
    if key.agency is not None:
        agency_id = (await lookup.get_agency(session, principal, key.agency, key.on)).id
    query = _select_rules().where(
        Plan.id == plan.id,
        Schedule.code == key.schedule,
        ReminderRule.code == key.code,
        ReminderRule.agency_id.is_not_distinct_from(agency_id),
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.REMINDER_RULE, code=key.code)
    return row


async def put(
    session: AsyncSession,
    action: Action,
    key: RuleKey,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
) -> tuple[RuleRow, bool]:
    """Create a rule or replace the existing one; returns it, and whether it is new.

    Raises:
        NotFound: no such plan, schedule or agency that the principal may change.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read the current version.
    """
    slot = await _get_slot(session, action.principal, key)
    rule = await _find(session, slot)
    check_version(rule.version if rule else None)
    is_new = rule is None
    if rule is None:
        rule = ReminderRule(
            schedule_id=slot.schedule.id, agency_id=slot.agency_id, code=slot.code, **values
        )
        session.add(rule)
        change = Change.created(values)
    else:
        change = changes.apply(rule, values)
    if change:
        await session.flush()
        await record_change(
            session,
            action,
            AuditAction.REMINDER_RULE_CREATED if is_new else AuditAction.REMINDER_RULE_CHANGED,
            slot.subject,
            change,
            plan_id=slot.plan.id,
            agency_id=slot.owner_id,
        )
    row = (await session.execute(_select_rules().where(ReminderRule.id == rule.id))).one()
    return row, is_new


async def delete(
    session: AsyncSession, action: Action, key: RuleKey, *, check_version: VersionCheck
) -> None:
    """Delete a rule; its notifications stay.

    Where it is an agency's own rule, the schedule's rule applies to the agency again.

    Raises:
        NotFound: there is no such rule, or no plan, schedule or agency that the principal may
            change.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read this version.
    """
    slot = await _get_slot(session, action.principal, key)
    rule = await _find(session, slot)
    if rule is None:
        raise NotFound(terms.REMINDER_RULE, code=slot.code)
    check_version(rule.version)
    change = Change.deleted({name: getattr(rule, name) for name in FIELDS})
    await session.delete(rule)
    await session.flush()
    await record_change(
        session,
        action,
        AuditAction.REMINDER_RULE_DELETED,
        slot.subject,
        change,
        plan_id=slot.plan.id,
        agency_id=slot.owner_id,
    )


async def _get_slot(session: AsyncSession, principal: Principal, key: RuleKey) -> RuleSlot:
    """The slot of a rule that the principal may change.

    Raises:
        NotFound: no such plan, schedule, or agency of the plan's area.
        AmbiguousPlan: several plans are known, and none was named.
    """
    plan = await lookup.get_managed_plan(session, principal, key.plan)
    schedule = await session.scalar(
        select(Schedule).where(Schedule.plan_id == plan.id, Schedule.code == key.schedule)
    )
    if schedule is None:
        raise NotFound(terms.SCHEDULE, code=key.schedule)
    if key.agency is None:
        return RuleSlot(plan, schedule, None, key.code)
    agency = await lookup.get_agency(session, principal, key.agency, key.on)
    manager = await lookup.get_manager(session, plan)
    if not (agency.path.startswith(manager.path) and principal.reaches(agency.path)):
        raise NotFound(terms.AGENCY, code=key.agency)
    return RuleSlot(plan, schedule, agency, key.code)


async def _find(session: AsyncSession, slot: RuleSlot) -> ReminderRule | None:
    """The rule in a slot."""
    rule: ReminderRule | None = await session.scalar(
        select(ReminderRule).where(
            ReminderRule.schedule_id == slot.schedule.id,
            ReminderRule.agency_id.is_not_distinct_from(slot.agency_id),
            ReminderRule.code == slot.code,
        )
    )
    return rule
