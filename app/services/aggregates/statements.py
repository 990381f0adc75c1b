"""The SQL of the aggregates; each statement takes one revision of every agency in a subtree.

The function `reports_as_of` gives the reports of a period as they stood at an instant, `coverage`
what an aggregate says of its completeness. Both are made by a migration.
"""

from sqlalchemy import text

# The sum of each indicator of a period over the accepted or the last submitted revisions.
SUM_INDICATORS = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
), chosen AS (
    SELECT CASE CAST(:basis AS text) WHEN 'accepted' THEN accepted_id ELSE last_id END AS id
    FROM report
), summed AS (
    SELECT e.indicator_id, sum(e.value) AS value,
        sum(coalesce(e.estimate, e.value)) FILTER (WHERE e.value IS NOT NULL) AS estimate,
        count(e.estimate) AS estimates, count(*) AS agencies,
        min(coalesce(e.actual_to, p.data_to)) AS first_day,
        max(coalesce(e.actual_to, p.data_to)) AS last_day
    FROM chosen
    JOIN revision_entry e ON e.revision_id = chosen.id
    JOIN reporting_period p ON p.id = :period_id
    GROUP BY 1
)
SELECT json_build_object(
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'project', j.code, 'indicator', i.code, 'name', i.name, 'unit', i.unit,
            'kind', i.kind, 'formula', i.formula, 'decimals', i.decimals,
            'value', s.value::text, 'agencies', coalesce(s.agencies, 0),
            'estimate', CASE WHEN s.estimates > 0 THEN s.estimate::text END,
            'actual_to_earliest', s.first_day, 'actual_to_latest', s.last_day
        ) ORDER BY adopted.position), '[]')
        FROM reporting_period p
        JOIN plan_indicator adopted
            ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
        JOIN indicator i ON i.id = adopted.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        LEFT JOIN summed s ON s.indicator_id = i.id
        WHERE p.id = :period_id)
)::text
""")

# Money allocated and disbursed by project, source and origin. What the plan has not yet given to
# an agency belongs to the plan's owner, so to every subtree that includes it.
SUM_MONEY = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
), chosen AS (
    SELECT CASE CAST(:basis AS text) WHEN 'accepted' THEN accepted_id ELSE last_id END AS id
    FROM report
), disbursed AS (
    SELECT d.project_id, d.source, d.origin, sum(d.amount_vnd) AS vnd, count(*) AS agencies,
        CASE WHEN count(d.estimate_year_end_vnd) > 0
            THEN sum(coalesce(d.estimate_year_end_vnd, d.amount_vnd)) END AS year_end_vnd,
        CASE WHEN count(d.estimate_settlement_vnd) > 0
            THEN sum(coalesce(d.estimate_settlement_vnd, d.estimate_year_end_vnd, d.amount_vnd))
        END AS settlement_vnd
    FROM chosen JOIN revision_disbursement d ON d.revision_id = chosen.id GROUP BY 1, 2, 3
), allocated AS (
    SELECT b.project_id, b.source, b.origin, sum(b.change_vnd) AS vnd
    FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id
    JOIN budget_change b ON b.plan_id = p.plan_id
    JOIN agency holder ON holder.id = coalesce(b.agency_id, plan.owner_id)
    WHERE p.id = :period_id AND within_reach(holder.path, :subtree) AND b.recorded_at <= :as_of
    GROUP BY 1, 2, 3
)
SELECT json_build_object(
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'project', j.code, 'name', j.name, 'source', source, 'origin', origin,
            'allocated_vnd', coalesce(allocated.vnd, 0),
            'disbursed_vnd', coalesce(disbursed.vnd, 0),
            'estimate_year_end_vnd', disbursed.year_end_vnd,
            'estimate_settlement_vnd', disbursed.settlement_vnd,
            'agencies', coalesce(disbursed.agencies, 0)
        ) ORDER BY adopted.position, source, origin DESC), '[]')
        FROM allocated FULL JOIN disbursed USING (project_id, source, origin)
        JOIN project j ON j.id = project_id
        JOIN reporting_period p ON p.id = :period_id
        JOIN plan_project adopted ON adopted.plan_id = p.plan_id AND adopted.project_id = j.id
        WHERE coalesce(allocated.vnd, 0) > 0 OR disbursed.vnd IS NOT NULL)
)::text
""")

# The facts by which the timeliness of each agency at an instant is decided.
LIST_TIMELINESS_FACTS = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
)
SELECT json_build_object(
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'agency', agency, 'agency_name', agency_name, 'due_date', due_date,
            'late_from', late_from, 'first_submitted_at', received_at, 'exempt', exempt
        ) ORDER BY agency), '[]') FROM report),
    'due_soon_days', (
        SELECT coalesce((
            SELECT h.due_soon_days FROM due_soon_history h
            WHERE h.plan_id = plan.id AND h.valid_until > :as_of
            ORDER BY h.valid_until LIMIT 1
        ), plan.due_soon_days)
        FROM plan JOIN reporting_period p ON p.plan_id = plan.id WHERE p.id = :period_id)
)::text
""")

# The targets of a period's plan, the values in force at an instant, and the formulas of the
# period's indicators. Without `by_agency` the value is the plan's where the subtree contains the
# plan's owner, else that of the subtree's root.
LIST_TARGETS = text("""
WITH in_force AS (
    SELECT DISTINCT ON (v.target_id, v.agency_id) v.target_id, v.agency_id, v.value, v.baseline
    FROM reporting_period p
    JOIN target t ON t.plan_id = p.plan_id
    JOIN target_value v ON v.target_id = t.id
    WHERE p.id = :period_id AND v.recorded_at <= :as_of
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
        WHERE p.id = :period_id),
    'values', (
        SELECT coalesce(json_agg(json_build_array(
            CASE WHEN CAST(:by_agency AS boolean) THEN a.code END, t.code, v.value::text,
            v.baseline::text)), '[]')
        FROM in_force v
        JOIN target t ON t.id = v.target_id
        JOIN plan ON plan.id = t.plan_id
        JOIN agency owner ON owner.id = plan.owner_id
        LEFT JOIN agency a ON a.id = v.agency_id
        WHERE CASE
            WHEN CAST(:by_agency AS boolean)
                THEN a.id IS NOT NULL AND within_reach(a.path, :subtree)
            WHEN within_reach(owner.path, :subtree) THEN a.id IS NULL
            ELSE a.path || '%' = :subtree
        END),
    'formulas', (
        SELECT coalesce(json_object_agg(i.code, i.formula), '{}')
        FROM reporting_period p
        JOIN plan_indicator adopted
            ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
        JOIN indicator i ON i.id = adopted.indicator_id
        WHERE p.id = :period_id AND i.formula IS NOT NULL)
)::text
""")

# The figures of some indicators: their sums, the agencies that gave one and those that have to; for
# the whole subtree, or by agency.
SUM_TARGET_FIGURES = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
), chosen AS (
    SELECT CASE WHEN CAST(:by_agency AS boolean) THEN agency END AS agency, obligation_id, exempt,
        CASE CAST(:basis AS text) WHEN 'accepted' THEN accepted_id ELSE last_id END AS revision_id
    FROM report
), needed AS (
    SELECT i.id, i.code
    FROM reporting_period p
    JOIN plan_indicator adopted ON adopted.plan_id = p.plan_id
    JOIN indicator i ON i.id = adopted.indicator_id
    WHERE p.id = :period_id AND i.code = ANY(CAST(:codes AS text[]))
), figure AS (
    SELECT agency, needed.code, sum(e.value) AS value, count(*) AS agencies, 0::bigint AS expected
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
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'agencies', (SELECT coalesce(json_agg(json_build_array(agency, agency_name)
        ORDER BY agency), '[]') FROM report),
    'figures', (
        SELECT coalesce(json_agg(json_build_array(agency, code, value, agencies, expected)), '[]')
        FROM (
            SELECT agency, code, sum(value)::text AS value, sum(agencies) AS agencies,
                sum(expected) AS expected
            FROM figure GROUP BY 1, 2
        ) AS summed)
)::text
""")
