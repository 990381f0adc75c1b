"""Review: the coordinating office accepts a report, returns it, or reopens an accepted one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.errors import FieldError, StateConflict, ValidationFailed
from app.models.reports import Decision, Report, Revision
from app.services.audit import ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.notifications import events
from app.services.periods.obligations import Place
from app.services.reports.drafting import version_of
from app.services.reports.reading import report_of
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import EventKind, ReportStatus

NOT_SO = Bilingual(
    "Báo cáo đang ở trạng thái {status}; việc này cần trạng thái {needed}.",
    "The report is {status}; for this it must be {needed}.",
)
IN_PAST = Bilingual("Hạn sửa không thể ở trước hôm nay.", "It cannot lie before today.")


async def accept(
    session: AsyncSession,
    place: Place,
    *,
    note: str | None,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Accept the last revision of a submitted report.

    Raises:
        StateConflict: it is not submitted.
        Stale: another version was named.
    """
    report = await _in_state(session, place, ReportStatus.SUBMITTED, check_version)
    await _decide(
        session, place, report, "accepted", ReportStatus.ACCEPTED, reason=note, now=now, actor=actor
    )


async def send_back(
    session: AsyncSession,
    place: Place,
    *,
    reason: str,
    comments: Sequence[dict[str, Any]],
    correction_due: date | None,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Return a submitted report for correction; its timeliness stays that of the first sending.

    Raises:
        StateConflict: it is not submitted.
        Stale: another version was named.
        ValidationFailed: the correction would be due in the past.
    """
    if correction_due is not None and correction_due < local_day(now):
        raise ValidationFailed([FieldError("/correction_due", "in_past", IN_PAST)])
    report = await _in_state(session, place, ReportStatus.SUBMITTED, check_version)
    await _decide(
        session,
        place,
        report,
        "returned",
        ReportStatus.RETURNED,
        reason=reason,
        comments=comments,
        correction_due=correction_due,
        now=now,
        actor=actor,
    )


async def reopen(
    session: AsyncSession,
    place: Place,
    *,
    note: str,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Take an acceptance back, so that the agency can correct and send again.

    The accepted revision stays in the sums until another one is accepted.

    Raises:
        StateConflict: it is not accepted.
        Stale: another version was named.
    """
    report = await _in_state(session, place, ReportStatus.ACCEPTED, check_version)
    await _decide(
        session,
        place,
        report,
        "reopened",
        ReportStatus.RETURNED,
        reason=note,
        now=now,
        actor=actor,
    )


async def _in_state(
    session: AsyncSession, place: Place, needed: ReportStatus, check_version: VersionCheck
) -> Report:
    report = await report_of(session, place)
    check_version(version_of(report))
    if report is None or report.status != needed:
        status = report.status if report else ReportStatus.NOT_STARTED
        raise StateConflict(NOT_SO, status=terms.STATUS[status], needed=terms.STATUS[needed])
    return report


async def _decide(
    session: AsyncSession,
    place: Place,
    report: Report,
    action: str,
    status: ReportStatus,
    *,
    reason: str | None,
    comments: Sequence[dict[str, Any]] = (),
    correction_due: date | None = None,
    now: datetime,
    actor: Actor,
) -> None:
    revision = (
        await session.scalars(
            select(Revision).where(
                Revision.report_id == report.id, Revision.number == report.last_revision
            )
        )
    ).one()
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"report.{action}",
        subject=f"reports/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        before={"status": report.status},
        after={"status": status, "revision": revision.number, "reason": reason},
    )
    session.add(
        Decision(
            report_id=report.id,
            revision_id=revision.id,
            action=action,
            reason=reason,
            comments=list(comments),
            correction_due=correction_due,
            decided_by=actor.name,
            recorded_at=at,
        )
    )
    await events.tell(
        session,
        EventKind(f"report.{action}"),
        [place.obligation.id],
        occurrence=at.isoformat(),
        facts={"reason": reason, "comments": list(comments)},
        now=now,
    )
    report.status = status
    report.correction_due = correction_due
    if status == ReportStatus.RETURNED:
        report.draft = revision.body
        report.draft_saved_at = at
        report.draft_saved_by = actor.name
    await session.flush()
