"""The state of reports, and the decisions on them, against audit events."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.findings import Finding, Progress, stream

# Each obligation with its report, its revisions, and the state after the last event that gave one.
STREAM_REPORTS = text("""
SELECT plan.code AS plan, p.code AS period, a.code AS agency, o.first_submitted_at,
    r.status, coalesce(r.last_revision, 0) AS last_revision,
    sent.count, sent.numbers, sent.first_received_at, last.status AS last_status
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN plan ON plan.id = p.plan_id
JOIN ledger l ON l.plan_id = plan.id
LEFT JOIN report r ON r.obligation_id = o.id
LEFT JOIN LATERAL (
    SELECT count(*) AS count, array_agg(number ORDER BY number) AS numbers,
        min(received_at) FILTER (WHERE number = 1) AS first_received_at
    FROM revision WHERE report_id = r.id
) AS sent ON true
LEFT JOIN LATERAL (
    SELECT e.after ->> 'status' AS status FROM audit_event e
    WHERE e.subject = 'reports/' || p.code || '/' || a.code
    AND (e.ledger_id, e.agency_id) = (l.id, o.agency_id)
    AND e.action IN ('report.submitted', 'report.recalled', 'report.accepted', 'report.returned',
        'report.reopened')
    ORDER BY e.id DESC LIMIT 1
) AS last ON true
ORDER BY plan.code, p.code, a.code
""")

# Each decision with the event that has its instant; a missing part is null.
STREAM_DECISIONS = text("""
WITH decisions AS (
    SELECT l.id AS ledger_id, o.agency_id, p.code AS period, d.recorded_at AS at,
        'report.' || d.action AS action, d.decided_by, d.reason, d.comments, d.correction_due,
        v.number, v.fingerprint
    FROM decision d
    JOIN revision v ON v.id = d.revision_id
    JOIN report r ON r.id = d.report_id
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN ledger l ON l.plan_id = p.plan_id
), events AS (
    SELECT id, ledger_id, agency_id, split_part(subject, '/', 2) AS period, at, action, actor,
        after
    FROM audit_event WHERE action IN ('report.accepted', 'report.returned', 'report.reopened')
)
SELECT plan.code AS plan, agency.code AS agency, period, at, d.action, d.decided_by, d.reason,
    d.comments::text AS comments, d.correction_due::text AS correction_due, d.number, d.fingerprint,
    e.id AS event_id, e.action AS event_action, e.actor, e.after::text AS event
FROM decisions d FULL JOIN events e USING (ledger_id, agency_id, period, at)
LEFT JOIN ledger ON ledger.id = ledger_id
LEFT JOIN plan ON plan.id = ledger.plan_id
LEFT JOIN agency ON agency.id = agency_id
ORDER BY plan.code, period, agency.code, at
""")


async def verify_reports(session: AsyncSession, progress: Progress) -> AsyncIterator[Finding]:
    """Compare the state of every report with its revisions and with its last audit event."""
    async for row in stream(session, STREAM_REPORTS, "reports", progress):
        where = f"reports/{row.period}/{row.agency}, plan {row.plan}"
        numbers = list(row.numbers or ())
        if numbers != (expected := list(range(1, row.last_revision + 1))):
            yield Finding("numbers of its revisions", where, expected, numbers)
        if row.first_submitted_at != row.first_received_at:
            received = row.first_received_at
            yield Finding("first_submitted_at", where, received, row.first_submitted_at)
        if row.last_status is None and row.status not in {None, "not_started", "draft"}:
            yield Finding("state", where, "draft", row.status)
        elif row.last_status is not None and row.status != row.last_status:
            yield Finding("state", where, row.last_status, row.status)


async def verify_decisions(session: AsyncSession, progress: Progress) -> AsyncIterator[Finding]:
    """Compare every decision with its audit event."""
    async for row in stream(session, STREAM_DECISIONS, "decisions", progress):
        where = f"decision of {row.at} on reports/{row.period}/{row.agency}, plan {row.plan}"
        if row.event_id is None:
            yield Finding("its audit event", where, "one", None)
        elif row.action is None:
            yield Finding("row of the decision", where, "one", None)
        else:
            for finding in _compare(row, where):
                yield finding


def _compare(row: Row[Any], where: str) -> Iterator[Finding]:
    event: dict[str, Any] = json.loads(row.event)
    stored = {
        "action": row.action,
        "decided_by": row.decided_by,
        "reason": row.reason,
        "revision": row.number,
        "comments": json.loads(row.comments),
        "correction_due": row.correction_due,
        "fingerprint": row.fingerprint,
    }
    # Events of earlier versions do not contain the last three.
    recorded = stored | event | {"action": row.event_action, "decided_by": row.actor}
    for name, value in stored.items():
        if value != recorded[name]:
            yield Finding(name, where, recorded[name], value)
