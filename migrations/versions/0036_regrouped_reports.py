"""Past reports by the agencies of another day."""

from collections.abc import Sequence

from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FUNCTION = """
-- As `reports_as_of`, but each report counts for the agency into which its own was merged: `became`
-- by `moved`, two arrays of ids. Code and name stay those under which it was sent. Null arrays: no
-- regrouping.
CREATE FUNCTION regrouped_reports(period_id bigint, subtree text, as_of timestamptz,
    moved bigint[], became bigint[]) RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT r.obligation_id, coalesce(m.became_id, r.agency_id), r.agency, r.agency_name,
        r.received_at, r.submitted, r.exempt, r.due_date, r.late_from, r.accepted_id, r.last_id
    FROM reports_as_of(regrouped_reports.period_id,
        CASE WHEN regrouped_reports.moved IS NULL THEN regrouped_reports.subtree ELSE '%' END,
        regrouped_reports.as_of) AS r
    LEFT JOIN unnest(regrouped_reports.moved, regrouped_reports.became)
        AS m (agency_id, became_id) ON m.agency_id = r.agency_id
    WHERE regrouped_reports.moved IS NULL OR EXISTS (
        SELECT FROM agency a WHERE a.id = coalesce(m.became_id, r.agency_id)
        AND within_reach(a.path, regrouped_reports.subtree)
    );
END;
"""


def upgrade() -> None:
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION regrouped_reports(bigint, text, timestamptz, bigint[], bigint[])")
