"""Drop the functions of the targets of one plan: statements read all plans at once."""

from collections.abc import Sequence

from alembic import op

revision: str = "0047"
down_revision: str | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TARGETS = """
-- The targets of a period's plan, the values in force at an instant, and the formulas of the
-- period's indicators. Without `by_agency` the value is the plan's where the subtree (a LIKE
-- pattern over paths) contains the plan's owner, else that of the subtree's root.
CREATE FUNCTION plan_targets(of_period bigint, target_subtree text, as_of timestamptz,
    by_agency boolean) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
    WITH in_force AS (
        SELECT DISTINCT ON (v.target_id, v.agency_id) v.target_id, v.agency_id, v.value, v.baseline
        FROM reporting_period p
        JOIN target t ON t.plan_id = p.plan_id
        JOIN target_value v ON v.target_id = t.id
        WHERE p.id = of_period AND v.recorded_at <= as_of
        ORDER BY v.target_id, v.agency_id, v.number DESC
    )
    SELECT json_build_object(
        'targets', (
            SELECT coalesce(json_agg(json_build_object(
                'code', t.code, 'name', t.name, 'unit', t.unit, 'measure', t.measure,
                'project', j.code, 'indicator', i.code, 'decimals', coalesce(i.decimals, 0),
                'maximum', adopted.maximum::text,
                'reported', coalesce(p.frequency = ANY(adopted.frequencies), false)
            ) ORDER BY t.position, t.id), '[]')
            FROM reporting_period p
            JOIN target t ON t.plan_id = p.plan_id
            LEFT JOIN project j ON j.id = t.project_id
            LEFT JOIN indicator i ON i.id = t.indicator_id
            LEFT JOIN plan_indicator adopted
                ON adopted.plan_id = p.plan_id AND adopted.indicator_id = i.id
            WHERE p.id = of_period),
        'values', (
            SELECT coalesce(json_agg(json_build_array(
                CASE WHEN by_agency THEN a.code END, t.code, v.value::text,
                v.baseline::text)), '[]')
            FROM in_force v
            JOIN target t ON t.id = v.target_id
            JOIN plan ON plan.id = t.plan_id
            JOIN agency owner ON owner.id = plan.owner_id
            LEFT JOIN agency a ON a.id = v.agency_id
            WHERE CASE
                WHEN by_agency
                    THEN a.id IS NOT NULL AND within_reach(a.path, target_subtree)
                WHEN within_reach(owner.path, target_subtree) THEN a.id IS NULL
                ELSE a.path || '%' = target_subtree
            END),
        'formulas', (
            SELECT coalesce(json_object_agg(i.code, i.formula), '{}')
            FROM reporting_period p
            JOIN plan_indicator adopted
                ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
            JOIN indicator i ON i.id = adopted.indicator_id
            WHERE p.id = of_period AND i.formula IS NOT NULL)
    )
    );
END;
$$;
"""
FIGURES = """
-- The figures of some indicators in a period of a plan: their sums, the agencies that gave one and
-- those that have to; for the whole subtree, or by agency.
CREATE FUNCTION target_figures(of_period bigint, target_subtree text, as_of timestamptz, basis text,
    codes text[], by_agency boolean) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
    WITH report AS MATERIALIZED (
        SELECT * FROM reports_as_of(of_period, target_subtree, as_of)
    ), chosen AS (
        SELECT CASE WHEN by_agency THEN agency END AS agency, obligation_id, exempt,
            CASE basis WHEN 'accepted' THEN accepted_id ELSE last_id END AS revision_id
        FROM report
    ), needed AS (
        SELECT i.id, i.code
        FROM reporting_period p
        JOIN plan_indicator adopted ON adopted.plan_id = p.plan_id
        JOIN indicator i ON i.id = adopted.indicator_id
        WHERE p.id = of_period AND i.code = ANY(codes)
    ), figure AS (
        SELECT agency, needed.code, sum(e.value) AS value, count(*) AS agencies,
            0::bigint AS expected
        FROM chosen
        JOIN revision_entry e ON e.revision_id = chosen.revision_id
        JOIN needed ON needed.id = e.indicator_id
        GROUP BY 1, 2
        UNION ALL
        SELECT agency, needed.code, NULL, 0, count(*)
        FROM chosen
        JOIN expected_figure f ON f.obligation_id = chosen.obligation_id
        JOIN needed ON needed.id = f.indicator_id
        WHERE NOT chosen.exempt AND f.required
        GROUP BY 1, 2
    )
    SELECT json_build_object(
        'agencies', (SELECT coalesce(json_agg(json_build_array(agency, agency_name)
            ORDER BY agency), '[]') FROM report),
        'figures', (
            SELECT coalesce(json_agg(
                json_build_array(agency, code, value, agencies, expected)), '[]')
            FROM (
                SELECT agency, code, sum(value)::text AS value, sum(agencies) AS agencies,
                    sum(expected) AS expected
                FROM figure GROUP BY 1, 2
            ) AS summed)
    )
    );
END;
$$;
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION target_figures(bigint, text, timestamptz, text, text[], boolean)")
    op.execute("DROP FUNCTION plan_targets(bigint, text, timestamptz, boolean)")


def downgrade() -> None:
    op.execute(TARGETS)
    op.execute(FIGURES)
