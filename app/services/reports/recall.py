"""Recall: the sender takes a submitted report back while no reviewer has opened it.

The revision stays: it decides timeliness, and the sums of submitted reports contain it until the
next one, as after a return.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.db.driver import Connection, Statement
from app.errors import Stale, StateConflict
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.periods.obligations import ReportKey
from app.services.reports import working_copy
from app.services.reports.findings import findings_json, findings_of
from app.services.reports.working_copy import (
    ATTEMPTS,
    PERIOD_CLOSED,
    Progress,
    ReportAnswer,
    WorkingCopy,
    instant_json,
)
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import ReportStatus

NOT_SENT = Bilingual(
    "Báo cáo {status}, nên không có gì để rút lại.",
    "The report is {status}, so there is nothing to recall.",
)
OPENED = Bilingual(
    "Cơ quan tổng hợp đã mở xem báo cáo, nên không rút lại được nữa; muốn sửa thì đề nghị cơ quan "
    "tổng hợp trả lại.",
    "The coordinating office has opened the report, so it cannot be recalled; to correct it, ask "
    "the office to return it.",
)
NOT_SENDER = Bilingual(
    "Chỉ bên gửi mới rút lại được báo cáo.", "Only the sender can recall the report."
)

# Take a submitted report back, if the version that was read is still the current one and no
# reviewer has opened it; no row otherwise. Locks are taken in the order obligation, report, period,
# ledger.
RECALL = Statement("""
WITH locked AS MATERIALIZED (
    SELECT r.id FROM report r
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    WHERE r.id = :report_id AND r.version = CAST(:version AS bigint)
    AND r.status = 'submitted' AND r.opened_at IS NULL
    AND (CAST(:on_paper AS boolean) OR sending_is_open(
        p.state, :status, o.due_date, p.due_date, o.late_from, o.reopened, :now))
    FOR NO KEY UPDATE OF o, r FOR SHARE OF p
), event AS MATERIALIZED (
    SELECT record_event(:plan_id, :recorded, :actor, 'report.recalled', :subject, :agency_id,
        :origin, CAST(:before AS jsonb), CAST(:after AS jsonb))
    FROM locked
)
UPDATE report SET status = :status, draft = v.body, draft_saved_at = CAST(:now AS timestamptz),
    draft_saved_by = CAST(:actor AS text), draft_agency_id = CAST(:writing_agency_id AS bigint),
    draft_writers = '{}', correction_due = CAST(:correction_due AS date), version = version + 1
FROM event, revision v
WHERE report.id = :report_id AND v.report_id = report.id AND v.number = report.last_revision
RETURNING report.draft::text AS draft, report.correction_due
""")


async def recall(
    connection: Connection,
    action: Action,
    key: ReportKey,
    *,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Make a submitted report a draft again; one that was returned before is returned again.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
        Stale: another version was named.
        StateConflict: the report is not submitted, a reviewer has opened it, somebody else sent it,
            or its period is closed, so that it could not be sent again.
    """
    for _ in range(ATTEMPTS):
        copy = await working_copy.get(connection, action, key)
        check_version(copy.version)
        _ensure_recallable(copy, action)
        parameters = _parameters(copy, action)
        recalled = await RECALL.fetch_one(connection, parameters)
        if recalled is None:  # another change came between
            continue
        draft = json.loads(recalled["draft"])
        first, due = copy.row["first_submitted_at"], recalled["correction_due"]
        return copy.answer(
            action.now,
            Progress(parameters["status"], first, due),
            draft=recalled["draft"],
            draft_saved_at=json.dumps(instant_json(action.now)),
            draft_saved_by=json.dumps(action.actor, ensure_ascii=False),
            findings=findings_json(findings_of(draft, copy.expectations), language),
        )
    raise Stale


def _ensure_recallable(copy: WorkingCopy, action: Action) -> None:
    """Ensure that the sender can recall the report, and send it again; raises StateConflict."""
    if copy.status is not ReportStatus.SUBMITTED:
        raise StateConflict(NOT_SENT, status=terms.STATUS[copy.status])
    sent: Mapping[str, Any] = json.loads(copy.row["last_revision"])
    # A report on paper is sent by who enters it, at another instant than it was received.
    is_paper = sent["submitted_at"] != sent["received_at"]
    is_own = not is_paper and not copy.is_paper_entry(action.principal)
    if not is_own and sent["submitted_by"] != action.actor:
        raise StateConflict(NOT_SENDER)
    if copy.row["opened_at"] is not None:
        raise StateConflict(OPENED)
    if not copy.can_recall and not copy.is_paper_entry(action.principal):
        raise StateConflict(PERIOD_CLOSED, period=copy.row["period"])


def _parameters(copy: WorkingCopy, action: Action) -> dict[str, Any]:
    """The parameters of RECALL."""
    decisions = json.loads(copy.row["decisions"])
    status = ReportStatus.RETURNED if decisions else ReportStatus.DRAFT
    due = decisions[-1]["correction_due"] if decisions else None
    return {
        "plan_id": copy.row["plan_id"],
        "agency_id": copy.row["agency_id"],
        "report_id": copy.row["report_id"],
        "version": copy.version,
        "status": status,
        "correction_due": due and date.fromisoformat(due),
        "on_paper": copy.is_paper_entry(action.principal),
        "subject": copy.subject,
        "before": json.dumps({"status": copy.status}),
        "after": json.dumps({"status": status, "revision": copy.row["revisions"]}),
        "now": action.now,
        "recorded": action.recording_instant,
        "actor": action.actor,
        "writing_agency_id": action.principal.agency_id,
        "origin": action.origin,
    }
