"""Money has a nature, investment or recurrent: budget lines, their changes, disbursements."""

from collections.abc import Sequence

from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = """
ALTER TABLE budget_line
    ADD nature varchar(32)
    CONSTRAINT budget_line_budgetnature_check CHECK (nature IN ('investment', 'recurrent'));
DROP INDEX budget_line_once;
CREATE UNIQUE INDEX budget_line_once
    ON budget_line (plan_id, project_id, agency_id, source, origin, origin_years, nature)
    NULLS NOT DISTINCT;
ALTER TABLE budget_change
    ADD nature varchar(32)
    CONSTRAINT budget_change_budgetnature_check CHECK (nature IN ('investment', 'recurrent'));
ALTER TABLE revision_disbursement
    ADD nature varchar(32) CONSTRAINT revision_disbursement_budgetnature_check
        CHECK (nature IN ('investment', 'recurrent')),
    DROP CONSTRAINT revision_disbursement_pkey;
CREATE UNIQUE INDEX revision_disbursement_once
    ON revision_disbursement (revision_id, project_id, source, origin, nature)
    NULLS NOT DISTINCT;
"""

HISTORY = """
-- Write each change of a line's money, with the instant of the plan's ledger at the commit.
CREATE OR REPLACE FUNCTION record_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line budget_line;
    sign int;
BEGIN
    FOREACH sign IN ARRAY ARRAY[-1, 1] LOOP
        IF sign = -1 AND TG_OP = 'INSERT' OR sign = 1 AND TG_OP = 'DELETE' THEN
            CONTINUE;
        END IF;
        line := CASE sign WHEN -1 THEN OLD ELSE NEW END;
        INSERT INTO budget_change
            (plan_id, project_id, agency_id, source, origin, nature, change_vnd, recorded_at)
        SELECT line.plan_id, line.project_id, line.agency_id, line.source, line.origin,
            line.nature, sign * line.amount_vnd, ledger.last_at
        FROM ledger WHERE ledger.plan_id = line.plan_id;
    END LOOP;
    RETURN NULL;
END $$;
"""

EXPECTATIONS = """
-- What a body of an obligation's report is validated against:
-- figures: the figures that it may give; projects: ids of the projects that the agency has a part
-- in; known_…: every code of the plan; allocated: the plan's money in VND, by nature; spent_before:
-- what the agency had reported as spent in the year's periods that closed earlier; quarters: the
-- sums of a flow over the quarters that make up a longer period, where all of them were sent.
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

# Rows that differ only in their nature become one. The changes of lines keep their sums, so the
# trigger that writes them is disabled.
UNDO_COLUMNS = """
ALTER TABLE budget_line DISABLE TRIGGER budget_line_history;
WITH merged AS (
    SELECT min(id) AS id, array_agg(id) AS ids, sum(amount_vnd) AS amount_vnd
    FROM budget_line
    GROUP BY plan_id, project_id, agency_id, source, origin, origin_years
    HAVING count(*) > 1
), deleted AS (
    DELETE FROM budget_line b USING merged WHERE b.id = ANY(merged.ids) AND b.id <> merged.id
)
UPDATE budget_line b SET amount_vnd = merged.amount_vnd FROM merged WHERE b.id = merged.id;
ALTER TABLE budget_line ENABLE TRIGGER budget_line_history;
DROP INDEX budget_line_once;
ALTER TABLE budget_line DROP nature;
CREATE UNIQUE INDEX budget_line_once
    ON budget_line (plan_id, project_id, agency_id, source, origin, origin_years)
    NULLS NOT DISTINCT;
ALTER TABLE budget_change DROP nature;
CREATE TEMPORARY TABLE merged ON COMMIT DROP AS
SELECT revision_id, project_id, source, origin, sum(amount_vnd)::bigint AS amount_vnd,
    CASE WHEN count(estimate_year_end_vnd) > 0
        THEN sum(coalesce(estimate_year_end_vnd, amount_vnd)) END::bigint AS year_end_vnd,
    CASE WHEN count(estimate_settlement_vnd) > 0
        THEN sum(coalesce(estimate_settlement_vnd, estimate_year_end_vnd, amount_vnd))
    END::bigint AS settlement_vnd
FROM revision_disbursement GROUP BY 1, 2, 3, 4 HAVING count(*) > 1;
DELETE FROM revision_disbursement d USING merged m
WHERE (d.revision_id, d.project_id, d.source, d.origin)
    = (m.revision_id, m.project_id, m.source, m.origin);
INSERT INTO revision_disbursement (revision_id, project_id, source, origin, amount_vnd,
    estimate_year_end_vnd, estimate_settlement_vnd)
SELECT revision_id, project_id, source, origin, amount_vnd, year_end_vnd, settlement_vnd
FROM merged;
DROP INDEX revision_disbursement_once;
ALTER TABLE revision_disbursement
    DROP nature,
    ADD CONSTRAINT revision_disbursement_pkey
        PRIMARY KEY (revision_id, project_id, source, origin);
"""

EARLIER_SQL = """
CREATE OR REPLACE FUNCTION record_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line budget_line;
    sign int;
BEGIN
    FOREACH sign IN ARRAY ARRAY[-1, 1] LOOP
        IF sign = -1 AND TG_OP = 'INSERT' OR sign = 1 AND TG_OP = 'DELETE' THEN
            CONTINUE;
        END IF;
        line := CASE sign WHEN -1 THEN OLD ELSE NEW END;
        INSERT INTO budget_change
            (plan_id, project_id, agency_id, source, origin, change_vnd, recorded_at)
        SELECT line.plan_id, line.project_id, line.agency_id, line.source, line.origin,
            sign * line.amount_vnd, ledger.last_at
        FROM ledger WHERE ledger.plan_id = line.plan_id;
    END LOOP;
    RETURN NULL;
END $$;

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
                SELECT coalesce(json_agg(json_build_array(code, source, origin, total)), '[]')
                FROM (
                    SELECT j.code, b.source, b.origin, sum(b.amount_vnd) AS total
                    FROM budget_line b JOIN project j ON j.id = b.project_id
                    WHERE b.plan_id = owed.plan_id GROUP BY 1, 2, 3
                ) AS money),
            'spent_before', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, most)), '[]')
                FROM (
                    SELECT j.code, d.source, d.origin, max(d.amount_vnd) AS most
                    FROM earlier
                    JOIN revision_disbursement d ON d.revision_id = earlier.revision_id
                    JOIN project j ON j.id = d.project_id
                    WHERE earlier.data_to < owed.data_to GROUP BY 1, 2, 3
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
    for script in (COLUMNS, HISTORY, EXPECTATIONS):
        _execute_script(script)


def downgrade() -> None:
    for script in (UNDO_COLUMNS, EARLIER_SQL):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
