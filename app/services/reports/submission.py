"""Submission: a draft becomes a revision that never changes."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.errors import (
    FieldError,
    ReportIncomplete,
    StateConflict,
    ValidationFailed,
    WarningsUnconfirmed,
)
from app.models.reports import Report, Revision
from app.policy import Permission, Principal
from app.services.audit import ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.periods.obligations import Place
from app.services.reports.drafting import see_that_editable, version_of
from app.services.reports.reading import findings_of, report_of
from app.text.bilingual import Bilingual
from app.vocabulary import ReportStatus

NO_DRAFT = Bilingual("Chưa có bản nháp để gửi.", "There is no draft to submit.")
ONLY_PAPER = Bilingual(
    "Chỉ cơ quan tổng hợp nhập báo cáo giấy mới nêu thời điểm nhận.",
    "Only the coordinating office, entering a paper report, says when it was received.",
)
WHEN_RECEIVED = Bilingual(
    "Nhập thay đơn vị khác thì phải nêu thời điểm nhận báo cáo giấy.",
    "Entering another agency's paper report, say when it was received.",
)
IN_FUTURE = Bilingual("Thời điểm nhận không thể ở tương lai.", "It cannot lie in the future.")
BEFORE_PERIOD = Bilingual(
    "Thời điểm nhận không thể trước ngày đầu của kỳ số liệu ({data_from}).",
    "It cannot lie before the first day of the period's figures ({data_from}).",
)


# The body's figures as rows, to be summed; all codes are known, for the body was judged just now.
FIGURES = text("""
WITH sent AS (
    SELECT id, body FROM revision WHERE id = :revision_id
), entries AS (
    INSERT INTO revision_entry (revision_id, indicator_id, value, estimate)
    SELECT sent.id, i.id, (e ->> 'value')::numeric, (e ->> 'estimate')::numeric
    FROM sent CROSS JOIN jsonb_array_elements(body -> 'entries') AS e
    JOIN indicator i ON i.plan_id = :plan_id AND i.code = e ->> 'indicator'
)
INSERT INTO revision_disbursement (revision_id, project_id, source, origin, amount_vnd)
SELECT sent.id, j.id, d ->> 'source', d ->> 'origin', (d ->> 'amount_vnd')::bigint
FROM sent CROSS JOIN jsonb_array_elements(body -> 'disbursements') AS d
JOIN project j ON j.plan_id = :plan_id AND j.code = d ->> 'project'
""")


async def submit(
    session: AsyncSession,
    principal: Principal,
    place: Place,
    *,
    warnings_note: str | None,
    received_at: datetime | None,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Send the draft of an obligation (found with its lock) as the next revision.

    `now` is the instant that counts, unless the coordinating office enters a paper report and
    says when that one was received.

    Raises:
        Stale: another version was named.
        StateConflict: there is no draft, or the report cannot be sent in its state.
        ReportIncomplete: the draft has errors.
        WarningsUnconfirmed: it has warnings, and no note confirms them.
        ValidationFailed: `received_at` is missing, not allowed, or out of the question.
    """
    received = _received(principal, place, received_at, now)
    report = await report_of(session, place)
    check_version(version_of(report))
    see_that_editable(place, report)
    if report is None or report.draft is None:
        raise StateConflict(NO_DRAFT)
    await _see_that_complete(session, place, report.draft, warnings_note)
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="report.submitted",
        subject=f"reports/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        before={"status": report.status},
        after={
            "status": ReportStatus.SUBMITTED,
            "revision": report.last_revision + 1,
            "received_at": received.isoformat(),
        },
    )
    revision = Revision(
        report_id=report.id,
        number=report.last_revision + 1,
        submitted_at=now,
        received_at=received,
        recorded_at=at,
        submitted_by=actor.name,
        warnings_note=warnings_note,
        body=report.draft,
        fingerprint=fingerprint(report.draft),
    )
    session.add(revision)
    _move_on(place, report, received)
    await session.flush()
    await session.execute(FIGURES, {"revision_id": revision.id, "plan_id": place.plan.id})


def fingerprint(body: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a body: keys sorted, no spaces, UTF-8; in hex."""
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _received(
    principal: Principal, place: Place, received_at: datetime | None, now: datetime
) -> datetime:
    own = principal.agency_id == place.agency.id
    reviews = Permission.REPORTS_REVIEW in principal.permissions
    if received_at is None:
        if reviews and not own:
            raise _refused(WHEN_RECEIVED, "missing")
        return now
    if not reviews:
        raise _refused(ONLY_PAPER, "not_allowed")
    if received_at > now:
        raise _refused(IN_FUTURE, "in_future")
    if local_day(received_at) < place.period.data_from:
        raise _refused(BEFORE_PERIOD, "before_period", data_from=place.period.data_from)
    return received_at


def _refused(message: Bilingual, code: str, **facts: Any) -> ValidationFailed:
    return ValidationFailed([FieldError("/received_at", code, message, facts)])


async def _see_that_complete(
    session: AsyncSession, place: Place, draft: dict[str, Any], warnings_note: str | None
) -> None:
    findings = await findings_of(session, place.obligation.id, draft)
    if errors := [finding for finding in findings if finding.level == "error"]:
        raise ReportIncomplete(errors)
    if findings and not warnings_note:
        raise WarningsUnconfirmed(findings)


def _move_on(place: Place, report: Report, received: datetime) -> None:
    """The first submission decides timeliness; a later one never touches it."""
    if place.obligation.first_submitted_at is None:
        place.obligation.first_submitted_at = received
    report.status = ReportStatus.SUBMITTED
    report.draft = report.draft_saved_at = report.draft_saved_by = None
    report.last_revision += 1
    report.correction_due = None
