"""The reports of one period follow from those of many: one rule, with the due dates of the instant.

`reports_of` lacked what `reports_as_of` has: the due date before a schedule was moved, and reports
that a reorganisation moved later. Sums over several plans as of an earlier instant differed by it.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
-- The reports of some periods as they stood at an instant; `subtree` is a LIKE pattern over paths.
-- Few obligations have an exemption or an extension: as joins to the newest row they let the
-- planner read these small tables once, in place of a search for each obligation.
CREATE OR REPLACE FUNCTION reports_of(periods bigint[], subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT o.id, a.id, a.code, a.name, sent.first_received_at, sent.last_id IS NOT NULL,
        coalesce(exempt.exempt, false) AND sent.last_id IS NULL,
        greatest(coalesce(old.due_date, p.due_date), extended.due_date),
        greatest(coalesce(old.late_from, p.late_from), extended.late_from),
        accepted.revision_id, sent.last_id
    FROM reporting_period p
    LEFT JOIN LATERAL (
        SELECT h.due_date, h.late_from FROM due_date_history h
        WHERE h.period_id = p.id AND h.valid_until > reports_of.as_of
        ORDER BY h.valid_until LIMIT 1
    ) AS old ON true
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT (array_agg(v.received_at ORDER BY v.recorded_at))[1] AS first_received_at,
            (array_agg(v.id ORDER BY v.recorded_at DESC))[1] AS last_id
        FROM revision v WHERE v.report_id = r.id AND v.recorded_at <= reports_of.as_of
    ) AS sent ON true
    LEFT JOIN LATERAL (
        SELECT d.revision_id FROM decision d
        WHERE d.report_id = r.id AND d.action = 'accepted' AND d.recorded_at <= reports_of.as_of
        ORDER BY d.recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN (
        SELECT e.obligation_id, e.exempt FROM exemption e
        WHERE e.recorded_at <= reports_of.as_of AND NOT EXISTS (
            SELECT FROM exemption later
            WHERE later.obligation_id = e.obligation_id AND later.recorded_at <= reports_of.as_of
            AND (later.recorded_at, later.id) > (e.recorded_at, e.id))
    ) AS exempt ON exempt.obligation_id = o.id
    LEFT JOIN (
        SELECT x.obligation_id, x.due_date, x.late_from FROM extension x
        WHERE x.recorded_at <= reports_of.as_of AND NOT EXISTS (
            SELECT FROM extension later
            WHERE later.obligation_id = x.obligation_id AND later.recorded_at <= reports_of.as_of
            AND (later.recorded_at, later.id) > (x.recorded_at, x.id))
    ) AS extended ON extended.obligation_id = o.id
    WHERE p.id = ANY(reports_of.periods) AND within_reach(a.path, reports_of.subtree)
    AND (o.added_at IS NULL OR o.added_at <= reports_of.as_of)
    AND (sent.last_id IS NOT NULL OR exists_on(a, p.data_to) OR o.moved_at > reports_of.as_of);
END;

-- As `reports_of`, of one period.
CREATE OR REPLACE FUNCTION reports_as_of(period_id bigint, subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT * FROM reports_of(
        ARRAY[reports_as_of.period_id], reports_as_of.subtree, reports_as_of.as_of);
END;
"""
DOWN = """
CREATE OR REPLACE FUNCTION reports_as_of(period_id bigint, subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT o.id, a.id, a.code, a.name, first.received_at, first.number IS NOT NULL,
        coalesce(exempt.exempt, false) AND first.number IS NULL,
        greatest(p.due_date, extended.due_date), greatest(p.late_from, extended.late_from),
        accepted.revision_id, last.id
    FROM (
        SELECT period.id, period.data_to, coalesce(old.due_date, period.due_date) AS due_date,
            coalesce(old.late_from, period.late_from) AS late_from
        FROM reporting_period period
        LEFT JOIN LATERAL (
            SELECT h.due_date, h.late_from FROM due_date_history h
            WHERE h.period_id = period.id AND h.valid_until > reports_as_of.as_of
            ORDER BY h.valid_until LIMIT 1
        ) AS old ON true
    ) AS p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT number, received_at FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT v.id FROM revision v
        WHERE v.report_id = r.id AND v.recorded_at <= reports_as_of.as_of
        ORDER BY v.recorded_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT d.revision_id FROM decision d
        WHERE d.report_id = r.id AND d.action = 'accepted'
        AND d.recorded_at <= reports_as_of.as_of
        ORDER BY d.recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN LATERAL (
        SELECT e.exempt FROM exemption e
        WHERE e.obligation_id = o.id AND e.recorded_at <= reports_as_of.as_of
        ORDER BY e.recorded_at DESC LIMIT 1
    ) AS exempt ON true
    LEFT JOIN LATERAL (
        SELECT x.due_date, x.late_from FROM extension x
        WHERE x.obligation_id = o.id AND x.recorded_at <= reports_as_of.as_of
        ORDER BY x.recorded_at DESC LIMIT 1
    ) AS extended ON true
    WHERE p.id = reports_as_of.period_id AND within_reach(a.path, reports_as_of.subtree)
    AND (o.added_at IS NULL OR o.added_at <= reports_as_of.as_of)
    AND (first.number IS NOT NULL OR exists_on(a, p.data_to)
        OR (o.moved_at > reports_as_of.as_of));
END;

CREATE OR REPLACE FUNCTION reports_of(periods bigint[], subtree text, as_of timestamptz)
RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT o.id, a.id, a.code, a.name, sent.first_received_at, sent.last_id IS NOT NULL,
        coalesce(exempt.exempt, false) AND sent.last_id IS NULL,
        coalesce(extended.due_date, p.due_date),
        greatest(p.late_from, coalesce(extended.late_from, p.late_from)),
        accepted.revision_id, sent.last_id
    FROM reporting_period p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT (array_agg(v.received_at ORDER BY v.recorded_at))[1] AS first_received_at,
            (array_agg(v.id ORDER BY v.recorded_at DESC))[1] AS last_id
        FROM revision v WHERE v.report_id = r.id AND v.recorded_at <= reports_of.as_of
    ) AS sent ON true
    LEFT JOIN LATERAL (
        SELECT d.revision_id FROM decision d
        WHERE d.report_id = r.id AND d.action = 'accepted' AND d.recorded_at <= reports_of.as_of
        ORDER BY d.recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN LATERAL (
        SELECT e.exempt FROM exemption e
        WHERE e.obligation_id = o.id AND e.recorded_at <= reports_of.as_of
        ORDER BY e.recorded_at DESC LIMIT 1
    ) AS exempt ON true
    LEFT JOIN LATERAL (
        SELECT x.due_date, x.late_from FROM extension x
        WHERE x.obligation_id = o.id AND x.recorded_at <= reports_of.as_of
        ORDER BY x.recorded_at DESC LIMIT 1
    ) AS extended ON true
    WHERE p.id = ANY(reports_of.periods) AND within_reach(a.path, reports_of.subtree)
    AND (o.added_at IS NULL OR o.added_at <= reports_of.as_of)
    AND (sent.last_id IS NOT NULL OR exists_on(a, p.data_to));
END;
"""


def upgrade() -> None:
    _execute_script(UP)


def downgrade() -> None:
    _execute_script(DOWN)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
