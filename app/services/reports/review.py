"""Review: the coordinating office accepts a report, returns it, or reopens an accepted one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.errors import FieldError, StateConflict, ValidationFailed
from app.models.reports import Decision, Report, Revision
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import record_event
from app.services.notifications import events
from app.services.periods import obligations
from app.services.periods.obligations import OwedReport, ReportKey
from app.services.reports import reading
from app.services.reports.refusals import REVIEW
from app.services.reports.working_copy import ReportAnswer
from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import AuditAction, DecisionAction, EventKind, ReportStatus

IN_PAST = Bilingual(
    "Hạn gửi lại không được trước hôm nay.",
    "The correction cannot be due before today.",
)


@dataclass(frozen=True)
class Verdict:
    """A reviewer's decision on the last revision.

    needed: the state that the report has to be in.
    """

    name: DecisionAction
    needed: ReportStatus
    status: ReportStatus
    reason: str | None
    comments: Sequence[dict[str, Any]] = ()
    correction_due: date | None = None


async def accept(
    session: AsyncSession,
    action: Action,
    key: ReportKey,
    *,
    note: str | None,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Accept the last revision of a submitted report.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report is not submitted.
        Stale: another version was named.
    """
    verdict = Verdict(DecisionAction.ACCEPTED, ReportStatus.SUBMITTED, ReportStatus.ACCEPTED, note)
    return await _decide(session, action, key, verdict, check_version, language)


async def return_for_correction(
    session: AsyncSession,
    action: Action,
    key: ReportKey,
    *,
    reason: str,
    comments: Sequence[dict[str, Any]],
    correction_due: date | None,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Return a submitted report; its timeliness stays that of the first submission.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report is not submitted.
        Stale: another version was named.
        ValidationFailed: the correction would be due in the past.
    """
    if correction_due is not None and correction_due < action.today:
        raise ValidationFailed([FieldError("/correction_due", "in_past", IN_PAST)])
    verdict = Verdict(
        DecisionAction.RETURNED,
        ReportStatus.SUBMITTED,
        ReportStatus.RETURNED,
        reason,
        comments,
        correction_due,
    )
    return await _decide(session, action, key, verdict, check_version, language)


async def reopen(
    session: AsyncSession,
    action: Action,
    key: ReportKey,
    *,
    note: str,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Reopen an accepted report, so that the agency can correct and submit it again.

    The accepted revision stays in the aggregates until another one is accepted.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report is not accepted.
        Stale: another version was named.
    """
    verdict = Verdict(DecisionAction.REOPENED, ReportStatus.ACCEPTED, ReportStatus.RETURNED, note)
    return await _decide(session, action, key, verdict, check_version, language)


async def _decide(
    session: AsyncSession,
    action: Action,
    key: ReportKey,
    verdict: Verdict,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    # 1. Lock the report and check its version and state.
    owed = await obligations.get_managed(session, action.principal, key)
    report = await session.scalar(select(Report).where(Report.obligation_id == owed.obligation.id))
    check_version(report.version if report else 0)
    if report is None or report.status != verdict.needed:
        status = report.status if report else ReportStatus.NOT_STARTED
        raise StateConflict(REVIEW[verdict.name][status])
    # 2. Record the decision, and notify the agency's reporters.
    revision = (
        await session.scalars(
            select(Revision).where(
                Revision.report_id == report.id, Revision.number == report.last_revision
            )
        )
    ).one()
    await _record(session, action, owed, report, revision, verdict)
    await session.flush()
    return await reading.get(session, action.principal, key, now=action.now, language=language)


async def _record(
    session: AsyncSession,
    action: Action,
    owed: OwedReport,
    report: Report,
    revision: Revision,
    verdict: Verdict,
) -> None:
    # 1. The audit event gives the instant of the decision.
    at = await record_event(
        session,
        action,
        AuditAction(f"report.{verdict.name}"),
        f"reports/{owed.subject}",
        plan_id=owed.plan.id,
        agency_id=owed.agency.id,
        before={"status": report.status},
        after=_after(revision, verdict),
    )
    # 2. The decision itself is appended, never changed.
    session.add(
        Decision(
            report_id=report.id,
            revision_id=revision.id,
            action=verdict.name,
            reason=verdict.reason,
            comments=list(verdict.comments),
            correction_due=verdict.correction_due,
            decided_by=action.actor,
            recorded_at=at,
        )
    )
    # 3. The agency's reporters are notified.
    await events.notify(
        session,
        EventKind(f"report.{verdict.name}"),
        [owed.obligation.id],
        occurrence=at.isoformat(),
        facts={"reason": verdict.reason, "comments": list(verdict.comments)},
        now=action.now,
    )
    # 4. A returned report starts its next draft from the revision.
    report.status = verdict.status
    report.correction_due = verdict.correction_due
    if verdict.status is ReportStatus.RETURNED:
        report.draft = revision.body
        report.draft_saved_at = at
        report.draft_saved_by = action.actor
        report.draft_writers = []
        report.draft_agency_id = None


def _after(revision: Revision, verdict: Verdict) -> dict[str, Any]:
    """The `after` of the audit event: the whole decision, and the revision that it is about."""
    return {
        "status": verdict.status,
        "revision": revision.number,
        "received_at": revision.received_at.astimezone(LOCAL).isoformat(),
        "fingerprint": revision.fingerprint,
        "reason": verdict.reason,
        "comments": list(verdict.comments),
        "correction_due": verdict.correction_due and verdict.correction_due.isoformat(),
    }
