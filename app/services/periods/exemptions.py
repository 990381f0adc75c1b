"""Exemptions (miễn): no report is expected for an obligation; one may still be sent."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import StateConflict
from app.models.agencies import Agency
from app.models.obligations import Exemption, Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.services import lookup
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.notifications import events
from app.services.periods import obligations
from app.services.periods.obligations import OwedReport, ReportKey
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, EventKind, ExemptionCause, PeriodState

ALREADY_SUBMITTED = Bilingual(
    "Đơn vị đã gửi báo cáo kỳ này nên không miễn được.",
    "The agency has submitted this report, so it cannot be exempted.",
)
NOT_EXEMPT = Bilingual(
    "Đơn vị không được miễn báo cáo kỳ này nên không có gì để bỏ miễn.",
    "The agency is not exempt from this report, so there is no exemption to end.",
)
NOT_BEFORE_PLAN = Bilingual(
    "Kỳ {period} đến hạn khi kế hoạch đã có hiệu lực nên không miễn cả kỳ được; chỉ "
    "miễn được cho từng đơn vị.",
    "Period {period} was not due before the plan took effect; exempt single agencies instead.",
)
DUE_BEFORE_PLAN = Bilingual(
    "kỳ báo cáo đến hạn trước ngày kế hoạch có hiệu lực",
    "the period was due before the plan took effect",
)
"""The text of the cause `due_before_plan`."""


@dataclass(frozen=True)
class Ground:
    """Why an obligation is exempt.

    reason, document_number: those of a decision; a rule has neither.
    """

    reason: str | None
    document_number: str | None = None
    cause: ExemptionCause = ExemptionCause.DECISION


END_OF_EXEMPTION = Ground("Bỏ miễn")
BEFORE_PLAN = Ground(None, cause=ExemptionCause.DUE_BEFORE_PLAN)


@dataclass(frozen=True)
class PeriodExemption:
    """The exempt agencies of a period after a change: how many, and how many of them changed."""

    plan: str
    period: str
    exempt: int
    changed: int


async def exempt(session: AsyncSession, action: Action, key: ReportKey, ground: Ground) -> str:
    """Exempt an obligation; returns it as JSON.

    The same exemption once more changes nothing; one with another reason or document replaces it.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report was submitted.
    """
    owed = await _get_unsubmitted(session, action, key)
    if owed.obligation.exempted_at is None or await _ground(session, owed) != ground:
        at = await _record(session, action, owed, ground, exempt=True)
        await _store(session, action, [owed], ground, at, exempt=True, is_news=True)
    return await obligations.document_of(session, owed, action.now)


async def end(session: AsyncSession, action: Action, key: ReportKey) -> str:
    """End an exemption, so that the report is due again; returns the obligation as JSON.

    If the period is closed, it opens for this agency alone.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report was submitted, or the obligation is not exempt.
    """
    owed = await _get_unsubmitted(session, action, key)
    if owed.obligation.exempted_at is None:
        raise StateConflict(NOT_EXEMPT)
    at = await _record(session, action, owed, END_OF_EXEMPTION, exempt=False)
    await _store(session, action, [owed], END_OF_EXEMPTION, at, exempt=False, is_news=True)
    return await obligations.document_of(session, owed, action.now)


async def exempt_early(
    session: AsyncSession, action: Action, plan: Plan, obligation_ids: Collection[int]
) -> datetime | None:
    """Exempt those of the new obligations that were due before the plan took effect.

    The exemption is stored, so that a later change of `effective_from` changes no answer. Reporters
    are not notified. Returns the instant of the last exemption, if there is one.
    """
    if plan.effective_from is None:
        return None
    is_early = ReportingPeriod.due_date < plan.effective_from
    early = await _list_owed(session, plan, Obligation.id.in_(obligation_ids), is_early)
    at = None
    for _, owed in groupby(early, key=lambda each: each.period.id):
        at = await _change_all(session, action, list(owed), BEFORE_PLAN, exempt=True)
    return at


async def exempt_period(
    session: AsyncSession, action: Action, code: str, *, plan: str | None = None
) -> PeriodExemption:
    """Exempt all agencies from a period that was due before the plan took effect.

    An agency that has submitted its report, or is exempt already, stays as it is. So a repeated
    call changes nothing.

    Raises:
        NotFound: no such period in a plan that the principal may change.
        AmbiguousPlan: several plans have it, and none was named.
        StateConflict: the period was due on or after that day, or the day is not known.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan, period=code)
    due_date = await session.scalar(
        select(ReportingPeriod.due_date).where(
            ReportingPeriod.plan_id == plan_row.id, ReportingPeriod.code == code
        )
    )
    if due_date is None or plan_row.effective_from is None or due_date >= plan_row.effective_from:
        raise StateConflict(NOT_BEFORE_PLAN, period=code)
    expected = and_(
        ReportingPeriod.code == code,
        Obligation.exempted_at.is_(None),
        Obligation.first_submitted_at.is_(None),
    )
    changed = await _list_owed(session, plan_row, expected)
    if changed:
        await _change_all(session, action, changed, BEFORE_PLAN, exempt=True, is_news=True)
    return await _summarise(session, plan_row, code, changed)


async def end_for_period(
    session: AsyncSession, action: Action, code: str, *, plan: str | None = None
) -> PeriodExemption:
    """End the exemption of a period that was due before the plan took effect.

    All its reports are due again, on their old due date. Agencies that are exempt by a decision
    stay exempt. A repeated call changes nothing.

    Raises:
        NotFound: no such period in a plan that the principal may change.
        AmbiguousPlan: several plans have it, and none was named.
    """
    plan_row = await lookup.get_managed_plan(session, action.principal, plan, period=code)
    exempt_by_rule = and_(
        ReportingPeriod.code == code,
        Obligation.first_submitted_at.is_(None),
        select(Exemption.id)
        .where(
            Exemption.obligation_id == Obligation.id,
            Exemption.recorded_at == Obligation.exempted_at,
            Exemption.cause == ExemptionCause.DUE_BEFORE_PLAN,
        )
        .exists(),
    )
    changed = await _list_owed(session, plan_row, exempt_by_rule)
    if changed:
        await _change_all(session, action, changed, END_OF_EXEMPTION, exempt=False, is_news=True)
    return await _summarise(session, plan_row, code, changed)


async def _summarise(
    session: AsyncSession, plan: Plan, code: str, changed: Sequence[OwedReport]
) -> PeriodExemption:
    query = (
        select(func.count())
        .select_from(Obligation)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .where(
            ReportingPeriod.plan_id == plan.id,
            ReportingPeriod.code == code,
            Obligation.exempted_at.is_not(None),
            Obligation.first_submitted_at.is_(None),
        )
    )
    exempt_now = await session.scalar(query)
    return PeriodExemption(plan.code, code, exempt_now or 0, len(changed))


async def _list_owed(
    session: AsyncSession, plan: Plan, *conditions: ColumnElement[bool]
) -> list[OwedReport]:
    """The plan's obligations that fit, locked as a submission locks them."""
    rows = await session.execute(
        select(Obligation, ReportingPeriod, Agency)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .join(Agency, Agency.id == Obligation.agency_id)
        .where(ReportingPeriod.plan_id == plan.id, *conditions)
        .order_by(ReportingPeriod.late_from, Agency.code, Obligation.id)
        .with_for_update(of=Obligation, key_share=True)
        .execution_options(populate_existing=True)
    )
    return [OwedReport(obligation, period, agency, plan) for obligation, period, agency in rows]


async def _ground(session: AsyncSession, owed: OwedReport) -> Ground:
    """The ground of the exemption in force of an exempt obligation."""
    query = select(Exemption).where(Exemption.obligation_id == owed.obligation.id)
    newest = (await session.scalars(query.order_by(Exemption.id.desc()).limit(1))).one()
    return Ground(newest.reason, newest.document_number, newest.cause)


async def _get_unsubmitted(session: AsyncSession, action: Action, key: ReportKey) -> OwedReport:
    owed = await obligations.get_managed(session, action.principal, key)
    if owed.obligation.first_submitted_at is not None:
        raise StateConflict(ALREADY_SUBMITTED)
    return owed


async def _record(
    session: AsyncSession, action: Action, owed: OwedReport, ground: Ground, *, exempt: bool
) -> datetime:
    """Record that one obligation is exempt, or no longer; the instant of the audit event."""
    return await record_event(
        session,
        action,
        AuditAction.OBLIGATION_EXEMPTED if exempt else AuditAction.OBLIGATION_EXEMPTION_ENDED,
        f"obligations/{owed.subject}",
        plan_id=owed.plan.id,
        agency_id=owed.agency.id,
        after=asdict(ground),
    )


async def _change_all(
    session: AsyncSession,
    action: Action,
    owed: Sequence[OwedReport],
    ground: Ground,
    *,
    exempt: bool,
    is_news: bool = False,
) -> datetime:
    """Record and store for obligations of one period what `_record` and `_store` do for one."""
    plan, period = owed[0].plan, owed[0].period
    at = await record_event(
        session,
        action,
        AuditAction.REPORTING_PERIOD_EXEMPTED
        if exempt
        else AuditAction.REPORTING_PERIOD_EXEMPTION_ENDED,
        f"reporting-periods/{period.code}",
        plan_id=plan.id,
        agency_id=plan.owner_id,
        after={**asdict(ground), "agencies": [each.agency.code for each in owed]},
    )
    await _store(session, action, owed, ground, at, exempt=exempt, is_news=is_news)
    return at


async def _store(
    session: AsyncSession,
    action: Action,
    owed: Sequence[OwedReport],
    ground: Ground,
    at: datetime,
    *,
    exempt: bool,
    is_news: bool,
) -> None:
    """Store what was recorded at an instant; `is_news`: and notify the reporters."""
    for each in owed:
        obligation = each.obligation
        session.add(
            Exemption(obligation_id=obligation.id, exempt=exempt, recorded_at=at, **asdict(ground))
        )
        obligation.exempted_at = at if exempt else None
        obligation.reopened = not exempt and each.period.state == PeriodState.CLOSED
    await session.flush()
    if is_news:
        await events.notify(
            session,
            EventKind.EXEMPTED if exempt else EventKind.EXEMPTION_ENDED,
            [each.obligation.id for each in owed],
            occurrence=at.isoformat(),
            facts={
                "reason": ground.reason or DUE_BEFORE_PLAN.vi,
                "document_number": ground.document_number,
            },
            now=action.now,
        )
