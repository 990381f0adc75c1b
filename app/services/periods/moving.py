"""Moving the due dates of open periods to those of their schedule's rule.

A period moves to a later date, or to an earlier one from today on, so that no report becomes late
by a move. Where an agency has an extension, the later of both dates counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.periods import DueDateHistory, ReportingPeriod, Schedule
from app.models.plans import Plan
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.deadlines import rules
from app.services.deadlines.rules import DueRule
from app.services.notifications import events
from app.services.periods.working_days import working_calendars
from app.vocabulary import AuditAction, EventKind, PeriodState, Timeliness

# The obligations of a period, each with the due date that it gets when the period gets a new one.
LIST_OBLIGATIONS = text("""
SELECT o.id, o.agency, o.agency_name, o.due_date, o.late_from, o.first_submitted_at,
    o.exempted_at IS NOT NULL AS exempt, o.due_soon_days,
    greatest(CAST(:due_date AS date), extended.due_date) AS new_due_date,
    greatest(CAST(:late_from AS timestamptz), extended.late_from) AS new_late_from
FROM owed_obligation o
LEFT JOIN LATERAL (
    SELECT due_date, late_from FROM extension WHERE obligation_id = o.id ORDER BY id DESC LIMIT 1
) AS extended ON true
WHERE o.period_id = :period_id
ORDER BY o.agency, o.id
""")

# Give the obligations of a period their new due dates, as LIST_OBLIGATIONS shows them.
MOVE_OBLIGATIONS = text("""
UPDATE obligation o SET (due_date, late_from) = (
    SELECT greatest(CAST(:due_date AS date), max(extended.due_date)),
        greatest(CAST(:late_from AS timestamptz), max(extended.late_from))
    FROM (
        SELECT due_date, late_from FROM extension WHERE obligation_id = o.id
        ORDER BY id DESC LIMIT 1
    ) AS extended
)
WHERE o.period_id = :period_id
""")

# Lock the obligations of periods; a submission also locks its obligation before the period.
LOCK_OBLIGATIONS = text("""
SELECT FROM obligation WHERE period_id = ANY(:period_ids) ORDER BY id FOR NO KEY UPDATE
""")


@dataclass(frozen=True)
class Move:
    """An open period and the due date to which it moves."""

    period: ReportingPeriod
    due_date: date
    late_from: datetime

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of LIST_OBLIGATIONS and MOVE_OBLIGATIONS."""
        return {
            "period_id": self.period.id,
            "due_date": self.due_date,
            "late_from": self.late_from,
        }


@dataclass(frozen=True)
class MovedObligation:
    """An obligation before and after a move."""

    agency: str
    agency_name: str
    due_date: date
    new_due_date: date
    timeliness: Timeliness
    new_timeliness: Timeliness


@dataclass(frozen=True)
class PreviewedMove:
    """A period before and after a move, with the obligations whose due date changes."""

    period: str
    due_date: date
    new_due_date: date
    late_from: datetime
    new_late_from: datetime
    obligations: list[MovedObligation]


async def list_moves(
    session: AsyncSession, plan: Plan, schedule: Schedule, rule: DueRule, today: date
) -> list[Move]:
    """The open periods of a schedule that have another due date by `rule`, in order."""
    calendar = (await working_calendars(session, [plan.owner_id]))[plan.owner_id]
    periods = await session.scalars(
        select(ReportingPeriod)
        .where(
            ReportingPeriod.schedule_id == schedule.id, ReportingPeriod.state == PeriodState.OPEN
        )
        .order_by(ReportingPeriod.late_from, ReportingPeriod.id)
    )
    moves = []
    for period in periods:
        due = rules.due_date(rule, period.year, period.ordinal, calendar)
        if due > period.due_date or today <= due < period.due_date:
            moves.append(Move(period, due, rules.late_from(due)))
    return moves


async def preview(
    session: AsyncSession, moves: Iterable[Move], now: datetime
) -> list[PreviewedMove]:
    """What these moves would change; nothing is written."""
    previews = []
    for move in moves:
        rows = await session.execute(LIST_OBLIGATIONS, move.parameters)
        previews.append(
            PreviewedMove(
                period=move.period.code,
                due_date=move.period.due_date,
                new_due_date=move.due_date,
                late_from=move.period.late_from,
                new_late_from=move.late_from,
                obligations=[
                    _preview(row, now) for row in rows if row.new_due_date != row.due_date
                ],
            )
        )
    return previews


def _preview(row: Row[Any], now: datetime) -> MovedObligation:
    before, after = (
        rules.timing_at(
            late_from=late_from,
            first_submitted_at=row.first_submitted_at,
            exempt=row.exempt,
            now=now,
            due_soon_days=row.due_soon_days,
        )
        for late_from in (row.late_from, row.new_late_from)
    )
    return MovedObligation(
        agency=row.agency,
        agency_name=row.agency_name,
        due_date=row.due_date,
        new_due_date=row.new_due_date,
        timeliness=before.timeliness,
        new_timeliness=after.timeliness,
    )


async def move_periods(
    session: AsyncSession, action: Action, plan: Plan, moves: Sequence[Move]
) -> None:
    """Move open periods and their obligations; one audit event for each period.

    The old due date goes into `DueDateHistory`. Reporters whose reports are awaited are notified of
    all moves together.
    """
    await session.execute(LOCK_OBLIGATIONS, {"period_ids": [move.period.id for move in moves]})
    occurrences: dict[int, str] = {}
    for move in moves:
        await session.refresh(move.period, with_for_update=True)
        occurrences |= await _move(session, action, plan, move)
    await events.notify_each(session, EventKind.PERIOD_MOVED, occurrences, now=action.now)


async def _move(session: AsyncSession, action: Action, plan: Plan, move: Move) -> dict[int, str]:
    """Move one period; the ids of the moved obligations that are awaited, with their occurrence."""
    period = move.period
    rows = (await session.execute(LIST_OBLIGATIONS, move.parameters)).all()
    moved = [row for row in rows if row.new_due_date != row.due_date]
    moved_at = await record_event(
        session,
        action,
        AuditAction.REPORTING_PERIOD_MOVED,
        f"reporting-periods/{period.code}",
        plan_id=plan.id,
        agency_id=plan.owner_id,
        before={"due_date": period.due_date.isoformat()},
        after={"due_date": move.due_date.isoformat(), "obligations": len(moved)},
    )
    session.add(
        DueDateHistory(
            period_id=period.id,
            due_date=period.due_date,
            late_from=period.late_from,
            valid_until=moved_at,
        )
    )
    period.due_date, period.late_from = move.due_date, move.late_from
    await session.flush()
    await session.execute(MOVE_OBLIGATIONS, move.parameters)
    awaited = [row.id for row in moved if row.first_submitted_at is None and not row.exempt]
    return dict.fromkeys(awaited, moved_at.isoformat())
