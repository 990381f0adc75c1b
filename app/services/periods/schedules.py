"""Schedules (chế độ báo cáo): the rules from which reporting periods are generated."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
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
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change, to_json
from app.services.deadlines.rules import DueRule
from app.services.periods import moving
from app.services.periods.moving import Move, PreviewedMove
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction

ScheduleRow = Row[*tuple[Any, ...]]
"""The columns of a schedule; `plan`: its plan's code; `reporters`: the codes of its agencies;
`money_only`: of those that report only money."""

NO_SUCH_AGENCY = Bilingual(
    "Không có đơn vị {code} trong địa bàn của kế hoạch.",
    "The plan's area has no agency {code}.",
)
NO_REPORTER = Bilingual(
    "Đơn vị {code} không phải báo cáo theo chế độ này.",
    "The agency {code} does not report under this schedule.",
)
NOT_A_RULE = Bilingual(
    "Tháng và ngày đến hạn không hợp với báo cáo {frequency}.",
    "The month and day do not fit the frequency {frequency}.",
)

RULE = frozenset({"month", "day", "due_day", "non_working_day", "cutoff_day"})
"""The columns that make the deadline rule, besides the frequency, which never changes."""
REPORTERS = frozenset({"reporters", "money_only"})
"""The values that are rows of another table."""
NO_VALUES: Mapping[str, Any] = {}


@dataclass(frozen=True)
class ChangedSchedule:
    """A schedule after a change, and the codes of open periods that keep an earlier due date."""

    row: ScheduleRow
    kept_periods: list[str]


@dataclass(frozen=True)
class SchedulePreview:
    """A schedule, by the codes of its plan and its own, and what a change of it can move."""

    plan: str
    code: str
    periods: list[PreviewedMove]


def _known(principal: Principal, plan: str | None) -> Select[*tuple[Any, ...]]:
    """The schedules of known plans, or of one of them, as ScheduleRow."""
    plans = lookup.known_plans(principal).subquery()
    reporters = (
        select(func.array_agg(aggregate_order_by(Agency.code, Agency.code), type_=ARRAY(Text)))
        .join(ScheduleReporter, ScheduleReporter.agency_id == Agency.id)
        .where(ScheduleReporter.schedule_id == Schedule.id)
    )
    money_only = reporters.where(ScheduleReporter.money_only)
    query = select(
        *Schedule.__table__.columns,
        plans.c.code.label("plan"),
        func.coalesce(reporters.scalar_subquery(), []).label("reporters"),
        func.coalesce(money_only.scalar_subquery(), []).label("money_only"),
    ).join(plans, plans.c.id == Schedule.plan_id)
    return query if plan is None else query.where(plans.c.code == plan)


async def list_page(
    session: AsyncSession,
    principal: Principal,
    *,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[ScheduleRow], str | None]:
    """A page of schedules in the order of their creation.

    Raises:
        NotFound: no such plan.
    """
    if plan is not None:
        await lookup.get_plan(session, principal, plan)
    return await page(session, _known(principal, plan), [Schedule.id], limit=limit, cursor=cursor)


async def get(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> ScheduleRow:
    """One schedule.

    Raises:
        NotFound: there is no such schedule.
        AmbiguousPlan: several plans are known, and none was named.
    """
    known_plan = await lookup.get_plan(session, principal, plan)
    query = _known(principal, known_plan.code).where(Schedule.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.SCHEDULE, code=code)
    return row


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> ChangedSchedule:
    """Change a schedule, and move its open periods if `values` says so.

    values: columns; `reporters` with the codes of all agencies that report from now on, and
    `money_only` with those that report only money; `move_open_periods`, by default false. Any other
    value increments the version, even one that is equal to the old value.

    Raises:
        NotFound: no such schedule in a plan that the principal may change.
        AmbiguousPlan: several plans are known, and none was named.
        PreconditionRequired, Stale: the client has not read this version.
        ValidationFailed: the month and day do not fit the frequency, an agency is unknown, or one
            that reports only money is no reporter.
    """
    plan_row, schedule = await _lock(session, action, code, plan)
    check_version(schedule.version)
    changed = {name: value for name, value in values.items() if name != "move_open_periods"}
    moves = await _list_moves(session, action, plan_row, schedule, changed)
    if changed:
        before = await _apply(session, plan_row, schedule, changed)
        await record_change(
            session,
            action,
            AuditAction.SCHEDULE_CHANGED,
            f"plans/{plan_row.code}/schedules/{code}",
            Change(to_json(before), to_json(changed)),
            plan_id=plan_row.id,
            agency_id=plan_row.owner_id,
        )
    if values.get("move_open_periods"):
        await moving.move_periods(session, action, plan_row, moves)
        moves = []
    row = await get(session, action.principal, code, plan=plan_row.code)
    return ChangedSchedule(row, [move.period.code for move in moves])


async def preview(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> SchedulePreview:
    """The open periods that a change of a schedule can move; nothing is written.

    Raises:
        NotFound, AmbiguousPlan, PreconditionRequired, Stale: as `change`.
        ValidationFailed: the month and day do not fit the frequency.
    """
    plan_row, schedule = await _lock(session, action, code, plan)
    check_version(schedule.version)
    moves = await _list_moves(session, action, plan_row, schedule, values)
    return SchedulePreview(plan_row.code, code, await moving.preview(session, moves, action.now))


async def _lock(
    session: AsyncSession, action: Action, code: str, plan: str | None
) -> tuple[Plan, Schedule]:
    """A schedule and its plan, locked so that no period is generated meanwhile."""
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    await session.refresh(plan_row, with_for_update={"key_share": True})
    schedule = await session.scalar(
        select(Schedule).where(Schedule.plan_id == plan_row.id, Schedule.code == code)
    )
    if schedule is None:
        raise NotFound(terms.SCHEDULE, code=code)
    return plan_row, schedule


async def _list_moves(
    session: AsyncSession,
    action: Action,
    plan: Plan,
    schedule: Schedule,
    values: Mapping[str, Any],
) -> list[Move]:
    """The open periods that get another due date by the schedule with these values.

    Raises:
        ValidationFailed: the month and day do not fit the frequency.
    """
    try:
        rule = due_rule(schedule, values)
    except ValueError:
        facts = {"frequency": terms.FREQUENCY[schedule.frequency]}
        raise ValidationFailed.at("/month", "not_a_rule", NOT_A_RULE, **facts) from None
    return await moving.list_moves(session, plan, schedule, rule, action.today)


async def _apply(
    session: AsyncSession, plan: Plan, schedule: Schedule, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Set the columns and the reporters; returns the old values."""
    columns = {name: value for name, value in values.items() if name not in REPORTERS}
    before = {name: getattr(schedule, name) for name in columns}
    for name, value in columns.items():
        setattr(schedule, name, value)
    # Reporters are rows of another table: make the flush increment the version all the same.
    flag_modified(schedule, "name")
    if not REPORTERS.isdisjoint(values):
        earlier = await _list_reporters(session, schedule.id)
        before |= {name: codes for name, codes in earlier.items() if name in values}
    if "reporters" in values:
        await _replace_reporters(session, plan, schedule, values["reporters"])
    if "money_only" in values:
        await _mark_money_only(session, schedule, values["money_only"])
    await session.flush()
    return before


def due_rule(schedule: Schedule, values: Mapping[str, Any] = NO_VALUES) -> DueRule:
    """The deadline rule of a schedule, or the one that it would have with other values.

    Raises ValueError when the month or day does not fit the frequency.
    """
    columns = {name: values.get(name, getattr(schedule, name)) for name in RULE}
    return DueRule(frequency=schedule.frequency, **columns)


async def _list_reporters(session: AsyncSession, schedule_id: int) -> dict[str, list[str]]:
    """The codes of the agencies that report under a schedule, and of those that report only money.

    Both are in order, under the names of REPORTERS.
    """
    query = (
        select(Agency.code, func.bool_and(ScheduleReporter.money_only).label("money_only"))
        .join(ScheduleReporter, ScheduleReporter.agency_id == Agency.id)
        .where(ScheduleReporter.schedule_id == schedule_id)
        .group_by(Agency.code)
        .order_by(Agency.code)
    )
    rows = (await session.execute(query)).all()
    return {
        "reporters": [row.code for row in rows],
        "money_only": [row.code for row in rows if row.money_only],
    }


async def _replace_reporters(
    session: AsyncSession, plan: Plan, schedule: Schedule, codes: Sequence[str]
) -> None:
    """Make the agencies with these codes, all of the plan's area, the only reporters.

    Those that reported only money go on so.
    """
    manager = await lookup.get_manager(session, plan)
    rows = await session.execute(
        select(Agency.code, Agency.id).where(
            func.within_reach(Agency.path, manager.path + "%"), Agency.valid_to.is_(None)
        )
    )
    ids: dict[str, int] = dict(rows.all())
    _ensure_known("reporters", codes, ids, NO_SUCH_AGENCY)
    removed = await session.execute(
        delete(ScheduleReporter)
        .where(ScheduleReporter.schedule_id == schedule.id)
        .returning(ScheduleReporter.agency_id, ScheduleReporter.money_only)
    )
    money_only = {row.agency_id for row in removed if row.money_only}
    await session.execute(
        insert(ScheduleReporter),
        [
            {
                "schedule_id": schedule.id,
                "agency_id": ids[code],
                "money_only": ids[code] in money_only,
            }
            for code in dict.fromkeys(codes)
        ],
    )


async def _mark_money_only(session: AsyncSession, schedule: Schedule, codes: Sequence[str]) -> None:
    """Make the agencies with these codes the only reporters that report only money."""
    reporters = (await _list_reporters(session, schedule.id))["reporters"]
    _ensure_known("money_only", codes, reporters, NO_REPORTER)
    marked = select(Agency.id).where(Agency.code.in_(codes))
    await session.execute(
        update(ScheduleReporter)
        .where(ScheduleReporter.schedule_id == schedule.id)
        .values(money_only=ScheduleReporter.agency_id.in_(marked))
    )


def _ensure_known(
    field: str, codes: Sequence[str], known: Collection[str], message: Bilingual
) -> None:
    """Ensure that a field contains only known codes.

    Raises:
        ValidationFailed: it does not; at each code that is unknown.
    """
    unknown = [
        FieldError(f"/{field}/{position}", "unknown_agency", message, {"code": code})
        for position, code in enumerate(codes)
        if code not in known
    ]
    if unknown:
        raise ValidationFailed(unknown)
