"""Drafting: the working copy of a report, saved as often as one likes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import StateConflict, ValidationFailed
from app.models.reports import Report
from app.services.audit import ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.periods.obligations import Place
from app.services.reports import validation
from app.services.reports.expectations import facts_for
from app.services.reports.reading import EDITABLE, report_of
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import PeriodState, ReportStatus

NOT_EDITABLE = Bilingual(
    "Báo cáo đang ở trạng thái {status}, không sửa được nữa.",
    "The report is {status} and cannot be changed any more.",
)
PERIOD_CLOSED = Bilingual(
    "Kỳ báo cáo {period} đã khóa; liên hệ cơ quan tổng hợp để mở lại.",
    "Period {period} is closed; ask the coordinating office to open it.",
)
EXEMPT = Bilingual("Đơn vị được miễn báo cáo kỳ này.", "The agency is exempt from this report.")


async def save(
    session: AsyncSession,
    place: Place,
    body: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Save a draft over the version that its writer had read; the obligation is locked.

    Raises:
        PreconditionRequired: the version read is not said.
        Stale: somebody saved another one meanwhile.
        StateConflict: the report was sent, or none is due, or the period is closed.
        ValidationFailed: figures that are unknown, not this agency's, or given twice.
    """
    report = await report_of(session, place)
    check_version(version_of(report))
    see_that_editable(place, report)
    if faults := validation.check_draft(body, await facts_for(session, place.obligation.id)):
        raise ValidationFailed(faults)
    before = report.status if report else ReportStatus.NOT_STARTED
    after = ReportStatus.DRAFT if before == ReportStatus.NOT_STARTED else before
    at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="report.draft_saved",
        subject=f"reports/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        before={"status": before},
        after={"status": after},
    )
    if report is None:
        report = Report(obligation_id=place.obligation.id, status=after, last_revision=0)
        session.add(report)
    report.status = after
    report.draft = dict(body)
    report.draft_saved_at = at
    report.draft_saved_by = actor.name
    await session.flush()


def version_of(report: Report | None) -> int:
    """The version of a report; one that is not begun has one, too, since it can be read."""
    return report.version if report else 0


def see_that_editable(place: Place, report: Report | None) -> None:
    """See that the report can be written and sent.

    A closed period takes no more reports but those that the coordinating office gives back.

    Raises:
        StateConflict: the period is closed, the agency exempt, or the report sent.
    """
    given_back = report is not None and report.status == ReportStatus.RETURNED
    if place.period.state == PeriodState.CLOSED and not given_back:
        raise StateConflict(PERIOD_CLOSED, period=place.period.code)
    if place.obligation.exempted_at is not None:
        raise StateConflict(EXEMPT)
    if report is not None and report.status not in EDITABLE:
        raise StateConflict(NOT_EDITABLE, status=terms.STATUS[report.status])
