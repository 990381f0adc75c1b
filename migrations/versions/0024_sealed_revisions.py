"""Seal the revisions whose audit events do not contain their fingerprints yet."""

from collections.abc import Sequence

from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The events come directly after the last one of each ledger. They change no aggregate, so the
# ledgers' `figures_at` are restored.
SEAL = (
    "CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT id, figures_at FROM ledger",
    """
    SELECT record_event(plan_id, '-infinity', 'system', 'report.sealed', subject, agency_id, NULL,
        NULL, after)
    FROM (
        SELECT p.plan_id, o.agency_id, 'reports/' || p.code || '/' || a.code AS subject,
            jsonb_strip_nulls(jsonb_build_object('revision', v.number,
                'submitted_at', v.submitted_at, 'received_at', v.received_at,
                'fingerprint', v.fingerprint, 'warnings_note', v.warnings_note)) AS after
        FROM revision v
        JOIN report r ON r.id = v.report_id
        JOIN obligation o ON o.id = r.obligation_id
        JOIN reporting_period p ON p.id = o.period_id
        JOIN agency a ON a.id = o.agency_id
        WHERE NOT EXISTS (
            SELECT FROM audit_event e JOIN ledger l ON l.id = e.ledger_id
            WHERE e.subject = 'reports/' || p.code || '/' || a.code
            AND (l.plan_id, e.agency_id) = (p.plan_id, o.agency_id)
            AND e.after ->> 'revision' = v.number::text
            AND e.action IN ('report.submitted', 'report.sealed') AND e.after ? 'fingerprint'
        )
        ORDER BY p.plan_id, v.recorded_at, v.id
    ) AS unsealed
    """,
    "UPDATE ledger SET figures_at = kept.figures_at FROM kept WHERE kept.id = ledger.id",
)


def upgrade() -> None:
    for statement in SEAL:
        op.execute(statement)


def downgrade() -> None:
    """The events stay: the chain does not lose one."""
