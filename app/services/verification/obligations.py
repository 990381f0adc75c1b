"""Extensions and exemptions, against audit events and against the obligations that repeat them."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.findings import Finding, Progress, stream

# Each extension and exemption with the event that has its instant; a missing part is null. The
# event of a whole period counts as one for each of its agencies.
STREAM_GRANTS = text("""
WITH grants AS (
    SELECT obligation_id, recorded_at, 'obligation.extended' AS action, due_date::text AS due_date,
        NULL AS cause, reason, document_number
    FROM extension
    UNION ALL
    SELECT obligation_id, recorded_at, CASE WHEN exempt THEN 'obligation.exempted'
        ELSE 'obligation.exemption_ended' END, NULL, cause, reason, document_number
    FROM exemption
), owed AS (
    SELECT g.*, l.id AS ledger_id, o.agency_id, p.code AS period, g.recorded_at AS at
    FROM grants g
    JOIN obligation o ON o.id = g.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN ledger l ON l.plan_id = p.plan_id
), events AS (
    SELECT id, ledger_id, agency_id, split_part(subject, '/', 2) AS period, at, action, after
    FROM audit_event
    WHERE action IN ('obligation.extended', 'obligation.exempted', 'obligation.exemption_ended')
    UNION ALL
    SELECT e.id, e.ledger_id, a.id, p.code, e.at,
        replace(e.action, 'reporting_period.', 'obligation.'), e.after - 'agencies'
    FROM audit_event e
    JOIN ledger l ON l.id = e.ledger_id
    JOIN reporting_period p
        ON p.plan_id = l.plan_id AND e.subject = 'reporting-periods/' || p.code
    CROSS JOIN jsonb_array_elements_text(e.after -> 'agencies') AS exempt (code)
    JOIN agency a ON a.code = exempt.code AND exists_on(a, p.data_to)
    WHERE e.action IN ('reporting_period.exempted', 'reporting_period.exemption_ended')
)
SELECT plan.code AS plan, agency.code AS agency, period, at, g.action, g.due_date, g.cause,
    g.reason, g.document_number, e.id AS event_id, e.action AS event_action, e.after::text AS event
FROM owed g FULL JOIN events e USING (ledger_id, agency_id, period, at)
LEFT JOIN ledger ON ledger.id = ledger_id
LEFT JOIN plan ON plan.id = ledger.plan_id
LEFT JOIN agency ON agency.id = agency_id
ORDER BY plan.code, period, agency.code, at
""")

# The obligations whose dates are neither their period's nor an extension's, or whose exemption is
# not what the newest row of the history says.
LIST_UNFOUNDED = text("""
SELECT plan.code AS plan, p.code AS period, a.code AS agency, o.due_date, o.late_from,
    p.due_date AS period_due_date, p.late_from AS period_late_from,
    o.exempted_at IS NOT NULL AS exempt, coalesce(last.exempt, false) AS recorded_exempt,
    (o.due_date, o.late_from) = (p.due_date, p.late_from) OR EXISTS (
        SELECT FROM extension x WHERE x.obligation_id = o.id
        AND (x.due_date, x.late_from) = (o.due_date, o.late_from)
    ) AS has_right_dates
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
LEFT JOIN LATERAL (
    SELECT exempt FROM exemption WHERE obligation_id = o.id ORDER BY id DESC LIMIT 1
) AS last ON true
ORDER BY plan.code, p.code, a.code
""")


async def verify_obligations(session: AsyncSession, progress: Progress) -> AsyncIterator[Finding]:
    """Compare extensions and exemptions with their events, and obligations with both."""
    async for row in stream(session, STREAM_GRANTS, "extensions and exemptions", progress):
        where = f"grant of {row.at} for obligations/{row.period}/{row.agency}, plan {row.plan}"
        if row.event_id is None:
            yield Finding("its audit event", where, "one", None)
        elif row.action is None:
            yield Finding("row of the extension or exemption", where, "one", None)
        else:
            for finding in _compare(row, where):
                yield finding
    async for row in stream(session, LIST_UNFOUNDED, "obligations", progress):
        where = f"obligations/{row.period}/{row.agency}, plan {row.plan}"
        if not row.has_right_dates:
            expected = f"{row.period_due_date}, late from {row.period_late_from}, or an extension's"
            found = f"{row.due_date}, late from {row.late_from}"
            yield Finding("due date", where, expected, found)
        if row.exempt != row.recorded_exempt:
            yield Finding("whether it is exempt", where, row.recorded_exempt, row.exempt)


def _compare(row: Row[Any], where: str) -> Iterator[Finding]:
    stored = {
        "action": row.action,
        "due_date": row.due_date,
        "cause": row.cause,
        "reason": row.reason,
        "document_number": row.document_number,
    }
    recorded = stored | json.loads(row.event) | {"action": row.event_action}
    for name, value in stored.items():
        if value != recorded[name]:
            yield Finding(name, where, recorded[name], value)
