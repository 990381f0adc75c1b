"""Plans belong to a government of any tier; areas follow governments, not districts."""

from collections.abc import Sequence

from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Since version 18 PostgreSQL names NOT NULL constraints, after the column at its creation. The body
# of a function is text that a renamed column does not reach.
RENAME_USES = """
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plan', 'working_day'] LOOP
        IF EXISTS (SELECT FROM pg_constraint WHERE conname = name || '_{old}_not_null') THEN
            EXECUTE format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I',
                name, name || '_{old}_not_null', name || '_{new}_not_null');
        END IF;
    END LOOP;
    EXECUTE replace(pg_get_functiondef('due_reminders'::regproc), 'o.{old}', 'o.{new}');
END $$;
"""
OWNERS = """
ALTER TABLE plan RENAME COLUMN district_id TO owner_id;
ALTER TABLE plan RENAME CONSTRAINT plan_district_id_fkey TO plan_owner_id_fkey;
ALTER INDEX plan_district_id_idx RENAME TO plan_owner_id_idx;
ALTER VIEW owed_obligation RENAME COLUMN district_id TO owner_id;
ALTER TABLE working_day RENAME COLUMN district_id TO owner_id;
ALTER TABLE working_day RENAME CONSTRAINT working_day_district_id_fkey TO working_day_owner_id_fkey;
"""
DISTRICTS = """
ALTER TABLE working_day RENAME CONSTRAINT working_day_owner_id_fkey TO working_day_district_id_fkey;
ALTER TABLE working_day RENAME COLUMN owner_id TO district_id;
ALTER VIEW owed_obligation RENAME COLUMN owner_id TO district_id;
ALTER INDEX plan_owner_id_idx RENAME TO plan_district_id_idx;
ALTER TABLE plan RENAME CONSTRAINT plan_owner_id_fkey TO plan_district_id_fkey;
ALTER TABLE plan RENAME COLUMN owner_id TO district_id;
"""

KINDS = """
ALTER TABLE agency DROP CONSTRAINT agency_agencykind_check;
ALTER TABLE agency ADD CONSTRAINT agency_agencykind_check
    CHECK (kind IN ('country', 'province', 'district', 'commune', 'township', 'ward',
    'special_zone', 'department', 'service_unit',
    'mass_organisation', 'bank'));
"""
EARLIER_KINDS = """
ALTER TABLE agency DROP CONSTRAINT agency_agencykind_check;
ALTER TABLE agency ADD CONSTRAINT agency_agencykind_check
    CHECK (kind IN ('province', 'district', 'department', 'service_unit', 'commune', 'township',
    'mass_organisation', 'bank'));
"""

AREAS = """
-- The tier of a kind of government, the highest first; null for other agencies.
CREATE FUNCTION tier(kind text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE kind WHEN 'country' THEN 0 WHEN 'province' THEN 1 WHEN 'district' THEN 2
    WHEN 'commune' THEN 3 WHEN 'township' THEN 3 WHEN 'ward' THEN 3 WHEN 'special_zone' THEN 3 END;

-- For each agency the nearest government at or above it, its area, and the path of the subtree of
-- which it may read reference data: the area, but what surrounds it for the lowest tier. The
-- agency's own path where there is no government.
DROP VIEW agency_area;
CREATE VIEW agency_area AS
SELECT agency.id AS agency_id, agency.path AS agency_path, government.id AS area_id,
    coalesce(government.path, agency.path) AS area_path,
    coalesce(surroundings.path, government.path, agency.path) AS horizon_path
FROM agency
LEFT JOIN LATERAL (
    SELECT above.id, above.path, above.kind FROM agency AS above
    WHERE tier(above.kind) IS NOT NULL AND above.id = ANY(agency_ids(agency.path))
    ORDER BY length(above.path) DESC LIMIT 1
) AS government ON true
LEFT JOIN LATERAL (
    SELECT above.path FROM agency AS above
    WHERE tier(government.kind) = 3 AND tier(above.kind) < 3
    AND above.id = ANY(agency_ids(agency.path))
    ORDER BY length(above.path) DESC LIMIT 1
) AS surroundings ON true;

-- A plan may be read by who knows its owner, and by an area that reports to it; all are paths.
CREATE FUNCTION knows_plan(plan_id bigint, owner_path text, horizon text, area text)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN within_reach(owner_path, horizon || '%') OR within_horizon(owner_path, area) AND EXISTS (
    SELECT FROM agency reporter
    JOIN schedule_reporter r ON r.agency_id = reporter.id
    JOIN schedule s ON s.id = r.schedule_id
    WHERE s.plan_id = knows_plan.plan_id AND within_reach(reporter.path, area || '%')
);

-- The active accounts of each audience. `agency_id` is the reporting agency for reporters and
-- heads, and the government for coordinators and leadership.
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
EARLIER_AREAS = """
CREATE OR REPLACE VIEW recipient AS
SELECT 'reporter' AS audience, agency_id, id AS account_id
FROM account WHERE role = 'reporter' AND active
UNION ALL
SELECT viewing.audience, agency_id, id
FROM account CROSS JOIN (VALUES ('head'), ('leadership')) AS viewing (audience)
WHERE role = 'viewer' AND active
UNION ALL
SELECT 'coordinator', district.id, account.id
FROM account
JOIN agency ON agency.id = account.agency_id
JOIN agency AS district ON district.kind = 'district'
    AND district.id = ANY(agency_ids(agency.path))
WHERE account.role = 'coordinator' AND account.active;

DROP FUNCTION knows_plan(bigint, text, text, text);
DROP VIEW agency_area;
CREATE VIEW agency_area AS
SELECT agency.id AS agency_id, agency.path AS agency_path, coalesce((
    SELECT district.path FROM agency AS district
    WHERE district.kind = 'district'
    AND district.id = ANY(string_to_array(trim(BOTH '/' FROM agency.path), '/')::bigint[])
    ORDER BY length(district.path) DESC LIMIT 1
), agency.path) AS area_path
FROM agency;
"""

FIGURES = """
-- The figures that each agency may give in each of its periods: one of the indicator's selectors
-- names the agency, and it has a part in the project. A lead agency has to give them.
CREATE OR REPLACE VIEW expected_figure AS
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
    ('communes' = ANY(adopted.filled_by) AND {is_commune})
    OR ('leads' = ANY(adopted.filled_by) AND NOT {is_commune} AND s.role = 'lead')
    OR a.code = ANY(adopted.filled_by)
);
"""
BY_TIER = FIGURES.replace("{is_commune}", "coalesce(tier(a.kind) = 3, false)")
BY_KIND = FIGURES.replace("{is_commune}", "a.kind IN ('commune', 'township')")


def upgrade() -> None:
    renamed = RENAME_USES.replace("{old}", "district_id").replace("{new}", "owner_id")
    for script in (OWNERS, renamed, KINDS, AREAS, BY_TIER):
        _execute_script(script)


def downgrade() -> None:
    renamed = RENAME_USES.replace("{old}", "owner_id").replace("{new}", "district_id")
    tier = "DROP FUNCTION tier(text)"
    for script in (BY_KIND, EARLIER_AREAS, tier, EARLIER_KINDS, DISTRICTS, renamed):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run several statements at once, which SQLAlchemy's prepared statements cannot."""
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
