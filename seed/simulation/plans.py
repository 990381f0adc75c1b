"""The plans of a simulated country: copies of the plan of 2024 for every district and year.

`jsonb_populate_record` takes every column from the copied row except those that are named, so a new
column needs no change here.
"""

import asyncpg

from seed.simulation.units import MARK, Template

TEMPLATE_YEAR = 2024

# Every district and year, with the numbers of its plan; the plan of 2024 keeps its own.
CREATE_PLANS = """
CREATE TEMPORARY TABLE simulated_plan ON COMMIT DROP AS
SELECT CASE WHEN district_id = $2 AND year = $3 THEN $1::bigint
        ELSE nextval(pg_get_serial_sequence('plan', 'id')) END AS plan_id,
    district_id, year, district_id = $2 AND year = $3 AS is_template,
    make_timestamptz(year, 1, 2, 8, 0, 0, 'Asia/Ho_Chi_Minh') AS begun_at
FROM (SELECT DISTINCT district_id FROM simulated_reporter) AS district,
    generate_series($3 - $4::int + 1, $3) AS year
ORDER BY district_id, year
"""

COPY_PLANS = """
INSERT INTO plan OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'id', s.plan_id, 'owner_id', s.district_id, 'year', s.year,
    'code', 'mo-phong-' || lower(district.code) || '-' || s.year,
    'effective_from', make_date(s.year, 1, 1),
    'title', 'Kế hoạch ' || s.year || ' của ' || district.name))).*
FROM plan model, simulated_plan s JOIN agency district ON district.id = s.district_id
WHERE model.id = $1 AND NOT s.is_template
"""

MARK_PLANS = "UPDATE plan SET simulated = true, title = title || ' (' || $1 || ')'"

OPEN_LEDGERS = """
INSERT INTO ledger (plan_id, last_at, figures_at, last_hash)
SELECT plan_id, begun_at, begun_at, '' FROM simulated_plan WHERE NOT is_template
"""

# An audit event for each plan, of whose instant its budget changes will be.
RECORD_PLANS = """
SELECT record_event(plan_id, begun_at + interval '1 microsecond', 'seed', 'plan.loaded',
    'plans/' || plan.code, s.district_id, NULL, NULL, NULL)
FROM simulated_plan s JOIN plan ON plan.id = s.plan_id WHERE NOT s.is_template ORDER BY plan_id
"""

COPY_PROJECTS = """
INSERT INTO plan_project
SELECT (jsonb_populate_record(model, jsonb_build_object('plan_id', s.plan_id))).*
FROM plan_project model, simulated_plan s WHERE model.plan_id = $1 AND NOT s.is_template
"""

COPY_INDICATORS = """
INSERT INTO plan_indicator
SELECT (jsonb_populate_record(model, jsonb_build_object('plan_id', s.plan_id))).*
FROM plan_indicator model, simulated_plan s WHERE model.plan_id = $1 AND NOT s.is_template
"""

COPY_TARGETS = """
INSERT INTO target OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('target', 'id')), 'plan_id', s.plan_id))).*
FROM target model, simulated_plan s WHERE model.plan_id = $1 AND NOT s.is_template
"""

# The values of the plan that is copied, from the start of each copy.
COPY_TARGET_VALUES = """
INSERT INTO target_value (target_id, number, value, baseline, recorded_at)
SELECT t.id, v.number, v.value, v.baseline, s.begun_at
FROM target model
JOIN target_value v ON v.target_id = model.id AND v.agency_id IS NULL
JOIN target t ON t.code = model.code
JOIN simulated_plan s ON s.plan_id = t.plan_id
WHERE model.plan_id = $1 AND NOT s.is_template
"""

COPY_BUDGET_LINES = """
INSERT INTO budget_line OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('budget_line', 'id')), 'plan_id', s.plan_id,
    'origin_years', (SELECT jsonb_agg(y + s.year - $2::int) FROM unnest(model.origin_years) y)
))).*
FROM budget_line model, simulated_plan s WHERE model.plan_id = $1 AND NOT s.is_template
"""

COPY_ASSIGNMENTS = """
INSERT INTO assignment
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'plan_id', s.plan_id, 'agency_id', r.agency_id))).*
FROM assignment model
JOIN simulated_reporter r ON r.model_id = model.agency_id
JOIN simulated_plan s ON s.district_id = r.district_id
WHERE model.plan_id = $1 AND NOT s.is_template
"""

# Number the copies of schedules, to which their reporters and periods refer.
CREATE_SCHEDULES = """
CREATE TEMPORARY TABLE simulated_schedule ON COMMIT DROP AS
SELECT model.id AS model_id, s.plan_id, s.district_id, s.year,
    nextval(pg_get_serial_sequence('schedule', 'id')) AS id
FROM schedule model, simulated_plan s WHERE model.plan_id = $1 AND NOT s.is_template
"""

COPY_SCHEDULES = """
INSERT INTO schedule OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(model,
    jsonb_build_object('id', s.id, 'plan_id', s.plan_id))).*
FROM schedule model JOIN simulated_schedule s ON s.model_id = model.id
"""

COPY_REPORTERS = """
INSERT INTO schedule_reporter
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'schedule_id', s.id, 'agency_id', r.agency_id))).*
FROM schedule_reporter model
JOIN simulated_schedule s ON s.model_id = model.schedule_id
JOIN simulated_reporter r ON r.district_id = s.district_id AND r.model_id = model.agency_id
"""

COPY_PERIODS = """
INSERT INTO reporting_period OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(model, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('reporting_period', 'id')),
    'plan_id', s.plan_id, 'schedule_id', s.id, 'year', s.year,
    'code', replace(model.code, $1::int::text, s.year::text),
    'data_from', model.data_from - make_interval(years => $1::int - s.year),
    'data_to', model.data_to - make_interval(years => $1::int - s.year),
    'due_date', model.due_date - make_interval(years => $1::int - s.year),
    'late_from', model.late_from - make_interval(years => $1::int - s.year)))).*
FROM reporting_period model JOIN simulated_schedule s ON s.model_id = model.schedule_id
"""

CREATE_OBLIGATIONS = """
INSERT INTO obligation (period_id, agency_id, due_date, late_from)
SELECT p.id, r.agency_id, p.due_date, p.late_from
FROM reporting_period p
JOIN simulated_schedule s ON s.id = p.schedule_id
JOIN schedule_reporter r ON r.schedule_id = s.id
ORDER BY p.id, r.agency_id
"""


async def write_plans(connection: asyncpg.Connection, template: Template, years: int) -> int:
    """Copy the plan of 2024 for every district and year, and return the number of plans."""
    model = template.plan_id
    await connection.execute(CREATE_PLANS, model, template.district_id, TEMPLATE_YEAR, years)
    await connection.execute(COPY_PLANS, model)
    await connection.execute(MARK_PLANS, MARK)
    await connection.execute(OPEN_LEDGERS)
    await connection.fetch(RECORD_PLANS)
    for statement in (
        COPY_PROJECTS,
        COPY_INDICATORS,
        COPY_TARGETS,
        COPY_TARGET_VALUES,
        COPY_ASSIGNMENTS,
    ):
        await connection.execute(statement, model)
    await connection.execute(COPY_BUDGET_LINES, model, TEMPLATE_YEAR)
    await connection.execute(CREATE_SCHEDULES, model)
    await connection.execute(COPY_SCHEDULES)
    await connection.execute(COPY_REPORTERS)
    await connection.execute(COPY_PERIODS, TEMPLATE_YEAR)
    await connection.execute(CREATE_OBLIGATIONS)
    await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    count: int = await connection.fetchval("SELECT count(*) FROM simulated_plan")
    return count
