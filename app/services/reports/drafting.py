"""Drafting: the working copy of a report is saved.

A draft changes nothing that an aggregate or an `as_of` can see, so saving one takes no ledger. One
audit event records that a person began the draft.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.db.driver import DriverTransaction, Statement
from app.errors import ValidationFailed
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import record_event
from app.services.periods.obligations import ReportKey
from app.services.reports import validation, working_copy
from app.services.reports.findings import findings_json
from app.services.reports.working_copy import Progress, ReportAnswer, instant_json
from app.text.writing import Language
from app.vocabulary import ReportStatus

# Save the draft of a locked obligation; the first one makes the report.
SAVE_DRAFT = Statement("""
INSERT INTO report AS r (obligation_id, status, draft, draft_saved_at, draft_saved_by,
    draft_writers)
VALUES (:obligation_id, :status, CAST(:draft AS jsonb), :now, :actor, ARRAY[CAST(:actor AS text)])
ON CONFLICT (obligation_id) DO UPDATE SET
    status = excluded.status, draft = excluded.draft, draft_saved_at = excluded.draft_saved_at,
    draft_saved_by = excluded.draft_saved_by, version = r.version + 1,
    draft_writers = CASE WHEN CAST(:actor AS text) = ANY(r.draft_writers) THEN r.draft_writers
        ELSE r.draft_writers || CAST(:actor AS text) END
RETURNING draft::text AS draft
""")


async def save(
    connection: DriverTransaction,
    action: Action,
    key: ReportKey,
    body: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    language: Language,
) -> ReportAnswer:
    """Save a draft over the version that its writer has read.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
        PreconditionRequired: the version that was read is not named.
        Stale: another version was saved meanwhile.
        StateConflict: the report was submitted, or none is due, or the period is closed.
        ValidationFailed: unknown, foreign or repeated figures.
    """
    # 1. Lock the report and check that this version of it may be changed.
    copy = await working_copy.lock(connection, action.principal, key)
    check_version(copy.version)
    copy.ensure_editable()
    if errors := validation.check_draft(body, copy.expectations):
        raise ValidationFailed(errors)
    # 2. Record who begins a draft, once.
    status = ReportStatus.DRAFT if copy.status is ReportStatus.NOT_STARTED else copy.status
    if action.actor not in (copy.row["draft_writers"] or ()):
        await record_event(
            connection,
            action,
            "report.draft_saved",
            copy.subject,
            plan_id=copy.row["plan_id"],
            agency_id=copy.row["agency_id"],
            before={"status": copy.status},
            after={"status": status},
        )
    # 3. Save, and answer from what is at hand.
    parameters = {
        "obligation_id": copy.row["id"],
        "status": status,
        "draft": json.dumps(body, ensure_ascii=False),
        "now": action.now,
        "actor": action.actor,
    }
    rows = await SAVE_DRAFT.fetch_all(connection, parameters)
    return copy.answer(
        action.now,
        Progress(status, copy.row["first_submitted_at"], copy.row["correction_due"]),
        draft=rows[0]["draft"],
        draft_saved_at=json.dumps(instant_json(action.now)),
        draft_saved_by=json.dumps(action.actor, ensure_ascii=False),
        findings=findings_json(validation.check_submission(body, copy.expectations), language),
    )
