"""Figures and money that are shown beside the sums and compared with them, never summed."""

from collections.abc import Sequence

from alembic import op

revision: str = "0052"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What was sent keeps whether it is summed. Few rows are compared, so partial indexes find them.
COLUMNS = """
ALTER TABLE plan_indicator ADD compared_by text[] NOT NULL DEFAULT '{}';
ALTER TABLE schedule_reporter ADD money_only boolean NOT NULL DEFAULT false;
ALTER TABLE revision_entry ADD compared boolean NOT NULL DEFAULT false;
ALTER TABLE revision_disbursement ADD compared boolean NOT NULL DEFAULT false;
CREATE INDEX plan_indicator_compared_idx ON plan_indicator (plan_id) WHERE compared_by <> '{}';
CREATE INDEX revision_entry_compared_idx ON revision_entry (revision_id) WHERE compared;
CREATE INDEX revision_disbursement_compared_idx
    ON revision_disbursement (revision_id) WHERE compared;
"""

FIGURES = """
-- The figures that each agency may give in each of its periods: one of the indicator's selectors
-- names the agency, and it has a part in the project. A lead agency has to give them. Figures of
-- agencies in `compared_by` are compared with those of others. Who reports only money gives none.
CREATE OR REPLACE VIEW expected_figure AS
SELECT o.id AS obligation_id, i.id AS indicator_id, i.code AS indicator, j.code AS project,
    i.name, i.unit, i.kind, i.decimals, adopted.maximum, i.note, adopted.position,
    (i.project_id IS NULL OR s.role = 'lead') AS required,
    a.code = ANY(adopted.compared_by) AS compared
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN plan_indicator adopted
    ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
JOIN indicator i ON i.id = adopted.indicator_id
LEFT JOIN project j ON j.id = i.project_id
LEFT JOIN assignment s ON s.plan_id = p.plan_id AND s.project_id = i.project_id
    AND s.agency_id = a.id
LEFT JOIN schedule_reporter reporter ON reporter.schedule_id = p.schedule_id
    AND reporter.agency_id = a.id
WHERE (i.project_id IS NULL OR s.role IS NOT NULL)
AND reporter.money_only IS NOT TRUE
AND (
    ('communes' = ANY(adopted.filled_by) AND coalesce(tier(a.kind) = 3, false))
    OR ('leads' = ANY(adopted.filled_by) AND NOT coalesce(tier(a.kind) = 3, false)
        AND s.role = 'lead')
    OR a.code = ANY(adopted.filled_by)
    OR a.code = ANY(adopted.compared_by)
);

-- Which of some obligations are of agencies whose figures are never summed, so that sums of figures
-- lack nothing without them: each figure is compared, or the agency reports only money. The money
-- of the latter is not summed either.
CREATE FUNCTION only_compared(obligations bigint[])
RETURNS TABLE (obligation_id bigint, money_only boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT o.id, coalesce(reporter.money_only, false)
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN schedule_reporter reporter ON reporter.schedule_id = p.schedule_id
        AND reporter.agency_id = a.id
    WHERE o.id = ANY(only_compared.obligations)
    AND (reporter.money_only OR EXISTS (
        SELECT FROM plan_indicator adopted WHERE adopted.plan_id = p.plan_id
        AND adopted.compared_by <> '{}' AND a.code = ANY(adopted.compared_by)
    ) AND (
        SELECT bool_and(e.compared) FROM expected_figure e WHERE e.obligation_id = o.id
    ));
END;
"""

EXPECTATIONS = """
-- What a body of an obligation's report is validated against:
-- figures: the figures that it may give; money_only: whether it may give none; projects: ids of the
-- projects whose money it may report: those that the agency has a part in, all for money_only;
-- known_…: all codes of the plan; allocated: the plan's money in VND, by nature; spent_before: what
-- the agency had reported as spent in the year's periods that closed earlier; quarters: the sums of
-- a flow over the quarters that make up a longer period, where all of them were sent.
CREATE OR REPLACE FUNCTION expectations_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH owed AS MATERIALIZED (
            SELECT o.id, o.agency_id, p.id AS period_id, p.plan_id, p.frequency, p.ordinal,
                p.year, p.data_to, coalesce(reporter.money_only, false) AS money_only
            FROM obligation o
            JOIN reporting_period p ON p.id = o.period_id
            LEFT JOIN schedule_reporter reporter
                ON (reporter.schedule_id, reporter.agency_id) = (p.schedule_id, o.agency_id)
            WHERE o.id = of_obligation
        ), earlier AS MATERIALIZED (
            SELECT DISTINCT ON (p.id) p.frequency, p.data_to, v.id AS revision_id
            FROM owed
            JOIN reporting_period p ON p.plan_id = owed.plan_id AND p.year = owed.year
                AND p.id <> owed.period_id AND p.data_to <= owed.data_to
            JOIN obligation o ON o.period_id = p.id AND o.agency_id = owed.agency_id
            JOIN report r ON r.obligation_id = o.id
            JOIN revision v ON v.report_id = r.id
            ORDER BY p.id, v.number DESC
        ), quarters AS (
            SELECT revision_id, count(*) OVER () AS sent FROM earlier WHERE frequency = 'quarter'
        )
        SELECT json_build_object(
            'figures', (
                SELECT coalesce(json_agg(json_build_object(
                    'indicator_id', e.indicator_id, 'indicator', e.indicator,
                    'project', e.project, 'name', e.name, 'kind', e.kind, 'unit', e.unit,
                    'decimals', e.decimals, 'maximum', e.maximum::text, 'required', e.required,
                    'compared', e.compared, 'note', e.note
                ) ORDER BY e.position), '[]')
                FROM expected_figure e WHERE e.obligation_id = owed.id),
            'projects', (
                SELECT coalesce(json_object_agg(j.code, j.id), '{}')
                FROM plan_project adopted JOIN project j ON j.id = adopted.project_id
                WHERE adopted.plan_id = owed.plan_id AND (owed.money_only OR EXISTS (
                    SELECT FROM assignment s
                    WHERE (s.plan_id, s.project_id, s.agency_id)
                        = (owed.plan_id, j.id, owed.agency_id)
                ))),
            'money_only', owed.money_only,
            'known_indicators', (
                SELECT coalesce(json_agg(i.code), '[]')
                FROM plan_indicator adopted JOIN indicator i ON i.id = adopted.indicator_id
                WHERE adopted.plan_id = owed.plan_id),
            'known_projects', (
                SELECT coalesce(json_agg(j.code), '[]')
                FROM plan_project adopted JOIN project j ON j.id = adopted.project_id
                WHERE adopted.plan_id = owed.plan_id),
            'allocated', (
                SELECT coalesce(
                    json_agg(json_build_array(code, source, origin, nature, total)), '[]')
                FROM (
                    SELECT j.code, b.source, b.origin, b.nature, sum(b.amount_vnd) AS total
                    FROM budget_line b JOIN project j ON j.id = b.project_id
                    WHERE b.plan_id = owed.plan_id GROUP BY 1, 2, 3, 4
                ) AS money),
            'spent_before', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, most)), '[]')
                FROM (
                    SELECT code, source, origin, max(spent) AS most
                    FROM (
                        SELECT j.code, d.source, d.origin, sum(d.amount_vnd) AS spent
                        FROM earlier
                        JOIN revision_disbursement d ON d.revision_id = earlier.revision_id
                        JOIN project j ON j.id = d.project_id
                        WHERE earlier.data_to < owed.data_to
                        GROUP BY earlier.revision_id, j.code, d.source, d.origin
                    ) AS sent
                    GROUP BY 1, 2, 3
                ) AS money),
            'quarters', (
                SELECT coalesce(json_agg(json_build_array(code, total::text)), '[]')
                FROM (
                    SELECT i.code, sum(e.value) AS total
                    FROM quarters q JOIN revision_entry e ON e.revision_id = q.revision_id
                    JOIN indicator i ON i.id = e.indicator_id
                    JOIN plan_indicator adopted ON adopted.indicator_id = i.id
                        AND adopted.plan_id = owed.plan_id
                    WHERE i.kind = 'flow' AND 'quarter' = ANY(adopted.frequencies)
                    AND owed.frequency <> 'quarter'
                    AND q.sent
                        = CASE owed.frequency WHEN 'half_year' THEN 2 * owed.ordinal ELSE 4 END
                    GROUP BY 1
                ) AS flow)
        )
        FROM owed
    );
END;
$$;
"""

EXPECTED = """
-- The figures that an obligation expects, in the plan's order.
CREATE OR REPLACE FUNCTION expected_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'project', e.project, 'project_name', j.name, 'indicator', e.indicator,
            'name', e.name, 'unit', e.unit, 'kind', e.kind, 'decimals', e.decimals,
            'maximum', trim_scale(e.maximum), 'required', e.required,
            'compared', e.compared, 'note', e.note
        ) ORDER BY e.position), '[]')
        FROM expected_figure e
        JOIN indicator i ON i.id = e.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        WHERE e.obligation_id = of_obligation
    );
END;
$$;
"""

UNDO_COLUMNS = """
DROP FUNCTION only_compared(bigint[]);
DROP VIEW expected_figure;
CREATE VIEW expected_figure AS
SELECT o.id AS obligation_id, i.id AS indicator_id, i.code AS indicator, j.code AS project,
    i.name, i.unit, i.kind, i.decimals, adopted.maximum, i.note, adopted.position,
    (i.project_id IS NULL OR s.role = 'lead') AS required
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN plan_indicator adopted
    ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
JOIN indicator i ON i.id = adopted.indicator_id
LEFT JOIN project j ON j.id = i.project_id
LEFT JOIN assignment s ON s.plan_id = p.plan_id AND s.project_id = i.project_id
    AND s.agency_id = a.id
WHERE (i.project_id IS NULL OR s.role IS NOT NULL)
AND (
    ('communes' = ANY(adopted.filled_by) AND coalesce(tier(a.kind) = 3, false))
    OR ('leads' = ANY(adopted.filled_by) AND NOT coalesce(tier(a.kind) = 3, false)
        AND s.role = 'lead')
    OR a.code = ANY(adopted.filled_by)
);
DROP INDEX revision_disbursement_compared_idx;
DROP INDEX plan_indicator_compared_idx;
DROP INDEX revision_entry_compared_idx;
ALTER TABLE revision_disbursement DROP compared;
ALTER TABLE revision_entry DROP compared;
ALTER TABLE schedule_reporter DROP money_only;
ALTER TABLE plan_indicator DROP compared_by;
"""

EARLIER_SQL = """
CREATE OR REPLACE FUNCTION expected_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
            'project', e.project, 'project_name', j.name, 'indicator', e.indicator,
            'name', e.name, 'unit', e.unit, 'kind', e.kind, 'decimals', e.decimals,
            'maximum', trim_scale(e.maximum), 'required', e.required, 'note', e.note
        ) ORDER BY e.position), '[]')
        FROM expected_figure e
        JOIN indicator i ON i.id = e.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        WHERE e.obligation_id = of_obligation
    );
END;
$$;
CREATE OR REPLACE FUNCTION expectations_json(of_obligation bigint) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH owed AS MATERIALIZED (
            SELECT o.id, o.agency_id, p.id AS period_id, p.plan_id, p.frequency, p.ordinal,
                p.year, p.data_to
            FROM obligation o JOIN reporting_period p ON p.id = o.period_id
            WHERE o.id = of_obligation
        ), earlier AS MATERIALIZED (
            SELECT DISTINCT ON (p.id) p.frequency, p.data_to, v.id AS revision_id
            FROM owed
            JOIN reporting_period p ON p.plan_id = owed.plan_id AND p.year = owed.year
                AND p.id <> owed.period_id AND p.data_to <= owed.data_to
            JOIN obligation o ON o.period_id = p.id AND o.agency_id = owed.agency_id
            JOIN report r ON r.obligation_id = o.id
            JOIN revision v ON v.report_id = r.id
            ORDER BY p.id, v.number DESC
        ), quarters AS (
            SELECT revision_id, count(*) OVER () AS sent FROM earlier WHERE frequency = 'quarter'
        )
        SELECT json_build_object(
            'figures', (
                SELECT coalesce(json_agg(json_build_object(
                    'indicator_id', e.indicator_id, 'indicator', e.indicator,
                    'project', e.project, 'name', e.name, 'kind', e.kind, 'unit', e.unit,
                    'decimals', e.decimals, 'maximum', e.maximum::text, 'required', e.required,
                    'note', e.note
                ) ORDER BY e.position), '[]')
                FROM expected_figure e WHERE e.obligation_id = owed.id),
            'projects', (
                SELECT coalesce(json_object_agg(j.code, j.id), '{}')
                FROM assignment s JOIN project j ON j.id = s.project_id
                WHERE s.agency_id = owed.agency_id AND s.plan_id = owed.plan_id),
            'known_indicators', (
                SELECT coalesce(json_agg(i.code), '[]')
                FROM plan_indicator adopted JOIN indicator i ON i.id = adopted.indicator_id
                WHERE adopted.plan_id = owed.plan_id),
            'known_projects', (
                SELECT coalesce(json_agg(j.code), '[]')
                FROM plan_project adopted JOIN project j ON j.id = adopted.project_id
                WHERE adopted.plan_id = owed.plan_id),
            'allocated', (
                SELECT coalesce(
                    json_agg(json_build_array(code, source, origin, nature, total)), '[]')
                FROM (
                    SELECT j.code, b.source, b.origin, b.nature, sum(b.amount_vnd) AS total
                    FROM budget_line b JOIN project j ON j.id = b.project_id
                    WHERE b.plan_id = owed.plan_id GROUP BY 1, 2, 3, 4
                ) AS money),
            'spent_before', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, most)), '[]')
                FROM (
                    SELECT code, source, origin, max(spent) AS most
                    FROM (
                        SELECT j.code, d.source, d.origin, sum(d.amount_vnd) AS spent
                        FROM earlier
                        JOIN revision_disbursement d ON d.revision_id = earlier.revision_id
                        JOIN project j ON j.id = d.project_id
                        WHERE earlier.data_to < owed.data_to
                        GROUP BY earlier.revision_id, j.code, d.source, d.origin
                    ) AS sent
                    GROUP BY 1, 2, 3
                ) AS money),
            'quarters', (
                SELECT coalesce(json_agg(json_build_array(code, total::text)), '[]')
                FROM (
                    SELECT i.code, sum(e.value) AS total
                    FROM quarters q JOIN revision_entry e ON e.revision_id = q.revision_id
                    JOIN indicator i ON i.id = e.indicator_id
                    JOIN plan_indicator adopted ON adopted.indicator_id = i.id
                        AND adopted.plan_id = owed.plan_id
                    WHERE i.kind = 'flow' AND 'quarter' = ANY(adopted.frequencies)
                    AND owed.frequency <> 'quarter'
                    AND q.sent
                        = CASE owed.frequency WHEN 'half_year' THEN 2 * owed.ordinal ELSE 4 END
                    GROUP BY 1
                ) AS flow)
        )
        FROM owed
    );
END;
$$;
"""


def upgrade() -> None:
    for script in (COLUMNS, FIGURES, EXPECTATIONS, EXPECTED):
        _execute_script(script)


def downgrade() -> None:
    for script in (EARLIER_SQL, UNDO_COLUMNS):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
