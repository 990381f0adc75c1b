"""Programmes define projects and indicators once; plans adopt them with their own texts and rules.

Rows of several plans that define the same thing become one definition. A row that differs from the
oldest one of its code becomes a definition of its plan alone.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The history trigger would take the new columns for changes of money; the view reads old columns.
STOP = """
DROP TRIGGER budget_line_history ON budget_line;
DROP FUNCTION record_budget_change();
DROP VIEW expected_figure;
"""

PROGRAMME = """
CREATE TABLE programme (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT programme_pkey PRIMARY KEY,
    code text NOT NULL CONSTRAINT programme_code_key UNIQUE,
    name text NOT NULL,
    first_year integer NOT NULL,
    last_year integer NOT NULL,
    version bigint DEFAULT '1' NOT NULL,
    CONSTRAINT programme_years_check CHECK (first_year <= last_year)
);
INSERT INTO programme (code, name, first_year, last_year)
SELECT 'giam-ngheo-2021-2025',
    'Chương trình mục tiêu quốc gia giảm nghèo bền vững giai đoạn 2021 - 2025', 2021, 2025
WHERE EXISTS (SELECT FROM plan);
ALTER TABLE plan ADD programme_id bigint
    CONSTRAINT plan_programme_id_fkey REFERENCES programme (id);
UPDATE plan SET programme_id = (SELECT id FROM programme);
ALTER TABLE plan ALTER programme_id SET NOT NULL;
CREATE INDEX plan_programme_id_idx ON plan (programme_id);
"""

PROJECTS = """
-- Each project, the project that will define it, and whether that belongs to its plan alone.
CREATE TEMPORARY TABLE project_map ON COMMIT DROP AS
WITH described AS (
    SELECT j.id, j.code, ROW(j.name, above.code)::text AS definition
    FROM project j LEFT JOIN project above ON above.id = j.parent_id
), oldest AS (
    SELECT DISTINCT ON (code) code, id, definition FROM described ORDER BY code, id
)
SELECT d.id AS old_id, d.definition IS DISTINCT FROM o.definition AS own,
    CASE WHEN d.definition IS NOT DISTINCT FROM o.definition THEN o.id ELSE d.id END AS new_id
FROM described d JOIN oldest o USING (code);

CREATE TABLE plan_project (
    plan_id bigint NOT NULL CONSTRAINT plan_project_plan_id_fkey REFERENCES plan (id),
    project_id bigint NOT NULL CONSTRAINT plan_project_project_id_fkey REFERENCES project (id),
    position integer NOT NULL,
    objective text,
    target_group text,
    support_content text,
    completion_date date,
    completion_text text,
    lead_note text,
    coordination_note text,
    version bigint DEFAULT '1' NOT NULL,
    CONSTRAINT plan_project_pkey PRIMARY KEY (plan_id, project_id)
);
INSERT INTO plan_project
SELECT j.plan_id, m.new_id, j.position, j.objective, j.target_group, j.support_content,
    j.completion_date, j.completion_text, j.lead_note, j.coordination_note, j.version
FROM project j JOIN project_map m ON m.old_id = j.id;
CREATE INDEX plan_project_project_id_idx ON plan_project (project_id);

-- What refers to a project of a plan names both from now on.
ALTER TABLE assignment DROP CONSTRAINT assignment_pkey, ADD plan_id bigint;
UPDATE assignment SET plan_id = j.plan_id, project_id = m.new_id
FROM project j JOIN project_map m ON m.old_id = j.id WHERE j.id = assignment.project_id;
DROP INDEX budget_line_once;
ALTER TABLE budget_line ADD plan_id bigint;
UPDATE budget_line SET plan_id = j.plan_id, project_id = m.new_id
FROM project j JOIN project_map m ON m.old_id = j.id WHERE j.id = budget_line.project_id;
ALTER TABLE budget_change ADD plan_id bigint;
UPDATE budget_change SET plan_id = j.plan_id, project_id = m.new_id
FROM project j JOIN project_map m ON m.old_id = j.id WHERE j.id = budget_change.project_id;
UPDATE target SET project_id = new_id FROM project_map
WHERE old_id = project_id AND old_id <> new_id;
UPDATE revision_disbursement SET project_id = new_id FROM project_map
WHERE old_id = project_id AND old_id <> new_id;
"""

INDICATORS = """
CREATE TEMPORARY TABLE indicator_map ON COMMIT DROP AS
WITH described AS (
    SELECT i.id, i.code,
        ROW(i.name, i.unit, i.kind, i.decimals, i.formula, i.note, m.new_id)::text AS definition
    FROM indicator i LEFT JOIN project_map m ON m.old_id = i.project_id
), oldest AS (
    SELECT DISTINCT ON (code) code, id, definition FROM described ORDER BY code, id
)
SELECT d.id AS old_id, d.definition IS DISTINCT FROM o.definition AS own,
    CASE WHEN d.definition IS NOT DISTINCT FROM o.definition THEN o.id ELSE d.id END AS new_id
FROM described d JOIN oldest o USING (code);

CREATE TABLE plan_indicator (
    plan_id bigint NOT NULL CONSTRAINT plan_indicator_plan_id_fkey REFERENCES plan (id),
    indicator_id bigint NOT NULL
        CONSTRAINT plan_indicator_indicator_id_fkey REFERENCES indicator (id),
    position integer NOT NULL,
    frequencies text[] NOT NULL,
    filled_by text[] NOT NULL,
    maximum numeric(18, 2),
    version bigint DEFAULT '1' NOT NULL,
    CONSTRAINT plan_indicator_pkey PRIMARY KEY (plan_id, indicator_id)
);
INSERT INTO plan_indicator
SELECT i.plan_id, m.new_id, i.position, i.frequencies, i.filled_by, i.maximum, i.version
FROM indicator i JOIN indicator_map m ON m.old_id = i.id;
CREATE INDEX plan_indicator_indicator_id_idx ON plan_indicator (indicator_id);
UPDATE revision_entry SET indicator_id = new_id FROM indicator_map
WHERE old_id = indicator_id AND old_id <> new_id;
"""

DEFINITIONS = """
-- Definitions lose what is the plan's; what another row defines goes.
UPDATE indicator SET project_id = m.new_id FROM project_map m WHERE m.old_id = project_id;
DELETE FROM indicator USING indicator_map m WHERE m.old_id = id AND m.new_id <> id;
ALTER TABLE indicator
    DROP CONSTRAINT indicator_plan_id_code_key,
    DROP CONSTRAINT indicator_formula_check,
    ALTER plan_id DROP NOT NULL,
    ADD programme_id bigint CONSTRAINT indicator_programme_id_fkey REFERENCES programme (id),
    DROP frequencies, DROP filled_by, DROP maximum;
UPDATE indicator SET programme_id = (SELECT id FROM programme), version = 1,
    plan_id = CASE WHEN m.own THEN plan_id END
FROM indicator_map m WHERE m.old_id = indicator.id;
ALTER TABLE indicator
    ALTER programme_id SET NOT NULL,
    ADD CONSTRAINT indicator_programme_id_plan_id_code_key
        UNIQUE NULLS NOT DISTINCT (programme_id, plan_id, code);
CREATE INDEX indicator_plan_id_idx ON indicator (plan_id);

UPDATE project SET parent_id = m.new_id FROM project_map m WHERE m.old_id = parent_id;
ALTER TABLE assignment DROP CONSTRAINT assignment_project_id_fkey;
ALTER TABLE budget_line DROP CONSTRAINT budget_line_project_id_fkey;
DELETE FROM project USING project_map m WHERE m.old_id = id AND m.new_id <> id;
ALTER TABLE project
    DROP CONSTRAINT project_plan_id_code_key,
    ALTER plan_id DROP NOT NULL,
    ADD programme_id bigint CONSTRAINT project_programme_id_fkey REFERENCES programme (id),
    DROP objective, DROP target_group, DROP support_content, DROP completion_date,
    DROP completion_text, DROP lead_note, DROP coordination_note;
UPDATE project SET programme_id = (SELECT id FROM programme), version = 1,
    plan_id = CASE WHEN m.own THEN plan_id END
FROM project_map m WHERE m.old_id = project.id;
ALTER TABLE project
    ALTER programme_id SET NOT NULL,
    ADD CONSTRAINT project_programme_id_plan_id_code_key
        UNIQUE NULLS NOT DISTINCT (programme_id, plan_id, code);
CREATE INDEX project_plan_id_idx ON project (plan_id);
"""

REFERENCES = """
ALTER TABLE assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (plan_id, project_id, agency_id),
    ADD CONSTRAINT assignment_plan_id_fkey FOREIGN KEY (plan_id, project_id)
        REFERENCES plan_project (plan_id, project_id);
ALTER TABLE budget_line
    ALTER plan_id SET NOT NULL,
    ADD CONSTRAINT budget_line_plan_id_fkey FOREIGN KEY (plan_id, project_id)
        REFERENCES plan_project (plan_id, project_id);
CREATE UNIQUE INDEX budget_line_once
    ON budget_line (plan_id, project_id, agency_id, source, origin, origin_years)
    NULLS NOT DISTINCT;
ALTER TABLE budget_change
    ALTER plan_id SET NOT NULL,
    ADD CONSTRAINT budget_change_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan (id);
CREATE INDEX budget_change_plan_id_idx ON budget_change (plan_id);
"""

BUDGET_HISTORY = """
-- Write each change of a line's money, with the instant of the plan's ledger at the commit.
CREATE FUNCTION record_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER budget_line_history
    AFTER INSERT OR UPDATE OR DELETE ON budget_line
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION record_budget_change();
"""

EXPECTED_FIGURES = """
-- The figures that each agency may give in each of its periods: one of the indicator's selectors
-- names the agency, and it has a part in the project. A lead agency has to give them.
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
    ('communes' = ANY(adopted.filled_by) AND a.kind IN ('commune', 'township'))
    OR ('leads' = ANY(adopted.filled_by) AND a.kind NOT IN ('commune', 'township')
        AND s.role = 'lead')
    OR a.code = ANY(adopted.filled_by)
);
"""

EXPECTATIONS = """
-- What a body of an obligation's report is validated against:
-- figures: the figures that it may give; projects: ids of the projects that the agency has a part
-- in; known_…: every code of the plan; allocated: the plan's money in VND; spent_before: what the
-- agency had reported as spent in the year's periods that closed earlier; quarters: the sums of a
-- flow over the quarters that make up a longer period, where all of them were sent.
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

# The way back: each plan gets rows of its own again.
UNDO_TABLES = """
-- The oldest plan that adopts a definition keeps its row; every other one gets a copy.
CREATE TEMPORARY TABLE project_map ON COMMIT DROP AS
SELECT plan_id, project_id, CASE
        WHEN plan_id = min(plan_id) OVER (PARTITION BY project_id) THEN project_id
        ELSE nextval(pg_get_serial_sequence('project', 'id'))
    END AS new_id
FROM plan_project;
CREATE TEMPORARY TABLE indicator_map ON COMMIT DROP AS
SELECT plan_id, indicator_id, CASE
        WHEN plan_id = min(plan_id) OVER (PARTITION BY indicator_id) THEN indicator_id
        ELSE nextval(pg_get_serial_sequence('indicator', 'id'))
    END AS new_id
FROM plan_indicator;

ALTER TABLE assignment DROP CONSTRAINT assignment_plan_id_fkey;
ALTER TABLE budget_line DROP CONSTRAINT budget_line_plan_id_fkey;
ALTER TABLE project
    DROP CONSTRAINT project_programme_id_plan_id_code_key,
    ADD objective text, ADD target_group text, ADD support_content text,
    ADD completion_date date, ADD completion_text text, ADD lead_note text,
    ADD coordination_note text;
ALTER TABLE indicator
    DROP CONSTRAINT indicator_programme_id_plan_id_code_key,
    ADD frequencies text[], ADD filled_by text[], ADD maximum numeric(18, 2);
INSERT INTO project (id, programme_id, parent_id, position, code, name)
OVERRIDING SYSTEM VALUE
SELECT m.new_id, j.programme_id, j.parent_id, j.position, j.code, j.name
FROM project_map m JOIN project j ON j.id = m.project_id WHERE m.new_id <> j.id;
INSERT INTO indicator (id, programme_id, project_id, position, code, name, unit, kind, decimals,
    formula, note)
OVERRIDING SYSTEM VALUE
SELECT m.new_id, i.programme_id, i.project_id, i.position, i.code, i.name, i.unit, i.kind,
    i.decimals, i.formula, i.note
FROM indicator_map m JOIN indicator i ON i.id = m.indicator_id WHERE m.new_id <> i.id;
UPDATE project SET plan_id = m.plan_id, position = adopted.position,
    objective = adopted.objective, target_group = adopted.target_group,
    support_content = adopted.support_content, completion_date = adopted.completion_date,
    completion_text = adopted.completion_text, lead_note = adopted.lead_note,
    coordination_note = adopted.coordination_note, version = adopted.version + project.version
FROM project_map m JOIN plan_project adopted USING (plan_id, project_id)
WHERE m.new_id = project.id;
UPDATE indicator SET plan_id = m.plan_id, position = adopted.position,
    frequencies = adopted.frequencies, filled_by = adopted.filled_by, maximum = adopted.maximum,
    version = adopted.version + indicator.version
FROM indicator_map m JOIN plan_indicator adopted USING (plan_id, indicator_id)
WHERE m.new_id = indicator.id;
-- A definition that no plan adopts has no place in the older tables.
DELETE FROM indicator WHERE filled_by IS NULL;
UPDATE project SET parent_id = m.new_id
FROM project_map m WHERE m.plan_id = project.plan_id AND m.project_id = parent_id;
UPDATE indicator SET project_id = m.new_id
FROM project_map m WHERE m.plan_id = indicator.plan_id AND m.project_id = indicator.project_id;
"""

UNDO_REFERENCES = """
UPDATE assignment SET project_id = m.new_id FROM project_map m
WHERE (m.plan_id, m.project_id) = (assignment.plan_id, assignment.project_id);
UPDATE budget_line SET project_id = m.new_id FROM project_map m
WHERE (m.plan_id, m.project_id) = (budget_line.plan_id, budget_line.project_id);
UPDATE budget_change SET project_id = m.new_id FROM project_map m
WHERE (m.plan_id, m.project_id) = (budget_change.plan_id, budget_change.project_id);
UPDATE target SET project_id = m.new_id FROM project_map m
WHERE (m.plan_id, m.project_id) = (target.plan_id, target.project_id);
CREATE TEMPORARY TABLE plan_of_revision ON COMMIT DROP AS
SELECT v.id AS revision_id, p.plan_id FROM revision v
JOIN report r ON r.id = v.report_id
JOIN obligation o ON o.id = r.obligation_id
JOIN reporting_period p ON p.id = o.period_id;
UPDATE revision_entry e SET indicator_id = m.new_id
FROM plan_of_revision v JOIN indicator_map m ON m.plan_id = v.plan_id
WHERE v.revision_id = e.revision_id AND m.indicator_id = e.indicator_id
AND m.new_id <> m.indicator_id;
UPDATE revision_disbursement d SET project_id = m.new_id
FROM plan_of_revision v JOIN project_map m ON m.plan_id = v.plan_id
WHERE v.revision_id = d.revision_id AND m.project_id = d.project_id AND m.new_id <> m.project_id;
DROP TABLE plan_indicator;
DROP TABLE plan_project;
DELETE FROM project WHERE NOT EXISTS (SELECT FROM project_map m WHERE m.new_id = project.id);

ALTER TABLE assignment DROP CONSTRAINT assignment_pkey, DROP plan_id,
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (project_id, agency_id),
    ADD CONSTRAINT assignment_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id);
DROP INDEX budget_line_once;
ALTER TABLE budget_line DROP plan_id,
    ADD CONSTRAINT budget_line_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id);
CREATE UNIQUE INDEX budget_line_once
    ON budget_line (project_id, agency_id, source, origin, origin_years) NULLS NOT DISTINCT;
DROP INDEX budget_change_plan_id_idx;
ALTER TABLE budget_change DROP plan_id;
DROP INDEX indicator_plan_id_idx;
ALTER TABLE indicator DROP programme_id,
    ALTER plan_id SET NOT NULL, ALTER frequencies SET NOT NULL, ALTER filled_by SET NOT NULL,
    ADD CONSTRAINT indicator_plan_id_code_key UNIQUE (plan_id, code),
    ADD CONSTRAINT indicator_formula_check
        CHECK ((formula IS NULL) = (cardinality(filled_by) > 0));
DROP INDEX project_plan_id_idx;
ALTER TABLE project DROP programme_id, ALTER plan_id SET NOT NULL,
    ADD CONSTRAINT project_plan_id_code_key UNIQUE (plan_id, code);
DROP INDEX plan_programme_id_idx;
ALTER TABLE plan DROP programme_id;
DROP TABLE programme;
"""

EARLIER_SQL = """
CREATE FUNCTION record_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
            (project_id, agency_id, source, origin, change_vnd, recorded_at)
        SELECT line.project_id, line.agency_id, line.source, line.origin,
            sign * line.amount_vnd, ledger.last_at
        FROM project JOIN ledger ON ledger.plan_id = project.plan_id
        WHERE project.id = line.project_id;
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER budget_line_history
    AFTER INSERT OR UPDATE OR DELETE ON budget_line
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION record_budget_change();

CREATE VIEW expected_figure AS
SELECT o.id AS obligation_id, i.id AS indicator_id, i.code AS indicator, j.code AS project,
    i.name, i.unit, i.kind, i.decimals, i.maximum, i.note, i.position,
    (i.project_id IS NULL OR s.role = 'lead') AS required
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN indicator i ON i.plan_id = p.plan_id AND p.frequency = ANY(i.frequencies)
LEFT JOIN project j ON j.id = i.project_id
LEFT JOIN assignment s ON s.project_id = i.project_id AND s.agency_id = a.id
WHERE (i.project_id IS NULL OR s.role IS NOT NULL)
AND (
    ('communes' = ANY(i.filled_by) AND a.kind IN ('commune', 'township'))
    OR ('leads' = ANY(i.filled_by) AND a.kind NOT IN ('commune', 'township') AND s.role = 'lead')
    OR a.code = ANY(i.filled_by)
);

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
                WHERE s.agency_id = owed.agency_id AND j.plan_id = owed.plan_id),
            'known_indicators', (SELECT coalesce(json_agg(code), '[]') FROM indicator
                WHERE plan_id = owed.plan_id),
            'known_projects', (SELECT coalesce(json_agg(code), '[]') FROM project
                WHERE plan_id = owed.plan_id),
            'allocated', (
                SELECT coalesce(json_agg(json_build_array(code, source, origin, total)), '[]')
                FROM (
                    SELECT j.code, b.source, b.origin, sum(b.amount_vnd) AS total
                    FROM budget_line b JOIN project j ON j.id = b.project_id
                    WHERE j.plan_id = owed.plan_id GROUP BY 1, 2, 3
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
                    WHERE i.kind = 'flow' AND 'quarter' = ANY(i.frequencies)
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
    for script in (
        STOP,
        PROGRAMME,
        PROJECTS,
        INDICATORS,
        DEFINITIONS,
        REFERENCES,
        BUDGET_HISTORY,
        EXPECTED_FIGURES,
        EXPECTATIONS,
    ):
        _execute_script(script)


def downgrade() -> None:
    for script in (STOP, UNDO_TABLES, UNDO_REFERENCES, EARLIER_SQL):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
