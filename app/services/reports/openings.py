"""Openings: the first time that a reviewer reads a submitted report, after which it stays sent."""

from datetime import datetime

from app.db.driver import Connection, Statement
from app.policy import Permission, Principal

# Record that a reviewer of the plan has opened the last revision, if it is submitted and was not
# opened before. Locks as a decision does: obligation, report, ledger. A recall that waits for the
# report finds it opened.
RECORD_OPENING = Statement("""
WITH owed AS MATERIALIZED (
    SELECT o.id, o.agency_id, p.plan_id, 'reports/' || p.code || '/' || a.code AS subject
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN agency a ON a.id = o.agency_id
    JOIN plan ON plan.id = p.plan_id
    JOIN agency owner ON owner.id = plan.owner_id
    JOIN agency manager ON manager.id = coalesce(owner.taken_over_by_id, owner.id)
    WHERE o.id = :obligation_id AND manager.path = CAST(:area AS text)
    FOR NO KEY UPDATE OF o
), opened AS (
    UPDATE report r SET opened_at = CAST(:now AS timestamptz) FROM owed
    WHERE r.obligation_id = owed.id AND r.status = 'submitted' AND r.opened_at IS NULL
    RETURNING r.id, r.last_revision, owed.agency_id, owed.plan_id, owed.subject
), event AS MATERIALIZED (
    SELECT record_event(plan_id, CAST(:now AS timestamptz), CAST(:actor AS text), 'report.opened',
        subject, agency_id, NULL, NULL, jsonb_build_object('revision', last_revision)), opened.*
    FROM opened
)
INSERT INTO revision_opening (revision_id, opened_at, opened_by)
SELECT v.id, CAST(:now AS timestamptz), CAST(:actor AS text)
FROM event JOIN revision v ON v.report_id = event.id AND v.number = event.last_revision
RETURNING revision_id
""")


def is_reviewer(principal: Principal, agency_id: int) -> bool:
    """Whether the principal reviews reports, and not only writes the one of this agency."""
    return Permission.REPORTS_REVIEW in principal.permissions and principal.agency_id != agency_id


async def record(
    connection: Connection, principal: Principal, obligation_id: int, now: datetime
) -> None:
    """Record that a reviewer opens the last revision of a report.

    Does nothing where it was opened before, is not submitted any more, or where the principal does
    not manage the plan.
    """
    parameters = {
        "obligation_id": obligation_id,
        "area": principal.area_path,
        "actor": principal.name,
        "now": now,
    }
    await RECORD_OPENING.fetch_all(connection, parameters)
