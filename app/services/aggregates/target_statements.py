"""The SQL of the progress of targets, of one plan or several, by the groups of a breakdown.

A row's holder is the code of its group: a reporting agency, or a government next below the root
(the function `breakdown`, made by a migration); null without a breakdown. Figures that are compared
do not count.
"""

from sqlalchemy import text

# The targets of each plan, by its code, with the values in force at an instant and the formulas of
# the period's indicators. Without a breakdown the value is the plan's where the subtree contains
# the plan's owner, else that of the subtree's root; so it is for each government of a breakdown.
LIST_TARGETS = text("""
WITH period AS MATERIALIZED (
    SELECT p.id, p.frequency, plan.id AS plan_id, plan.code AS plan, owner.id AS owner_id,
        owner.path AS owner_path
    FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id JOIN agency owner ON owner.id = plan.owner_id
    WHERE p.id = ANY(CAST(:periods AS bigint[]))
), member AS MATERIALIZED (
    SELECT * FROM breakdown(:root, CAST(:by AS text)) WHERE CAST(:by AS text) = 'government'
), in_force AS (
    SELECT DISTINCT ON (v.target_id, v.agency_id) t.plan_id, t.code, v.agency_id, v.value,
        v.baseline
    FROM period
    JOIN target t ON t.plan_id = period.plan_id
    JOIN target_value v ON v.target_id = t.id
    WHERE v.recorded_at <= :as_of
    ORDER BY v.target_id, v.agency_id, v.number DESC
), held AS (
    SELECT v.plan_id, v.code, v.value, v.baseline,
        CASE CAST(:by AS text) WHEN 'agency' THEN a.code WHEN 'government' THEN m.group_code END
            AS holder
    FROM in_force v
    JOIN period ON period.plan_id = v.plan_id
    LEFT JOIN agency a ON a.id = v.agency_id
    LEFT JOIN member m ON m.agency_id = coalesce(v.agency_id, period.owner_id)
    WHERE CASE
        WHEN CAST(:by AS text) = 'agency' THEN a.id IS NOT NULL AND within_reach(a.path, :subtree)
        WHEN CAST(:by AS text) = 'government'
            THEN m.group_id <> :root_id AND (a.id IS NULL OR a.id = m.group_id)
        WHEN within_reach(period.owner_path, :subtree) THEN a.id IS NULL
        ELSE a.id = :root_id
    END
), target_of_plan AS (
    SELECT period.plan_id, json_agg(json_build_object(
        'code', t.code, 'name', t.name, 'unit', t.unit, 'measure', t.measure,
        'project', j.code, 'indicator', i.code, 'decimals', coalesce(i.decimals, 0),
        'maximum', adopted.maximum::text,
        'reported', coalesce(period.frequency = ANY(adopted.frequencies), false)
    ) ORDER BY t.position, t.id) AS targets
    FROM period
    JOIN target t ON t.plan_id = period.plan_id
    LEFT JOIN project j ON j.id = t.project_id
    LEFT JOIN indicator i ON i.id = t.indicator_id
    LEFT JOIN plan_indicator adopted
        ON adopted.plan_id = period.plan_id AND adopted.indicator_id = i.id
    GROUP BY 1
), value_of_plan AS (
    SELECT plan_id, json_agg(json_build_array(holder, code, value::text, baseline::text)) AS values
    FROM held GROUP BY 1
), formula_of_plan AS (
    SELECT period.plan_id, json_object_agg(i.code, i.formula) AS formulas
    FROM period
    JOIN plan_indicator adopted
        ON adopted.plan_id = period.plan_id AND period.frequency = ANY(adopted.frequencies)
    JOIN indicator i ON i.id = adopted.indicator_id
    WHERE i.formula IS NOT NULL
    GROUP BY 1
)
SELECT json_object_agg(plan, json_build_object(
    'targets', coalesce(targets, '[]'), 'values', coalesce(values, '[]'),
    'formulas', coalesce(formulas, '{}')))::text
FROM period
LEFT JOIN target_of_plan USING (plan_id)
LEFT JOIN value_of_plan USING (plan_id)
LEFT JOIN formula_of_plan USING (plan_id)
""")

# The figures of the targets' indicators of each plan, by its code: their sums, the agencies that
# gave one and those that have to, for each holder; and the names of the holders.
SUM_FIGURES = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_of(CAST(:periods AS bigint[]), :subtree, :as_of)
), member AS MATERIALIZED (
    SELECT * FROM breakdown(:root, CAST(:by AS text)) WHERE CAST(:by AS text) = 'government'
), chosen AS MATERIALIZED (
    SELECT p.plan_id, r.obligation_id, r.exempt,
        CASE CAST(:basis AS text) WHEN 'accepted' THEN r.accepted_id ELSE r.last_id END
            AS revision_id,
        CASE CAST(:by AS text) WHEN 'agency' THEN r.agency WHEN 'government' THEN m.group_code END
            AS holder,
        CASE CAST(:by AS text) WHEN 'agency' THEN r.agency_name ELSE m.group_name END AS name
    FROM report r
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    LEFT JOIN member m ON m.agency_id = r.agency_id
), needed AS MATERIALIZED (
    SELECT adopted.plan_id, i.id, i.code
    FROM reporting_period p
    JOIN plan_indicator adopted ON adopted.plan_id = p.plan_id
    JOIN indicator i ON i.id = adopted.indicator_id
    WHERE p.id = ANY(CAST(:periods AS bigint[])) AND i.code = ANY(CAST(:codes AS text[]))
), figure AS (
    SELECT chosen.plan_id, holder, needed.code, sum(e.value) AS value, count(*) AS agencies,
        0::bigint AS expected
    FROM chosen
    JOIN revision_entry e ON e.revision_id = chosen.revision_id AND NOT e.compared
    JOIN needed ON (needed.plan_id, needed.id) = (chosen.plan_id, e.indicator_id)
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT chosen.plan_id, holder, needed.code, NULL, 0, count(*)
    FROM chosen
    JOIN needed ON needed.plan_id = chosen.plan_id
    CROSS JOIN LATERAL (
        -- LIMIT: a join would compute the expected figures of all indicators first.
        SELECT FROM expected_figure f
        WHERE f.obligation_id = chosen.obligation_id AND f.indicator_id = needed.id
        AND f.required AND NOT f.compared
        LIMIT 1
    ) AS expected
    WHERE NOT chosen.exempt
    GROUP BY 1, 2, 3
), figure_of_plan AS (
    SELECT plan_id, json_agg(json_build_array(holder, code, value, agencies, expected)) AS figures
    FROM (
        SELECT plan_id, holder, code, sum(value)::text AS value, sum(agencies) AS agencies,
            sum(expected) AS expected
        FROM figure GROUP BY 1, 2, 3
    ) AS summed GROUP BY 1
), holder_of_plan AS (
    SELECT plan_id, json_agg(json_build_array(holder, name) ORDER BY holder) AS holders
    FROM (SELECT DISTINCT plan_id, holder, name FROM chosen) AS each GROUP BY 1
)
SELECT json_build_object(
    'coverage', (
        SELECT CASE WHEN CAST(:most AS int) IS NULL THEN coverage(array_agg(each))
            ELSE coverage_up_to(array_agg(each), :most) END
        FROM (SELECT ROW(report.*)::report_as_of AS each FROM report) AS reports),
    'only_compared', (
        SELECT json_agg(report.agency ORDER BY report.agency)
        FROM only_compared((
            SELECT array_agg(obligation_id) FROM report WHERE NOT submitted AND NOT exempt
        )) AS it JOIN report USING (obligation_id)),
    'without_plan', (
        SELECT governments_without_plan(root, CAST(:periods AS bigint[]), CAST(:day AS date))
        FROM agency AS root WHERE root.id = :root_id),
    'plans', (
        SELECT coalesce(json_object_agg(plan.code, json_build_object(
            'holders', coalesce(holders, '[]'), 'figures', coalesce(figures, '[]'))), '{}')
        FROM reporting_period p JOIN plan ON plan.id = p.plan_id
        LEFT JOIN figure_of_plan ON figure_of_plan.plan_id = plan.id
        LEFT JOIN holder_of_plan ON holder_of_plan.plan_id = plan.id
        WHERE p.id = ANY(CAST(:periods AS bigint[])))
)::text
""")
