"""Extensions (gia hạn) and exemptions (miễn): more time for an obligation, or none needed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.errors import FieldError, StateConflict, ValidationFailed
from app.models.obligations import Exemption, Extension
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.deadlines import rules
from app.services.notifications import events
from app.services.periods.obligations import Place
from app.text.bilingual import Bilingual
from app.vocabulary import EventKind

ONE_DAY = timedelta(days=1)
LONGEST = timedelta(days=365)
"""Beyond it is a typing error in the year."""

NOT_LATER = Bilingual(
    "Ngày gia hạn phải sau {due_date}.", "The extension must end after {due_date}."
)
TOO_LATE = Bilingual(
    "Ngày gia hạn không thể sau {latest}, một năm sau hạn của kỳ.",
    "The extension cannot end after {latest}, a year after the period's due date.",
)
SUBMITTED_ALREADY = Bilingual(
    "Đơn vị đã gửi báo cáo kỳ này; không còn gì để miễn.",
    "The agency has sent this report; there is nothing left to exempt.",
)
EXEMPT_ALREADY = Bilingual("Nghĩa vụ này đã được miễn.", "This obligation is exempt already.")
NOT_EXEMPT = Bilingual("Nghĩa vụ này không được miễn.", "This obligation is not exempt.")


async def extend(
    session: AsyncSession,
    place: Place,
    *,
    due_date: date,
    reason: str,
    document_number: str | None,
    now: datetime,
    actor: Actor,
) -> None:
    """Give an obligation (found with its lock) a later due date than its period's.

    The same once more changes nothing. A date that was mistyped can be put right while it has not
    decided anything: before the report is sent, and not into the past.

    Raises:
        ValidationFailed: the date gives no time, takes some away, or is a year too late.
        StateConflict: the obligation is exempt.
    """
    obligation = place.obligation
    if obligation.exempted_at is not None:
        raise StateConflict(EXEMPT_ALREADY)
    before = await _newest_extension(session, obligation.id)
    if before and _same(before, due_date, reason, document_number):
        return
    _see_date(place, due_date, now)
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="obligation.extended",
        subject=f"obligations/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        before={"due_date": obligation.due_date.isoformat()},
        after={
            "due_date": due_date.isoformat(),
            "reason": reason,
            "document_number": document_number,
        },
    )
    late_from = rules.effective_late_from(place.period.late_from, rules.late_from(due_date))
    obligation.due_date, obligation.late_from = due_date, late_from
    session.add(
        Extension(
            obligation_id=obligation.id,
            due_date=due_date,
            late_from=late_from,
            reason=reason,
            document_number=document_number,
            recorded_at=at,
        )
    )
    await session.flush()
    facts = {"reason": reason, "document_number": document_number}
    await _tell(session, EventKind.EXTENDED, place, at, facts, now)


async def _tell(
    session: AsyncSession,
    kind: EventKind,
    place: Place,
    at: datetime,
    facts: Mapping[str, str | None],
    now: datetime,
) -> None:
    ids, occurrence = [place.obligation.id], at.isoformat()
    await events.tell(session, kind, ids, occurrence=occurrence, facts=facts, now=now)


async def _newest_extension(session: AsyncSession, obligation_id: int) -> Extension | None:
    query = select(Extension).where(Extension.obligation_id == obligation_id)
    return await session.scalar(query.order_by(Extension.id.desc()).limit(1))


def _same(extension: Extension, due_date: date, reason: str, document_number: str | None) -> bool:
    given = (due_date, reason, document_number)
    return given == (extension.due_date, extension.reason, extension.document_number)


def _see_date(place: Place, due_date: date, now: datetime) -> None:
    obligation = place.obligation
    earliest = place.period.due_date
    if due_date < obligation.due_date:
        sent = obligation.first_submitted_at is not None
        earliest = obligation.due_date if sent else max(earliest, local_day(now) - ONE_DAY)
    if due_date <= earliest:
        facts = {"due_date": earliest}
        raise ValidationFailed([FieldError("/due_date", "not_later", NOT_LATER, facts)])
    if due_date > (latest := place.period.due_date + LONGEST):
        facts = {"latest": latest}
        raise ValidationFailed([FieldError("/due_date", "too_late", TOO_LATE, facts)])


async def set_exempt(
    session: AsyncSession,
    place: Place,
    *,
    exempt: bool,
    reason: str,
    document_number: str | None,
    now: datetime,
    actor: Actor,
) -> None:
    """Exempt an obligation (found with its lock), or take that back; once more changes nothing.

    Raises:
        StateConflict: the report was sent, or there is no exemption to take back.
    """
    obligation = place.obligation
    if obligation.first_submitted_at is not None:
        raise StateConflict(SUBMITTED_ALREADY)
    if exempt == (obligation.exempted_at is not None):
        if exempt:
            return
        raise StateConflict(NOT_EXEMPT)
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="obligation.exempted" if exempt else "obligation.exemption_ended",
        subject=f"obligations/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        after={"reason": reason, "document_number": document_number},
    )
    session.add(
        Exemption(
            obligation_id=obligation.id,
            exempt=exempt,
            reason=reason,
            document_number=document_number,
            recorded_at=at,
        )
    )
    facts = {"reason": reason, "document_number": document_number}
    kind = EventKind.EXEMPTED if exempt else EventKind.EXEMPTION_ENDED
    await _tell(session, kind, place, at, facts, now)
    obligation.exempted_at = at if exempt else None
    await session.flush()
