"""Extensions (gia hạn): a later due date for an obligation."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, StateConflict, ValidationFailed
from app.models.obligations import Extension
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.deadlines import rules
from app.services.notifications import events
from app.services.periods import obligations
from app.services.periods.obligations import OwedReport, ReportKey
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, EventKind

ONE_DAY = timedelta(days=1)
LONGEST = timedelta(days=365)
"""A later date is taken for a typing error in the year."""

NOT_LATER = Bilingual(
    "Hạn mới phải sau hạn đang áp dụng, {due_date}.",
    "The extension must end after {due_date}.",
)
TOO_LATE = Bilingual(
    "Hạn mới không được sau {latest}, một năm sau hạn của kỳ.",
    "The extension cannot end after {latest}, a year after the period's due date.",
)
ALREADY_EXEMPT = Bilingual(
    "Đơn vị đã được miễn báo cáo kỳ này.",
    "The agency is already exempt from this report.",
)


@dataclass(frozen=True)
class Grant:
    """Why an extension is granted, and by which document."""

    reason: str
    document_number: str | None = None


async def extend(
    session: AsyncSession, action: Action, key: ReportKey, due_date: date, grant: Grant
) -> str:
    """Give an obligation a later due date than its period's; returns the obligation as JSON.

    Until that date the agency can send its report, even if the period is closed.

    The same extension once more changes nothing. An earlier date than before corrects a typing
    error; it is allowed before the report is submitted, and not into the past.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        ValidationFailed: the date is not later, or more than a year later.
        StateConflict: the obligation is exempt, and no report was submitted.
    """
    owed = await obligations.get_managed(session, action.principal, key)
    if owed.obligation.exempted_at is not None and owed.obligation.first_submitted_at is None:
        raise StateConflict(ALREADY_EXEMPT)
    newest = await _newest_extension(session, owed.obligation.id)
    if newest and _equal(newest, due_date, grant):
        return await obligations.document_of(session, owed, action.now)
    _ensure_later(owed, due_date, action.today)
    await _extend(session, action, owed, due_date, grant)
    return await obligations.document_of(session, owed, action.now)


async def _extend(
    session: AsyncSession, action: Action, owed: OwedReport, due_date: date, grant: Grant
) -> None:
    obligation = owed.obligation
    at = await record_event(
        session,
        action,
        AuditAction.OBLIGATION_EXTENDED,
        f"obligations/{owed.subject}",
        plan_id=owed.plan.id,
        agency_id=owed.agency.id,
        before={"due_date": obligation.due_date.isoformat()},
        after={"due_date": due_date.isoformat(), **asdict(grant)},
    )
    late_from = rules.effective_late_from(owed.period.late_from, rules.late_from(due_date))
    obligation.due_date, obligation.late_from = due_date, late_from
    session.add(
        Extension(
            obligation_id=obligation.id,
            due_date=due_date,
            late_from=late_from,
            recorded_at=at,
            **asdict(grant),
        )
    )
    await session.flush()
    await events.notify(
        session,
        EventKind.EXTENDED,
        [obligation.id],
        occurrence=at.isoformat(),
        facts=asdict(grant),
        now=action.now,
    )


async def _newest_extension(session: AsyncSession, obligation_id: int) -> Extension | None:
    query = select(Extension).where(Extension.obligation_id == obligation_id)
    return await session.scalar(query.order_by(Extension.id.desc()).limit(1))


def _equal(extension: Extension, due_date: date, grant: Grant) -> bool:
    stored = Grant(extension.reason, extension.document_number)
    return (extension.due_date, stored) == (due_date, grant)


def _ensure_later(owed: OwedReport, due_date: date, today: date) -> None:
    """Raise ValidationFailed for a date that gives no time, or more than a year."""
    obligation = owed.obligation
    earliest = owed.period.due_date
    if due_date < obligation.due_date:
        submitted = obligation.first_submitted_at is not None
        earliest = obligation.due_date if submitted else max(earliest, today - ONE_DAY)
    if due_date <= earliest:
        facts = {"due_date": earliest}
        raise ValidationFailed([FieldError("/due_date", "not_later", NOT_LATER, facts)])
    if due_date > (latest := owed.period.due_date + LONGEST):
        facts = {"latest": latest}
        raise ValidationFailed([FieldError("/due_date", "too_late", TOO_LATE, facts)])
