"""After a reorganisation: who is reminded, who sends what was owed, who reads old drafts."""

from collections.abc import Sequence

from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HEIRS = """
-- Whether a reorganisation, or several one after the other, merged an agency wholly into another
-- one. That agency's people then send what the first one still owes, and read its drafts.
CREATE FUNCTION is_heir(heir bigint, of_agency bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        WITH RECURSIVE line AS (
            SELECT successor_id FROM agency_succession
            WHERE predecessor_id = of_agency AND whole AND reorganisation_id IS NOT NULL
            UNION
            SELECT s.successor_id FROM line
            JOIN agency_succession s ON s.predecessor_id = line.successor_id
            WHERE s.whole AND s.reorganisation_id IS NOT NULL
        )
        SELECT FROM line WHERE successor_id = heir
    );
END;
$$;

-- The same as pairs, for statements that join many agencies.
CREATE VIEW heir AS
WITH RECURSIVE line (agency_id, heir_id) AS (
    SELECT predecessor_id, successor_id FROM agency_succession
    WHERE whole AND reorganisation_id IS NOT NULL
    UNION
    SELECT line.agency_id, s.successor_id FROM line
    JOIN agency_succession s ON s.predecessor_id = line.heir_id
    WHERE s.whole AND s.reorganisation_id IS NOT NULL
)
SELECT agency_id, heir_id FROM line;
"""

RECIPIENTS = """
-- The active accounts of each audience. `agency_id` is the reporting agency for reporters and
-- heads, and the government for coordinators and leadership. The people of its heir stand for an
-- agency that was merged, those of the managing government for one whose plans were taken over.
CREATE OR REPLACE VIEW recipient AS
WITH own AS NOT MATERIALIZED (
    SELECT 'reporter' AS audience, agency_id, id AS account_id
    FROM account WHERE role = 'reporter' AND active
    UNION ALL
    SELECT viewing.audience, agency_id, id
    FROM account CROSS JOIN (VALUES ('head'), ('leadership')) AS viewing (audience)
    WHERE role = 'viewer' AND active
    UNION ALL
    SELECT 'coordinator', area.area_id, account.id
    FROM account JOIN agency_area area ON area.agency_id = account.agency_id
    WHERE account.role = 'coordinator' AND account.active
)
SELECT audience, agency_id, account_id FROM own
WHERE NOT EXISTS (
    SELECT FROM heir WHERE heir.agency_id = own.agency_id AND own.audience IN ('reporter', 'head')
) AND NOT EXISTS (
    SELECT FROM agency ended WHERE ended.id = own.agency_id AND ended.taken_over_by_id IS NOT NULL
    AND own.audience IN ('coordinator', 'leadership')
)
UNION ALL
SELECT own.audience, heir.agency_id, own.account_id
FROM own JOIN heir ON heir.heir_id = own.agency_id WHERE own.audience IN ('reporter', 'head')
UNION ALL
SELECT own.audience, ended.id, own.account_id
FROM own JOIN agency ended ON ended.taken_over_by_id = own.agency_id
WHERE own.audience IN ('coordinator', 'leadership');

CREATE OR REPLACE FUNCTION has_reporter(of_agency bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM recipient WHERE agency_id = of_agency AND audience = 'reporter'
    );
END;
$$;
"""
EARLIER_RECIPIENTS = """
CREATE OR REPLACE FUNCTION has_reporter(of_agency bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM account
        WHERE account.agency_id = of_agency AND account.role = 'reporter' AND account.active
    );
END;
$$;

CREATE OR REPLACE VIEW recipient AS
SELECT 'reporter' AS audience, agency_id, id AS account_id
FROM account WHERE role = 'reporter' AND active
UNION ALL
SELECT viewing.audience, agency_id, id
FROM account CROSS JOIN (VALUES ('head'), ('leadership')) AS viewing (audience)
WHERE role = 'viewer' AND active
UNION ALL
SELECT 'coordinator', area.area_id, account.id
FROM account JOIN agency_area area ON area.agency_id = account.agency_id
WHERE account.role = 'coordinator' AND account.active;
"""

DRAFTS = """
-- A draft that was not submitted is read by the agency whose report it is, by the agency that typed
-- it (the coordinating office that enters a paper report, or a system that writes by key), and by
-- the heir of the first one.
CREATE OR REPLACE FUNCTION may_read_draft(typed_by bigint, of_agency bigint, reader bigint)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(reader IN (of_agency, typed_by) OR is_heir(reader, of_agency), false);
"""
EARLIER_DRAFTS = """
CREATE OR REPLACE FUNCTION may_read_draft(typed_by bigint, of_agency bigint, reader bigint)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(reader IN (of_agency, typed_by), false);
"""

# The columns are those of `owed_obligation`, in the same order: a row of one can be cast.
OBLIGATIONS = """
-- Every obligation, also one that moved to successors and is not owed any more.
CREATE VIEW any_obligation AS
SELECT o.id, o.period_id, o.agency_id, o.due_date, o.late_from, o.first_submitted_at,
    o.exempted_at,
    p.plan_id, p.schedule_id, p.code AS period, p.year, p.frequency, p.ordinal, p.data_from,
    p.data_to, p.state AS period_state, p.due_date AS period_due_date,
    p.version AS period_version,
    plan.code AS plan, plan.title AS plan_title, plan.owner_id, plan.due_soon_days,
    a.code AS agency, a.name AS agency_name, a.kind AS agency_kind, a.path AS agency_path,
    exists_on(a, p.data_to) AS agency_existed,
    r.id AS report_id, coalesce(r.status, 'not_started') AS report_status,
    coalesce(r.version, 0) AS report_version, r.correction_due, o.reopened
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
LEFT JOIN report r ON r.obligation_id = o.id;

-- Whether the agency can send its report, or the correction of one, at an instant. What moved to
-- successors is sent by them.
CREATE OR REPLACE FUNCTION can_submit(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_open(o, at) AND (o).exempted_at IS NULL
    AND (o).report_status IN ('not_started', 'draft', 'returned')
    AND ((o).agency_existed OR (o).first_submitted_at IS NOT NULL);

-- The reports of predecessors for a period in which they ended, as the successor's report shows
-- them; a draft only to who may read it.
CREATE FUNCTION predecessor_reports_json(of_obligation bigint, reader bigint) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH RECURSIVE line (agency_id, period_id) AS (
            SELECT s.predecessor_id, o.period_id FROM obligation o
            JOIN agency_succession s ON s.successor_id = o.agency_id
            WHERE o.id = of_obligation AND s.reorganisation_id IS NOT NULL
            UNION
            SELECT s.predecessor_id, line.period_id FROM line
            JOIN agency_succession s ON s.successor_id = line.agency_id
            WHERE s.reorganisation_id IS NOT NULL
        )
        SELECT coalesce(json_agg(json_build_object(
            'agency', a.code, 'agency_name', a.name, 'report_status', r.status,
            'first_submitted_at', o.first_submitted_at,
            'draft', CASE WHEN may_read_draft(r.draft_agency_id, a.id, reader) THEN r.draft END,
            'draft_saved_at', r.draft_saved_at,
            'last_revision', (SELECT revision_json(v) FROM revision v
                WHERE v.report_id = r.id AND v.number = r.last_revision)
        ) ORDER BY a.code, a.id), '[]')
        FROM line
        JOIN agency a ON a.id = line.agency_id
        JOIN obligation o ON o.agency_id = a.id AND o.period_id = line.period_id
        JOIN report r ON r.obligation_id = o.id
        WHERE o.moved_at IS NOT NULL
    );
END;
$$;
"""
EARLIER_OBLIGATIONS = """
DROP FUNCTION predecessor_reports_json(bigint, bigint);
CREATE OR REPLACE FUNCTION can_submit(o owed_obligation, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_open(o, at) AND (o).exempted_at IS NULL
    AND (o).report_status IN ('not_started', 'draft', 'returned');
DROP VIEW any_obligation;
"""


ENDS = """
ALTER TABLE agency ADD COLUMN ended_by_id bigint;
ALTER TABLE agency ADD CONSTRAINT agency_ended_by_id_fkey
    FOREIGN KEY (ended_by_id) REFERENCES reorganisation (id);
"""


def upgrade() -> None:
    for script in (ENDS, HEIRS, RECIPIENTS, DRAFTS, OBLIGATIONS):
        _execute_script(script)


def downgrade() -> None:
    drop_heirs = "DROP VIEW heir; DROP FUNCTION is_heir(bigint, bigint);"
    drop_ends = "ALTER TABLE agency DROP COLUMN ended_by_id;"
    earlier = (EARLIER_OBLIGATIONS, EARLIER_DRAFTS, EARLIER_RECIPIENTS)
    for script in (*earlier, drop_heirs, drop_ends):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
