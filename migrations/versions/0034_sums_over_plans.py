"""Sums over several plans: when periods were made, changes under way, breakdowns, coverage.

`record_event` shows the instants of changes that are under way, and refuses a change whose
statement began too long ago, so that an old enough instant is settled in every plan (decision 31).
The ledger of no plan keeps in `figures_at` the last change of what aggregates show of agencies and
definitions.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RECORD_EVENT = """
-- Append an event to the ledger of a plan (null: of no plan), and lock that until the commit.
-- Returns the event's instant: `now`, or just after the ledger's last one. A draft that begins
-- changes no aggregate, so it leaves `figures_at`; so do, in the ledger of no plan, changes of
-- accounts and settings.
--
-- Until the commit, readers see in `pg_locks` that an event may come at `now` or later: a shared
-- advisory lock has the instant, in microseconds, as its key. A statement that took long to get
-- there is refused: its instant could lie before one that a reader took to be settled.
CREATE OR REPLACE FUNCTION record_event(of_plan bigint, now timestamptz, actor text, action text,
    subject text, agency_id bigint, origin text, before jsonb, after jsonb) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    entry ledger;
BEGIN
    PERFORM pg_advisory_xact_lock_shared((extract(epoch FROM now) * 1000000)::bigint);
    IF clock_timestamp() > statement_timestamp() + interval '5 seconds' THEN
        RAISE lock_not_available USING MESSAGE = 'the change waited too long to be recorded';
    END IF;
    UPDATE ledger SET
        last_at = greatest(now, last_at + interval '1 microsecond'),
        last_hash = event_hash(last_hash, greatest(now, last_at + interval '1 microsecond'),
            actor, action, subject, agency_id, origin, before, after),
        figures_at = CASE
            WHEN action = 'report.draft_saved'
                OR of_plan IS NULL AND action !~ '^(agency|programme|reorganisation)\\.'
            THEN figures_at ELSE greatest(now, last_at + interval '1 microsecond') END
    WHERE ledger.plan_id = of_plan OR (of_plan IS NULL AND ledger.plan_id IS NULL)
    RETURNING * INTO STRICT entry;
    INSERT INTO audit_event
        (ledger_id, at, actor, action, subject, agency_id, origin, before, after, hash)
    VALUES (entry.id, entry.last_at, actor, action, subject, agency_id, origin, before, after,
        entry.last_hash);
    RETURN entry.last_at;
END;
$$;
"""
EARLIER_RECORD_EVENT = """
CREATE OR REPLACE FUNCTION record_event(of_plan bigint, now timestamptz, actor text, action text,
    subject text, agency_id bigint, origin text, before jsonb, after jsonb) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    entry ledger;
BEGIN
    UPDATE ledger SET
        last_at = greatest(now, last_at + interval '1 microsecond'),
        last_hash = event_hash(last_hash, greatest(now, last_at + interval '1 microsecond'),
            actor, action, subject, agency_id, origin, before, after),
        figures_at = CASE WHEN action = 'report.draft_saved' THEN figures_at
            ELSE greatest(now, last_at + interval '1 microsecond') END
    WHERE ledger.plan_id = of_plan OR (of_plan IS NULL AND ledger.plan_id IS NULL)
    RETURNING * INTO STRICT entry;
    INSERT INTO audit_event
        (ledger_id, at, actor, action, subject, agency_id, origin, before, after, hash)
    VALUES (entry.id, entry.last_at, actor, action, subject, agency_id, origin, before, after,
        entry.last_hash);
    RETURN entry.last_at;
END;
$$;
"""

BREAKDOWN = """
-- The group of each agency of a subtree in a breakdown: the next government below the root (the
-- root itself for what lies outside of one), the agency itself, or its kind. `root` is a path.
CREATE FUNCTION breakdown(root text, by text)
RETURNS TABLE (agency_id bigint, group_id bigint, group_code text, group_name text)
LANGUAGE plpgsql STABLE ROWS 50 AS $$
BEGIN
    IF by = 'government' THEN
        RETURN QUERY
        SELECT a.id, g.id, g.code, g.name
        FROM agency a CROSS JOIN LATERAL (
            SELECT above.id, above.code, above.name FROM agency AS above
            WHERE above.id = ANY(agency_ids(a.path)) AND within_reach(above.path, root || '%')
            AND (tier(above.kind) IS NOT NULL OR above.path = root)
            ORDER BY above.path = root, length(above.path) LIMIT 1
        ) AS g
        WHERE within_reach(a.path, root || '%');
    ELSE
        RETURN QUERY
        SELECT a.id, CASE WHEN by = 'agency' THEN a.id END,
            CASE by WHEN 'agency' THEN a.code WHEN 'kind' THEN a.kind END,
            CASE WHEN by = 'agency' THEN a.name END
        FROM agency a WHERE within_reach(a.path, root || '%');
    END IF;
END;
$$;

-- The coverage of an aggregate over several plans: as `coverage`, but names at most so many of the
-- missing, and counts all of them. An agency that reports to two plans counts for each.
CREATE FUNCTION coverage_up_to(reports report_as_of[], most int) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH report AS MATERIALIZED (
            SELECT r.*, CASE WHEN NOT submitted AND NOT exempt THEN row_number() OVER (
                PARTITION BY submitted OR exempt ORDER BY agency, obligation_id) END AS missing
            FROM unnest(reports) AS r
        )
        SELECT json_build_object(
            'expected', count(*) FILTER (WHERE NOT exempt),
            'submitted', count(*) FILTER (WHERE submitted),
            'accepted', count(*) FILTER (WHERE accepted_id IS NOT NULL),
            'on_time', count(*) FILTER (WHERE received_at < late_from),
            'late', count(*) FILTER (WHERE received_at >= late_from),
            'exempt', count(*) FILTER (WHERE exempt),
            'missing', coalesce(json_agg(agency ORDER BY missing)
                FILTER (WHERE missing <= most), '[]'),
            'missing_agencies', coalesce(json_agg(
                json_build_object('agency', agency, 'agency_name', agency_name) ORDER BY missing)
                FILTER (WHERE missing <= most), '[]'),
            'missing_count', count(missing)
        ) FROM report
    );
END;
$$;

-- The codes of the governments next below an agency that neither own one of the plans nor report
-- for one of their periods, nor does an agency below them.
CREATE FUNCTION governments_without_plan(root agency, periods bigint[], day date) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- The place of the next agency in the paths below the root.
    place int := cardinality(agency_ids((root).path)) + 1;
BEGIN
    RETURN (
        SELECT coalesce(json_agg(government.code ORDER BY government.code), '[]')
        FROM agency AS government
        WHERE government.parent_id = (root).id AND tier(government.kind) IS NOT NULL
        AND exists_on(government, day)
        AND government.id NOT IN (
            SELECT (agency_ids(a.path))[place] FROM obligation o
            JOIN agency a ON a.id = o.agency_id
            WHERE o.period_id = ANY(periods) AND (agency_ids(a.path))[place] IS NOT NULL
            UNION ALL
            SELECT (agency_ids(a.path))[place] FROM reporting_period p
            JOIN plan ON plan.id = p.plan_id JOIN agency a ON a.id = plan.owner_id
            WHERE p.id = ANY(periods) AND (agency_ids(a.path))[place] IS NOT NULL
        )
    );
END;
$$;
"""


def upgrade() -> None:
    # Null: from before this was recorded.
    op.add_column("reporting_period", sa.Column("generated_at", sa.DateTime(timezone=True)))
    op.create_index("reporting_period_code_idx", "reporting_period", ["code"])
    op.execute(RECORD_EVENT)
    _execute_script(BREAKDOWN)


def downgrade() -> None:
    op.execute("DROP FUNCTION governments_without_plan(agency, bigint[], date)")
    op.execute("DROP FUNCTION coverage_up_to(report_as_of[], int)")
    op.execute("DROP FUNCTION breakdown(text, text)")
    op.execute(EARLIER_RECORD_EVENT)
    op.drop_index("reporting_period_code_idx", "reporting_period")
    op.drop_column("reporting_period", "generated_at")


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
