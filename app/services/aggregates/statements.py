"""The SQL of the aggregates; each statement takes one revision of every agency in a subtree.

The function `reports_as_of` gives the reports of a period as they stood at an instant, `coverage`
what an aggregate says of its completeness, and `only_compared` the reports whose figures no sum
contains. All are made by migrations.
"""

from sqlalchemy import text

# The sum of each indicator of a period over the accepted or the last submitted revisions, with the
# figures that are compared with it.
SUM_INDICATORS = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
), chosen AS (
    SELECT agency, agency_name,
        CASE CAST(:basis AS text) WHEN 'accepted' THEN accepted_id ELSE last_id END AS id
    FROM report
), summed AS (
    SELECT e.indicator_id, sum(e.value) AS value,
        sum(coalesce(e.estimate, e.value)) FILTER (WHERE e.value IS NOT NULL) AS estimate,
        count(e.estimate) AS estimates, count(*) AS agencies,
        min(coalesce(e.actual_to, p.data_to)) AS first_day,
        max(coalesce(e.actual_to, p.data_to)) AS last_day
    FROM chosen
    JOIN revision_entry e ON e.revision_id = chosen.id AND NOT e.compared
    JOIN reporting_period p ON p.id = :period_id
    GROUP BY 1
), beside AS MATERIALIZED (
    SELECT e.indicator_id, json_agg(json_build_object(
        'agency', chosen.agency, 'agency_name', chosen.agency_name, 'value', e.value::text,
        'difference', (e.value - s.value)::text
    ) ORDER BY chosen.agency) AS figures
    FROM chosen
    JOIN revision_entry e ON e.revision_id = chosen.id AND e.compared
    LEFT JOIN summed s ON s.indicator_id = e.indicator_id
    GROUP BY 1
)
SELECT json_build_object(
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'only_compared', (
        SELECT json_agg(report.agency ORDER BY report.agency)
        FROM only_compared((
            SELECT array_agg(obligation_id) FROM report WHERE NOT submitted AND NOT exempt
        )) AS it JOIN report USING (obligation_id)),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'project', j.code, 'indicator', i.code, 'name', i.name, 'unit', i.unit,
            'kind', i.kind, 'formula', i.formula, 'decimals', i.decimals,
            'value', s.value::text, 'agencies', coalesce(s.agencies, 0),
            'estimate', CASE WHEN s.estimates > 0 THEN s.estimate::text END,
            'actual_to_earliest', s.first_day, 'actual_to_latest', s.last_day,
            'compared', coalesce(beside.figures, '[]')
        ) ORDER BY adopted.position), '[]')
        FROM reporting_period p
        JOIN plan_indicator adopted
            ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
        JOIN indicator i ON i.id = adopted.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        LEFT JOIN summed s ON s.indicator_id = i.id
        LEFT JOIN beside ON beside.indicator_id = i.id
        WHERE p.id = :period_id)
)::text
""")

# Money allocated and disbursed by project, source, origin and nature ('' where it is not stated). A
# disbursement without a nature has that of the plan's money, where this has only one. What the plan
# has not yet given to an agency belongs to the plan's owner, so to every subtree that includes it.
# What agencies that report only money say of it stands beside.
SUM_MONEY = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM reports_as_of(:period_id, :subtree, :as_of)
), chosen AS (
    SELECT agency, agency_name,
        CASE CAST(:basis AS text) WHEN 'accepted' THEN accepted_id ELSE last_id END AS id
    FROM report
), line AS (
    SELECT b.project_id, b.source, b.origin, b.nature
    FROM reporting_period p JOIN budget_change b ON b.plan_id = p.plan_id
    WHERE p.id = :period_id AND b.recorded_at <= :as_of
    GROUP BY 1, 2, 3, 4 HAVING sum(b.change_vnd) > 0
), only_line AS (
    SELECT project_id, source, origin, min(nature) AS nature
    FROM line GROUP BY 1, 2, 3 HAVING count(*) = 1
), spent AS (
    SELECT chosen.agency, chosen.agency_name, d.compared, d.project_id, d.source, d.origin,
        coalesce(d.nature, only_line.nature, '') AS nature, d.amount_vnd,
        d.estimate_year_end_vnd AS year_end_vnd, d.estimate_settlement_vnd AS settlement_vnd
    FROM chosen
    JOIN revision_disbursement d ON d.revision_id = chosen.id
    LEFT JOIN only_line ON (only_line.project_id, only_line.source, only_line.origin)
        = (d.project_id, d.source, d.origin)
), disbursed AS (
    SELECT project_id, source, origin, nature, sum(amount_vnd) AS vnd,
        count(DISTINCT agency) AS agencies,
        CASE WHEN count(year_end_vnd) > 0
            THEN sum(coalesce(year_end_vnd, amount_vnd)) END AS year_end_vnd,
        CASE WHEN count(settlement_vnd) > 0
            THEN sum(coalesce(settlement_vnd, year_end_vnd, amount_vnd)) END AS settlement_vnd
    FROM spent WHERE NOT compared GROUP BY 1, 2, 3, 4
), beside AS MATERIALIZED (
    SELECT project_id, source, origin, nature, json_agg(json_build_object(
        'agency', agency, 'agency_name', agency_name, 'disbursed_vnd', amount_vnd,
        'difference_vnd', amount_vnd - coalesce(disbursed.vnd, 0)
    ) ORDER BY agency) AS amounts
    FROM spent LEFT JOIN disbursed USING (project_id, source, origin, nature)
    WHERE compared GROUP BY 1, 2, 3, 4
), allocated AS (
    SELECT b.project_id, b.source, b.origin, coalesce(b.nature, '') AS nature,
        sum(b.change_vnd) AS vnd
    FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id
    JOIN budget_change b ON b.plan_id = p.plan_id
    JOIN agency holder ON holder.id = coalesce(b.agency_id, plan.owner_id)
    WHERE p.id = :period_id AND within_reach(holder.path, :subtree) AND b.recorded_at <= :as_of
    GROUP BY 1, 2, 3, 4
)
SELECT json_build_object(
    'coverage', coverage((SELECT array_agg(ROW(report.*)::report_as_of) FROM report)),
    'only_compared', (
        SELECT json_agg(report.agency ORDER BY report.agency)
        FROM only_compared((
            SELECT array_agg(obligation_id) FROM report WHERE NOT submitted AND NOT exempt
        )) AS it JOIN report USING (obligation_id) WHERE it.money_only),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'project', j.code, 'name', j.name, 'source', source, 'origin', origin,
            'nature', nullif(nature, ''),
            'allocated_vnd', coalesce(allocated.vnd, 0),
            'disbursed_vnd', coalesce(disbursed.vnd, 0),
            'estimate_year_end_vnd', disbursed.year_end_vnd,
            'estimate_settlement_vnd', disbursed.settlement_vnd,
            'agencies', coalesce(disbursed.agencies, 0),
            'compared', coalesce(beside.amounts, '[]')
        ) ORDER BY adopted.position, source, origin DESC, nature), '[]')
        FROM allocated FULL JOIN disbursed USING (project_id, source, origin, nature)
        FULL JOIN beside USING (project_id, source, origin, nature)
        JOIN project j ON j.id = project_id
        JOIN reporting_period p ON p.id = :period_id
        JOIN plan_project adopted ON adopted.plan_id = p.plan_id AND adopted.project_id = j.id
        WHERE coalesce(allocated.vnd, 0) > 0 OR disbursed.vnd IS NOT NULL
        OR beside.amounts IS NOT NULL)
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
