"""The history of budget lines, against the lines themselves and against audit events."""

from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.findings import Finding, Progress, stream

# The groups of budget lines with the sum of their changes.
STREAM_SUMS = text("""
SELECT plan.code AS plan, project.code AS project, agency.code AS agency, source, origin, nature,
    sum(amount_vnd) AS amount, sum(change_vnd) AS recorded
FROM (
    SELECT plan_id, project_id, agency_id, source, origin, nature, amount_vnd, 0 AS change_vnd
    FROM budget_line
    UNION ALL
    SELECT plan_id, project_id, agency_id, source, origin, nature, 0, change_vnd
    FROM budget_change
) AS money
JOIN project ON project.id = project_id
JOIN plan ON plan.id = money.plan_id
LEFT JOIN agency ON agency.id = agency_id
GROUP BY plan.code, project.code, agency.id, source, origin, nature
ORDER BY plan.code, project.code, agency.code, source, origin, nature
""")

# The budget changes at instants at which no event was recorded. The trigger that writes them takes
# the instant of its transaction's last event.
STREAM_UNRECORDED = text("""
SELECT plan.code AS plan, c.id, c.recorded_at, c.change_vnd
FROM budget_change c
JOIN plan ON plan.id = c.plan_id
JOIN ledger l ON l.plan_id = plan.id
WHERE NOT EXISTS (
    SELECT FROM audit_event e WHERE e.ledger_id = l.id AND e.at = c.recorded_at
)
ORDER BY plan.code, c.id
""")


async def verify_budgets(session: AsyncSession, progress: Progress) -> AsyncIterator[Finding]:
    """Compare the sums of budget changes with the lines, and their instants with audit events."""
    async for row in stream(session, STREAM_SUMS, "groups of budget lines", progress):
        if row.amount != row.recorded:
            holder = row.agency or "undistributed"
            money = " ".join(filter(None, (row.project, row.source, row.origin, row.nature)))
            where = f"{money}, {holder}, plan {row.plan}"
            yield Finding("sum of its budget changes", where, row.amount, row.recorded)
    async for row in stream(session, STREAM_UNRECORDED, "unrecorded budget changes", progress):
        where = f"budget change {row.id} of {row.change_vnd} VND, plan {row.plan}"
        yield Finding("audit event at its instant", where, row.recorded_at, None)
