"""Read the reports of many periods at once, and group agencies without a search for each."""

from collections.abc import Sequence

from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UP = """
DROP FUNCTION regrouped_reports(bigint, text, timestamptz, bigint[], bigint[]);
DROP FUNCTION breakdown(text, text);
DROP FUNCTION governments_without_plan(agency, bigint[], date);

-- As `reports_as_of`, of several periods. That function, joined laterally to a list of periods, is
-- evaluated for the reports of all periods before the join.
CREATE FUNCTION reports_of(periods bigint[], subtree text, as_of timestamptz)
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

-- As `reports_of`, but each report counts for the agency into which its own was merged: `became`
-- by `moved`, two arrays of ids. Code and name stay those under which it was sent. Null arrays: no
-- regrouping.
CREATE FUNCTION regrouped_reports(periods bigint[], subtree text, as_of timestamptz,
    moved bigint[], became bigint[]) RETURNS SETOF report_as_of
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT r.obligation_id, coalesce(m.became_id, r.agency_id), r.agency, r.agency_name,
        r.received_at, r.submitted, r.exempt, r.due_date, r.late_from, r.accepted_id, r.last_id
    FROM reports_of(regrouped_reports.periods,
        CASE WHEN regrouped_reports.moved IS NULL THEN regrouped_reports.subtree ELSE '%' END,
        regrouped_reports.as_of) AS r
    LEFT JOIN unnest(regrouped_reports.moved, regrouped_reports.became)
        AS m (agency_id, became_id) ON m.agency_id = r.agency_id
    WHERE regrouped_reports.moved IS NULL OR EXISTS (
        SELECT FROM agency a WHERE a.id = coalesce(m.became_id, r.agency_id)
        AND within_reach(a.path, regrouped_reports.subtree)
    );
END;

-- The group of each agency of a subtree in a breakdown: the government next below the root (the
-- root itself for what lies outside of one), the agency itself, or its kind. `root` is a path.
CREATE FUNCTION breakdown(root text, by text)
RETURNS TABLE (agency_id bigint, group_id bigint, group_code text, group_name text)
LANGUAGE plpgsql STABLE ROWS 1000 AS $$
DECLARE
    -- The part of a path in which the agency next below the root stands; part 1 is empty.
    place int := cardinality(agency_ids(root)) + 2;
BEGIN
    IF by = 'government' THEN
        RETURN QUERY
        SELECT a.id, g.id, g.code, g.name
        FROM agency a
        JOIN agency top ON top.path = root
        LEFT JOIN agency below ON below.id = nullif(split_part(a.path, '/', place), '')::bigint
            AND tier(below.kind) IS NOT NULL
        JOIN agency g ON g.id = coalesce(below.id, top.id)
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

-- The codes of the governments next below an agency that neither own one of the plans nor report
-- for one of their periods, nor does an agency below them.
CREATE FUNCTION governments_without_plan(root agency, periods bigint[], day date) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- As in `breakdown`.
    place int := cardinality(agency_ids((root).path)) + 2;
BEGIN
    RETURN (
        WITH without_own AS MATERIALIZED (
            SELECT government.* FROM agency AS government
            WHERE government.parent_id = (root).id AND tier(government.kind) IS NOT NULL
            AND exists_on(government, day)
            AND government.id NOT IN (
                SELECT split_part(a.path, '/', place)::bigint
                FROM reporting_period p
                JOIN plan ON plan.id = p.plan_id JOIN agency a ON a.id = plan.owner_id
                WHERE p.id = ANY(periods) AND split_part(a.path, '/', place) <> ''
            )
        )
        SELECT coalesce(json_agg(code ORDER BY code), '[]') FROM without_own
        WHERE NOT EXISTS (
            SELECT FROM obligation o JOIN agency a ON a.id = o.agency_id
            WHERE o.period_id = ANY(periods) AND within_reach(a.path, without_own.path || '%')
        )
    );
END;
$$;
"""
DOWN = """
DROP FUNCTION governments_without_plan(agency, bigint[], date);
DROP FUNCTION breakdown(text, text);
DROP FUNCTION regrouped_reports(bigint[], text, timestamptz, bigint[], bigint[]);
DROP FUNCTION reports_of(bigint[], text, timestamptz);
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
    _execute_script(UP)


def downgrade() -> None:
    _execute_script(DOWN)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
