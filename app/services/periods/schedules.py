"""Schedules (chế độ báo cáo): read and changed."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.types import Text

from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.periods import Schedule, ScheduleReporter
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.deadlines import rules
from app.text import terms
from app.text.bilingual import Bilingual

NO_SUCH_AGENCY = Bilingual(
    "Không có đơn vị {code} trong huyện.", "The district has no agency {code}."
)
NOT_A_RULE = Bilingual(
    "Tháng, ngày không hợp với tần suất {frequency}.",
    "The month and day do not fit the frequency {frequency}.",
)


def _known(principal: Principal, plan: str | None) -> Select[Schedule, str, list[str]]:
    """The schedules of known plans, each with its plan's code and its reporters' codes."""
    plans = lookup.known_plans(principal).subquery()
    reporters = (
        select(func.array_agg(aggregate_order_by(Agency.code, Agency.code), type_=ARRAY(Text)))
        .join(ScheduleReporter, ScheduleReporter.agency_id == Agency.id)
        .where(ScheduleReporter.schedule_id == Schedule.id)
        .scalar_subquery()
    )
    query = select(Schedule, plans.c.code, func.coalesce(reporters, [])).join(
        plans, plans.c.id == Schedule.plan_id
    )
    return query if plan is None else query.where(plans.c.code == plan)


async def listed(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """A page of schedules with their plans' codes and reporters' codes.

    Raises:
        NotFound: no such plan.
    """
    if plan is not None:
        await lookup.get_plan(session, principal, plan)
    return await page(
        session, _known(principal, plan), [(Schedule.id, int)], limit=limit, cursor=cursor
    )


async def one(
    session: AsyncSession, principal: Principal, code: str, plan_code: str | None
) -> Row[Schedule, str, list[str]]:
    """One schedule.

    Raises:
        NotFound: there is none.
        AmbiguousPlan: several plans are known, and none was named.
    """
    plan = await lookup.get_plan(session, principal, plan_code)
    row = (
        await session.execute(_known(principal, plan.code).where(Schedule.code == code))
    ).one_or_none()
    if row is None:
        raise NotFound(terms.SCHEDULE, code=code)
    return row


async def change(
    session: AsyncSession,
    plan: Plan,
    schedule: Schedule,
    reporters: Iterable[str],
    changes: Mapping[str, Any],
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Change a schedule of a plan; periods that exist keep their dates.

    `reporters` are the codes of those who report now; `changes` holds columns, and `reporters`
    anew. Any change counts up the schedule's version, one of its reporters too.

    Raises:
        ValidationFailed: the month and day do not fit the frequency, or an agency is unknown.
    """
    if not changes:
        return
    columns = {name: value for name, value in changes.items() if name != "reporters"}
    before = {name: _plain(getattr(schedule, name)) for name in columns}
    for name, value in columns.items():
        setattr(schedule, name, value)
    _see_that_it_fits(schedule)
    flag_modified(schedule, "name")
    if "reporters" in changes:
        before["reporters"] = list(reporters)
        await _replace_reporters(session, plan, schedule, changes["reporters"])
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="schedule.changed",
        subject=f"plans/{plan.code}/schedules/{schedule.code}",
        plan_id=plan.id,
        agency_id=plan.district_id,
        before=before,
        after={name: _plain(value) for name, value in changes.items()},
    )
    await session.flush()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _see_that_it_fits(schedule: Schedule) -> None:
    try:
        rules.DueRule(
            frequency=schedule.frequency,
            month=schedule.month,
            day=schedule.day,
            due_day=schedule.due_day,
            non_working_day=schedule.non_working_day,
            cutoff_day=schedule.cutoff_day,
        )
    except ValueError:
        facts = {"frequency": terms.FREQUENCY[schedule.frequency]}
        raise ValidationFailed([FieldError("/month", "not_a_rule", NOT_A_RULE, facts)]) from None


async def _replace_reporters(
    session: AsyncSession, plan: Plan, schedule: Schedule, wanted: Iterable[str]
) -> None:
    district = await session.get_one(Agency, plan.district_id)
    found = dict(
        (
            await session.execute(
                select(Agency.code, Agency.id).where(
                    Agency.path.startswith(district.path), Agency.valid_to.is_(None)
                )
            )
        ).all()
    )
    unknown = [
        FieldError(f"/reporters/{position}", "unknown_agency", NO_SUCH_AGENCY, {"code": code})
        for position, code in enumerate(wanted)
        if code not in found
    ]
    if unknown:
        raise ValidationFailed(unknown)
    await session.execute(
        delete(ScheduleReporter).where(ScheduleReporter.schedule_id == schedule.id)
    )
    await session.execute(
        insert(ScheduleReporter),
        [{"schedule_id": schedule.id, "agency_id": found[code]} for code in dict.fromkeys(wanted)],
    )
