"""Submission: the draft of a report becomes a revision, which never changes again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.clock import local_day
from app.db.driver import Connection, Statement
from app.errors import (
    FieldError,
    KeyReused,
    ReportIncomplete,
    Stale,
    StateConflict,
    ValidationFailed,
    WarningsUnconfirmed,
)
from app.policy import Permission
from app.services.audit.action import Action
from app.services.audit.changes import VersionCheck
from app.services.periods.obligations import ReportKey
from app.services.reports import idempotency, working_copy
from app.services.reports.findings import findings_of
from app.services.reports.idempotency import EarlierRequest, IdempotentRequest
from app.services.reports.validation import Expectations
from app.services.reports.working_copy import ATTEMPTS, Progress, ReportAnswer, WorkingCopy
from app.text.bilingual import Bilingual
from app.vocabulary import ReportStatus

NO_DRAFT = Bilingual(
    "Chưa có dự thảo báo cáo nên chưa gửi được; phải nhập và lưu số liệu trước.",
    "There is no draft to submit; save the figures first.",
)
HIDDEN_DRAFT = Bilingual(
    "Dự thảo kỳ {period} do đơn vị khác lưu nên chỉ đơn vị đó gửi được; muốn nhập báo "
    "cáo giấy thì phải lưu số liệu trên giấy vào dự thảo trước.",
    "The draft for {period} was saved by another agency, and only that agency submits "
    "it; to enter a paper report, save its figures as the draft first.",
)
ONLY_PAPER = Bilingual(
    "Chỉ cơ quan tổng hợp khi nhập báo cáo giấy mới ghi thời điểm nhận.",
    "Only the coordinating office gives a time of receipt, when it enters a paper report.",
)
WHEN_RECEIVED = Bilingual(
    "Nhập báo cáo giấy thay đơn vị khác thì phải ghi thời điểm nhận (received_at).",
    "Give the time of receipt when you enter another agency's paper report.",
)
IN_FUTURE = Bilingual(
    "Thời điểm nhận không được sau thời điểm hiện tại.",
    "The time of receipt cannot be in the future.",
)
BEFORE_PERIOD = Bilingual(
    "Thời điểm nhận không được trước ngày đầu của kỳ số liệu ({data_from}).",
    "The time of receipt cannot be before the first day of the data window ({data_from}).",
)

# Submit a draft if the version that was read is still the current one and the period takes reports
# (`locked` is 0 otherwise), and if no other request has the idempotency key (`claimed` is 0
# otherwise). Store the revision with its figures, and move the report and its obligation on.
#
# Locks are taken in the order obligation, report, period, key, ledger. `record_event` locks the
# plan's ledger until the commit of this one statement.
SUBMIT = Statement("""
WITH locked AS MATERIALIZED (
    SELECT r.id FROM report r
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    WHERE r.id = :report_id AND r.version = CAST(:version AS bigint)
    AND (CAST(:on_paper AS boolean) OR sending_is_open(
        p.state, r.status, o.due_date, p.due_date, o.late_from, o.reopened, :now))
    FOR NO KEY UPDATE OF o, r FOR SHARE OF p
), claim AS (
    INSERT INTO idempotency_record AS earlier (principal, key, fingerprint, revision, version,
        created_at)
    SELECT :principal, :key, :request, CAST(:number AS int), CAST(:version AS bigint) + 1,
        CAST(:now AS timestamptz)
    FROM locked WHERE CAST(:key AS text) IS NOT NULL
    ON CONFLICT (principal, key) DO UPDATE SET (fingerprint, revision, version, created_at)
        = (excluded.fingerprint, excluded.revision, excluded.version, excluded.created_at)
    WHERE earlier.created_at <= :expired
    RETURNING key
), event AS MATERIALIZED (
    SELECT record_event(:plan_id, :recorded, :actor, 'report.submitted', :subject, :agency_id,
        :origin, CAST(:before AS jsonb), CAST(:after AS jsonb)) AS at
    FROM locked WHERE CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM claim)
), sent AS (
    INSERT INTO revision (report_id, number, submitted_at, received_at, recorded_at, submitted_by,
        warnings_note, body, fingerprint)
    SELECT :report_id, :number, :now, :received_at, event.at, :actor, :warnings_note,
        CAST(:draft AS jsonb), :fingerprint
    FROM event
    RETURNING id, revision_json(revision)::text AS document
), arrived AS (
    INSERT INTO arrival (revision_id) SELECT id FROM sent
), entries AS (
    INSERT INTO revision_entry (revision_id, indicator_id, value, estimate, actual_to, compared)
    SELECT sent.id, e.indicator_id, e.value, e.estimate, e.actual_to, e.compared
    FROM sent, unnest(CAST(:indicator_ids AS bigint[]), CAST(:values AS numeric[]),
        CAST(:estimates AS numeric[]), CAST(:actual_tos AS date[]), CAST(:compared AS boolean[]))
        AS e (indicator_id, value, estimate, actual_to, compared)
), disbursements AS (
    INSERT INTO revision_disbursement (revision_id, project_id, source, origin, nature, amount_vnd,
        estimate_year_end_vnd, estimate_settlement_vnd, compared)
    SELECT sent.id, d.project_id, d.source, d.origin, d.nature, d.amount_vnd, d.year_end_vnd,
        d.settlement_vnd, CAST(:money_only AS boolean)
    FROM sent, unnest(CAST(:project_ids AS bigint[]), CAST(:sources AS text[]),
        CAST(:origins AS text[]), CAST(:natures AS text[]), CAST(:amounts_vnd AS bigint[]),
        CAST(:year_ends_vnd AS bigint[]), CAST(:settlements_vnd AS bigint[]))
        AS d (project_id, source, origin, nature, amount_vnd, year_end_vnd, settlement_vnd)
), owed AS (
    UPDATE obligation SET first_submitted_at = :received_at FROM event
    WHERE id = :obligation_id AND first_submitted_at IS NULL
), moved AS (
    UPDATE report SET status = 'submitted', draft = NULL, draft_saved_at = NULL,
        draft_saved_by = NULL, draft_agency_id = NULL, draft_writers = '{}',
        last_revision = :number, correction_due = NULL, opened_at = NULL, version = version + 1
    FROM event WHERE id = :report_id
)
SELECT (SELECT document FROM sent) AS document, (SELECT count(*) FROM locked) AS locked,
    (SELECT count(*) FROM claim) AS claimed
""")


async def submit(
    connection: Connection,
    action: Action,
    key: ReportKey,
    request: IdempotentRequest,
    *,
    warnings_note: str | None,
    received_at: datetime | None,
    check_version: VersionCheck,
) -> ReportAnswer:
    """Submit the draft as the next revision, or repeat the answer to an earlier submission.

    A request repeats an earlier one while the revision that its key made is the report's last one
    and no newer draft was saved.

    `action.now` is the instant that decides timeliness, unless the coordinating office enters a
    paper report and gives the time of receipt. Only the first submission decides timeliness.

    Raises:
        NotFound: no such obligation within reach.
        AmbiguousPlan: several plans have one, and none was named.
        KeyReused: the idempotency key was used for another request.
        Stale: another version was named.
        StateConflict: there is no draft that the principal may read, or the report cannot be
            submitted in its state.
        ReportIncomplete: the draft has errors.
        WarningsUnconfirmed: it has warnings, and no note confirms them.
        ValidationFailed: `received_at` is missing, not allowed, or impossible.
    """
    for _ in range(ATTEMPTS):
        # 1. Read the report. Without a new draft, this may be a retry of the last submission.
        copy = await working_copy.get(connection, action, key)
        if not copy.has_new_draft:
            earlier = await idempotency.find_earlier(connection, action, request)
            if earlier is not None and earlier.revision == copy.row["revisions"]:
                return _repeat(copy, earlier, action.now)
        # 2. Check its version, its state and its draft.
        received = _received_at(action, copy, received_at)
        check_version(copy.version)
        draft = _submittable_draft(action, copy, warnings_note)
        # 3. Store everything in one statement, unless another change came between.
        parameters = _parameters(action, copy, request) | {
            "received_at": received,
            "warnings_note": warnings_note,
            "fingerprint": fingerprint(draft),
        }
        figures = _figures(draft, copy.expectations)
        parameters["after"] = _after(parameters, _compared(draft, copy.expectations))
        sent = await _send(connection, parameters | figures)
        if sent is not None:
            # 4. Build the response without another query.
            first = copy.row["first_submitted_at"] or received
            return copy.answer(
                action.now,
                Progress(ReportStatus.SUBMITTED, first, None),
                last_revision=sent,
                decisions=copy.decisions_before(parameters["number"]),
            )
    raise Stale


async def _send(connection: Connection, parameters: Mapping[str, Any]) -> str | None:
    """Run SUBMIT; the revision as JSON, or None where another change came between.

    Raises:
        KeyReused: another request has the idempotency key.
    """
    row = (await SUBMIT.fetch_all(connection, parameters))[0]
    if row["locked"] and parameters["key"] is not None and not row["claimed"]:
        raise KeyReused
    document: str | None = row["document"]
    return document


def _compared(draft: Mapping[str, Any], expectations: Expectations) -> dict[str, Any]:
    """What of a draft is compared instead of summed, as the audit event says it."""
    if expectations.money_only:
        return {"money_only": True}
    codes = [entry["indicator"] for entry in draft["entries"]]
    compared = sorted(code for code in codes if expectations.figures[code].compared)
    return {"compared": compared} if compared else {}


def _after(parameters: Mapping[str, Any], compared: Mapping[str, Any]) -> str:
    """The `after` of the audit event, as JSON: all of the revision, its body by fingerprint.

    So a later change of the revision contradicts the event, and `tiendo verify` finds it.
    """
    after = {
        "status": ReportStatus.SUBMITTED,
        "revision": parameters["number"],
        "submitted_at": parameters["now"].isoformat(),
        "received_at": parameters["received_at"].isoformat(),
        "fingerprint": parameters["fingerprint"],
        **compared,
    }
    if parameters["warnings_note"] is not None:
        after["warnings_note"] = parameters["warnings_note"]
    return json.dumps(after, ensure_ascii=False)


def _repeat(copy: WorkingCopy, earlier: EarlierRequest, now: datetime) -> ReportAnswer:
    """The answer to the submission that made the last revision."""
    answer = copy.answer(
        now,
        Progress(ReportStatus.SUBMITTED, copy.row["first_submitted_at"], None),
        version=earlier.version,
        decisions=copy.decisions_before(earlier.revision),
    )
    return replace(answer, is_repeated=True)


def fingerprint(body: Mapping[str, Any]) -> str:
    """SHA-256 of a body's canonical JSON (sorted keys, no spaces, UTF-8), in hex."""
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _received_at(action: Action, copy: WorkingCopy, received_at: datetime | None) -> datetime:
    """When the report was received; for paper reports as the coordinating office says."""
    if received_at is None:
        if copy.is_paper_entry(action.principal):
            raise _invalid(WHEN_RECEIVED, "missing")
        return action.now
    if Permission.REPORTS_REVIEW not in action.principal.permissions:
        raise _invalid(ONLY_PAPER, "not_allowed")
    if received_at > action.now:
        raise _invalid(IN_FUTURE, "in_future")
    data_from = copy.row["data_from"]
    if local_day(received_at) < data_from:
        raise _invalid(BEFORE_PERIOD, "before_period", data_from=data_from)
    return received_at


def _invalid(message: Bilingual, code: str, **facts: Any) -> ValidationFailed:
    return ValidationFailed([FieldError("/received_at", code, message, facts)])


def _submittable_draft(
    action: Action, copy: WorkingCopy, warnings_note: str | None
) -> dict[str, Any]:
    """The draft of a report that can be submitted, by who may read it.

    Raises StateConflict, ReportIncomplete for errors, WarningsUnconfirmed for warnings without a
    note.
    """
    copy.ensure_editable(action.principal)
    draft = copy.draft
    if draft is None:
        if copy.is_draft_hidden:
            raise StateConflict(HIDDEN_DRAFT, period=copy.row["period"])
        raise StateConflict(NO_DRAFT)
    findings = findings_of(draft, copy.expectations)
    if errors := [finding for finding in findings if finding.level == "error"]:
        raise ReportIncomplete(errors)
    if findings and not warnings_note:
        raise WarningsUnconfirmed(findings)
    return draft


def _parameters(action: Action, copy: WorkingCopy, request: IdempotentRequest) -> dict[str, Any]:
    """The parameters of SUBMIT that follow from the action, the report and the request."""
    return {
        "plan_id": copy.row["plan_id"],
        "agency_id": copy.row["agency_id"],
        "obligation_id": copy.row["id"],
        "report_id": copy.row["report_id"],
        "draft": copy.row["draft"],
        "number": copy.row["revisions"] + 1,
        "version": copy.version,
        "on_paper": copy.is_paper_entry(action.principal),
        "subject": copy.subject,
        "before": json.dumps({"status": copy.status}),
        "now": action.now,
        "recorded": action.recording_instant,
        "actor": action.actor,
        "origin": action.origin,
        "principal": action.principal.name,
        "key": request.key,
        "request": request.fingerprint,
        "expired": action.now - idempotency.KEPT_FOR,
    }


def _figures(draft: Mapping[str, Any], expectations: Expectations) -> dict[str, Any]:
    """The figures of a validated draft as columns, by the ids of indicators and projects."""
    entries, disbursements = draft["entries"], draft["disbursements"]
    figures = [expectations.figures[entry["indicator"]] for entry in entries]
    return {
        "indicator_ids": [figure.indicator_id for figure in figures],
        "compared": [figure.compared for figure in figures],
        "money_only": expectations.money_only,
        "values": [_decimal(entry["value"]) for entry in entries],
        "estimates": [_decimal(entry["estimate"]) for entry in entries],
        "actual_tos": [_day(entry.get("actual_to")) for entry in entries],
        "project_ids": [expectations.projects[item["project"]] for item in disbursements],
        "sources": [item["source"] for item in disbursements],
        "origins": [item["origin"] for item in disbursements],
        "natures": [item.get("nature") for item in disbursements],
        "amounts_vnd": [item["amount_vnd"] for item in disbursements],
        "year_ends_vnd": [item.get("estimate_year_end_vnd") for item in disbursements],
        "settlements_vnd": [item.get("estimate_settlement_vnd") for item in disbursements],
    }


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
