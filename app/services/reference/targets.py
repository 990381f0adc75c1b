"""Targets of plans: read, and given values for the plan or for one agency.

A value is never changed: a new one takes its place from its instant on, so that the progress at an
earlier instant stays what it was. The version of a target is the number of its values.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.driver import Row
from app.errors import NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.indicators import Indicator
from app.models.plans import Plan
from app.models.projects import Project
from app.models.targets import Target, TargetValue
from app.policy import Principal
from app.services import lookup
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, TargetMeasure

NO_CHANGE = Bilingual(
    "Mục tiêu này không phải là mức giảm nên không ghi số đầu năm.",
    "This target is not a decrease, so it has no baseline.",
)
PLAN_NEEDS_VALUE = Bilingual(
    "Mục tiêu của cả kế hoạch phải có giá trị.",
    "A target of the whole plan needs a value.",
)


async def of_plans(session: AsyncSession, plan_ids: Collection[int]) -> dict[int, list[Row]]:
    """The targets of plans with the values in force for the whole plan, in the plan's order."""
    newest = _newest_values()
    rows = await session.execute(
        select(
            *Target.__table__.columns,
            Project.code.label("project"),
            Indicator.code.label("indicator"),
            newest.value,
            newest.baseline,
            newest.number.label("version"),
        )
        .join(newest, newest.target_id == Target.id)
        .outerjoin(Project, Project.id == Target.project_id)
        .outerjoin(Indicator, Indicator.id == Target.indicator_id)
        .where(Target.plan_id.in_(plan_ids), newest.agency_id.is_(None))
        .order_by(Target.position, Target.id)
    )
    targets: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        targets[row.plan_id].append(row._asdict())
    return targets


async def get(session: AsyncSession, principal: Principal, code: str, *, plan: str) -> Row:
    """A target with its values for agencies within the horizon.

    Raises:
        NotFound: no such plan within the horizon, or it has no such target.
    """
    plan_row = await lookup.get_plan(session, principal, plan)
    for target in (await of_plans(session, [plan_row.id])).get(plan_row.id, []):
        if target["code"] == code:
            agencies = await _list_agencies(session, principal, target["id"])
            return {**target, "agencies": agencies}
    raise NotFound(terms.TARGET, code=code)


async def get_of_agency(
    session: AsyncSession, principal: Principal, code: str, *, plan: str, agency: str
) -> Row:
    """The value of a target for an agency of the plan; version 0 before the first one.

    Raises:
        NotFound: no such plan, target or agency within the horizon.
    """
    plan_row = await lookup.get_plan(session, principal, plan)
    target = await _find(session, plan_row, code)
    return await _of_agency(session, target, await _agency(session, principal, plan_row, agency))


async def set_value(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str,
    check_version: VersionCheck,
) -> Row:
    """Set the value and the baseline of a target for the whole plan.

    Raises:
        NotFound: no such plan that the principal may change, or it has no such target.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the value is missing, or the target has no baseline.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    target = await _find(session, plan_row, code, lock=True)
    if values["value"] is None:
        raise ValidationFailed.at("/value", "missing", PLAN_NEEDS_VALUE)
    await _add_value(session, action, plan_row, target, None, values, check_version)
    return await get(session, action.principal, code, plan=plan)


async def set_value_of_agency(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str,
    agency: str,
    check_version: VersionCheck,
) -> Row:
    """Set the value and the baseline of a target for one agency, such as a commune's share.

    Raises:
        NotFound: no such plan that the principal may change, no such target or agency.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the target has no baseline.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    target = await _find(session, plan_row, code, lock=True)
    agency_row = await _agency(session, action.principal, plan_row, agency)
    await _add_value(session, action, plan_row, target, agency_row, values, check_version)
    return await _of_agency(session, target, agency_row)


async def _add_value(
    session: AsyncSession,
    action: Action,
    plan: Plan,
    target: Target,
    agency: Agency | None,
    values: Mapping[str, Any],
    check_version: VersionCheck,
) -> None:
    """Add a value unless the one in force is the same; the target's row is locked.

    Raises:
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the target has no baseline.
    """
    if values["baseline"] is not None and target.measure is not TargetMeasure.DECREASE:
        raise ValidationFailed.at("/baseline", "not_a_change", NO_CHANGE)
    agency_id = agency.id if agency else None
    latest = await _find_newest(session, target, agency_id)
    check_version(latest.number if latest else 0)
    change = Change({}, {})
    for name in ("value", "baseline"):
        change = change.also(name, getattr(latest, name) if latest else None, values[name])
    if not change:
        return
    subject = f"plans/{plan.code}/targets/{target.code}"
    at = await record_change(
        session,
        action,
        AuditAction.TARGET_CHANGED,
        f"{subject}/agencies/{agency.code}" if agency else subject,
        change,
        plan_id=plan.id,
        agency_id=agency_id or plan.owner_id,
    )
    number = latest.number + 1 if latest else 1
    session.add(
        TargetValue(
            target_id=target.id, agency_id=agency_id, number=number, recorded_at=at, **values
        )
    )
    await session.flush()


async def _find(session: AsyncSession, plan: Plan, code: str, *, lock: bool = False) -> Target:
    """A target of the plan, locked for a change of its values if asked.

    Raises:
        NotFound: there is none.
    """
    query = select(Target).where(Target.plan_id == plan.id, Target.code == code)
    target = await session.scalar(query.with_for_update() if lock else query)
    if target is None:
        raise NotFound(terms.TARGET, code=code)
    return target


async def _agency(session: AsyncSession, principal: Principal, plan: Plan, code: str) -> Agency:
    """The agency below the plan's owner that has the code at the end of the plan's year.

    Raises:
        NotFound: there is none within the horizon.
    """
    agency = await lookup.get_agency(session, principal, code, date(plan.year, 12, 31))
    owner = await session.get_one(Agency, plan.owner_id)
    if agency.id == owner.id or not agency.path.startswith(owner.path):
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def _of_agency(session: AsyncSession, target: Target, agency: Agency) -> Row:
    newest = await _find_newest(session, target, agency.id)
    return {
        "agency": agency.code,
        "agency_name": agency.name,
        "value": newest.value if newest else None,
        "baseline": newest.baseline if newest else None,
        "version": newest.number if newest else 0,
    }


async def _find_newest(
    session: AsyncSession, target: Target, agency_id: int | None
) -> TargetValue | None:
    """The value in force; `agency_id` None stands for the whole plan."""
    return await session.scalar(
        select(TargetValue)
        .where(
            TargetValue.target_id == target.id,
            TargetValue.agency_id.is_not_distinct_from(agency_id),
        )
        .order_by(TargetValue.number.desc())
        .limit(1)
    )


async def _list_agencies(session: AsyncSession, principal: Principal, target_id: int) -> list[Row]:
    newest = _newest_values()
    rows = await session.execute(
        select(
            Agency.code.label("agency"),
            Agency.name.label("agency_name"),
            newest.value,
            newest.baseline,
            newest.number.label("version"),
        )
        .join(newest, newest.agency_id == Agency.id)
        .where(newest.target_id == target_id, lookup.within_horizon(principal, Agency.path))
        .order_by(Agency.code.collate("C"))
    )
    return [row._asdict() for row in rows]


def _newest_values() -> type[TargetValue]:
    """The values in force: the last one of each target and agency."""
    newest = (
        select(TargetValue)
        .ext(distinct_on(TargetValue.target_id, TargetValue.agency_id))
        .order_by(TargetValue.target_id, TargetValue.agency_id, TargetValue.number.desc())
        .subquery()
    )
    return aliased(TargetValue, newest)
