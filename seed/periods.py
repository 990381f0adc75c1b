"""Periods of a loaded plan: missing ones are created, open ones are moved on request."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod, Schedule
from app.models.plans import Plan
from app.services.audit.action import Action
from app.services.periods import moving, periods
from app.services.periods.moving import Move
from app.services.periods.schedules import due_rule
from app.text.writing import day
from seed.plans import Echo


async def load(
    session: AsyncSession, action: Action, plan: Plan, *, move_open_periods: bool, echo: Echo
) -> None:
    """Create the missing periods of a plan's year, and move the open ones or name them.

    `echo` receives a line for each open period with another due date than its schedule gives, and
    one with the numbers.
    """
    created = (await periods.generate_year(session, action, plan, plan.year)).codes
    moves = await _list_moves(session, action, plan)
    for move in await moving.preview(session, moves, action.now):
        old, new = day(move.due_date), day(move.new_due_date)
        count = f"{len(move.obligations)} báo cáo phải gửi"
        echo(
            f"Kỳ {move.period}: dời hạn từ {old} sang {new} ({count})"
            if move_open_periods
            else f"Kỳ {move.period}: giữ hạn {old}; thêm --move-open-periods để dời sang {new} "
            f"({count})"
        )
    if moves and move_open_periods:
        await moving.move_periods(session, action, plan, moves)
    obligations = await session.scalar(
        select(func.count())
        .select_from(Obligation)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .where(ReportingPeriod.plan_id == plan.id)
    )
    echo(f"Kỳ báo cáo: lập mới {len(created)} kỳ; kế hoạch có {obligations} báo cáo phải gửi")


async def _list_moves(session: AsyncSession, action: Action, plan: Plan) -> list[Move]:
    """The open periods of all schedules of a plan that have another due date by the rule."""
    schedules = await session.scalars(
        select(Schedule).where(Schedule.plan_id == plan.id).order_by(Schedule.id)
    )
    return [
        move
        for schedule in schedules.all()
        for move in await moving.list_moves(
            session, plan, schedule, due_rule(schedule), action.today
        )
    ]
