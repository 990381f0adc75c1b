"""The SQL of sums over several plans, and of breakdowns; as `statements` for one plan.

Definitions are shared by the plans of a programme, so figures are summed by definition. Each report
is read once, whatever the number of plans, and counts for the agency that its own became where
`regrouped_reports` is given one. `breakdown`, `coverage_up_to`, `governments_without_plan` and
`only_compared` are made by migrations.

What is compared is compared with the sum of its own plan, whatever the breakdown. Few reports have
such figures, and at most `most` of a row are listed.
"""

from sqlalchemy import text

# The sums of each indicator over the plans, by the groups of a breakdown if there is one. Without
# one, indicators without figures are listed too. Derived indicators have a row in each group.
SUM_INDICATORS = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM regrouped_reports(CAST(:periods AS bigint[]), :subtree, :as_of,
        CAST(:moved AS bigint[]), CAST(:became AS bigint[]))
), member AS MATERIALIZED (
    SELECT * FROM breakdown(:root, CAST(:by AS text)) WHERE CAST(:by AS text) IS NOT NULL
), chosen AS MATERIALIZED (
    -- Figures are summed by a number in place of the group: hashing texts would cost more.
    SELECT m.group_id, m.group_code, r.agency_id, r.agency, r.agency_name, r.obligation_id,
        dense_rank() OVER (ORDER BY m.group_code, m.group_id) AS group_number,
        CASE CAST(:basis AS text) WHEN 'accepted' THEN r.accepted_id ELSE r.last_id END AS id,
        count(*) OVER (PARTITION BY r.agency_id) > 1 AS is_one_of_several
    FROM report r LEFT JOIN member m ON m.agency_id = r.agency_id
), closing AS (
    SELECT max(data_to) AS day FROM reporting_period WHERE id = ANY(CAST(:periods AS bigint[]))
), numbered AS (
    -- A figure without an estimate is its own, one without a day is up to the closing day. Most
    -- have neither, so what differs is added to sums that skip nulls.
    SELECT group_number, indicator_id, sum(value) AS value,
        sum(value) + coalesce(sum(estimate - value), 0) AS estimate,
        count(estimate) AS estimates, count(*) AS reports,
        min(actual_to) AS first_day, max(actual_to) AS last_day, count(actual_to) AS days
    FROM chosen JOIN revision_entry e ON e.revision_id = chosen.id AND NOT e.compared
    GROUP BY 1, 2
), summed AS (
    SELECT g.group_id, g.group_code, indicator_id, value, estimate, estimates, reports,
        CASE WHEN days = reports THEN first_day ELSE least(first_day, closing.day) END AS first_day,
        CASE WHEN days = reports THEN last_day ELSE greatest(last_day, closing.day) END AS last_day
    FROM numbered
    JOIN (SELECT DISTINCT group_number, group_id, group_code FROM chosen) AS g USING (group_number)
    CROSS JOIN closing
), again AS (
    -- Agencies that gave an indicator in several reports count once. Few do, so counting distinct
    -- agencies in `summed`, which sorts all figures, would cost more.
    SELECT group_id, group_code, indicator_id, count(*) - count(DISTINCT agency_id) AS reports
    FROM chosen JOIN revision_entry e ON e.revision_id = chosen.id AND NOT e.compared
    WHERE is_one_of_several GROUP BY 1, 2, 3
), compared AS MATERIALIZED (
    SELECT chosen.group_id, chosen.group_code, e.indicator_id, e.value, chosen.agency,
        chosen.agency_name, p.id AS period_id, plan.code AS plan, row_number() OVER (
            PARTITION BY chosen.group_id, chosen.group_code, e.indicator_id
            ORDER BY plan.code COLLATE "C", chosen.agency COLLATE "C") AS place
    FROM chosen
    JOIN revision_entry e ON e.revision_id = chosen.id AND e.compared
    JOIN obligation o ON o.id = chosen.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
), sent AS MATERIALIZED (
    SELECT o.period_id, array_agg(chosen.id) AS ids
    FROM chosen JOIN obligation o ON o.id = chosen.obligation_id
    WHERE EXISTS (SELECT FROM compared) GROUP BY 1
), of_plan AS MATERIALIZED (
    -- The sums of the plans of what is compared; by arrays, so that reports are joined only once.
    SELECT listed.period_id, listed.indicator_id, (
        SELECT sum(e.value) FROM revision_entry e
        WHERE e.revision_id = ANY(sent.ids) AND e.indicator_id = listed.indicator_id
        AND NOT e.compared
    ) AS value
    FROM (
        SELECT DISTINCT period_id, indicator_id FROM compared WHERE place <= CAST(:most AS int)
    ) AS listed
    JOIN sent ON sent.period_id = listed.period_id
), beside AS MATERIALIZED (
    SELECT c.group_id, c.group_code, c.indicator_id, count(*) AS figures,
        json_agg(json_build_object(
            'plan', c.plan, 'agency', c.agency, 'agency_name', c.agency_name,
            'value', c.value::text, 'difference', (c.value - of_plan.value)::text
        ) ORDER BY c.place) FILTER (WHERE c.place <= CAST(:most AS int)) AS listed
    FROM compared c
    LEFT JOIN of_plan ON (of_plan.period_id, of_plan.indicator_id) = (c.period_id, c.indicator_id)
    GROUP BY 1, 2, 3
), adopted AS (
    SELECT DISTINCT adopted.indicator_id
    FROM reporting_period p
    JOIN plan_indicator adopted
        ON adopted.plan_id = p.plan_id AND p.frequency = ANY(adopted.frequencies)
    WHERE p.id = ANY(CAST(:periods AS bigint[]))
), line AS (
    SELECT group_id, group_code, indicator_id FROM summed
    UNION
    SELECT group_id, group_code, indicator_id FROM beside
    UNION
    SELECT g.group_id, g.group_code, adopted.indicator_id
    FROM (SELECT DISTINCT group_id, group_code FROM summed) AS g, adopted
    JOIN indicator i ON i.id = adopted.indicator_id AND i.formula IS NOT NULL
    UNION
    SELECT NULL, NULL, indicator_id FROM adopted WHERE CAST(:by AS text) IS NULL
)
SELECT json_build_object(
    'coverage', coverage_up_to(
        (SELECT array_agg(ROW(report.*)::report_as_of) FROM report), CAST(:most AS int)),
    'only_compared', (
        SELECT json_agg(report.agency ORDER BY report.agency)
        FROM only_compared((
            SELECT array_agg(obligation_id) FROM report WHERE NOT submitted AND NOT exempt
        )) AS it JOIN report USING (obligation_id)),
    'without_plan', (
        SELECT governments_without_plan(root, CAST(:periods AS bigint[]), CAST(:day AS date))
        FROM agency AS root WHERE root.id = :root_id),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'group', line.group_code, 'group_id', line.group_id,
            'group_name', (SELECT g.name FROM agency g WHERE g.id = line.group_id),
            'plan', (SELECT plan.code FROM plan WHERE plan.id = i.plan_id),
            'project', j.code, 'indicator', i.code, 'name', i.name, 'unit', i.unit,
            'kind', i.kind, 'formula', i.formula, 'decimals', i.decimals,
            'value', s.value::text,
            'agencies', coalesce(s.reports, 0) - coalesce(again.reports, 0),
            'estimate', CASE WHEN s.estimates > 0 THEN s.estimate::text END,
            'actual_to_earliest', s.first_day, 'actual_to_latest', s.last_day,
            'compared', coalesce(beside.listed, '[]'),
            'compared_count', coalesce(beside.figures, 0)
        ) ORDER BY line.group_code, line.group_id, i.plan_id NULLS FIRST, i.position), '[]')
        FROM line
        JOIN indicator i ON i.id = line.indicator_id
        LEFT JOIN project j ON j.id = i.project_id
        LEFT JOIN summed s ON s.indicator_id = line.indicator_id
            AND (s.group_id, s.group_code) IS NOT DISTINCT FROM (line.group_id, line.group_code)
        LEFT JOIN again ON again.indicator_id = line.indicator_id
            AND (again.group_id, again.group_code)
                IS NOT DISTINCT FROM (line.group_id, line.group_code)
        LEFT JOIN beside ON beside.indicator_id = line.indicator_id
            AND (beside.group_id, beside.group_code)
                IS NOT DISTINCT FROM (line.group_id, line.group_code))
)::text
""")

# Money allocated and disbursed over the plans by project, source, origin and nature (by project
# alone in that breakdown), and by the groups of another breakdown. A disbursement without a nature
# has that of its plan's money, where this has only one. What a plan has not yet given to an agency
# belongs to its owner.
SUM_MONEY = text("""
WITH report AS MATERIALIZED (
    SELECT * FROM regrouped_reports(CAST(:periods AS bigint[]), :subtree, :as_of,
        CAST(:moved AS bigint[]), CAST(:became AS bigint[]))
), member AS MATERIALIZED (
    SELECT * FROM breakdown(:root, CAST(:by AS text)) WHERE CAST(:by AS text) IS NOT NULL
), line AS (
    SELECT b.plan_id, b.project_id, b.source, b.origin, b.nature
    FROM budget_change b
    WHERE b.plan_id IN (
        SELECT plan_id FROM reporting_period WHERE id = ANY(CAST(:periods AS bigint[]))
    ) AND b.recorded_at <= :as_of
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(b.change_vnd) > 0
), only_line AS NOT MATERIALIZED (
    SELECT plan_id, project_id, source, origin, min(nature) AS nature
    FROM line GROUP BY 1, 2, 3, 4 HAVING count(*) = 1
), compared AS MATERIALIZED (
    SELECT r.agency_id, r.agency, r.agency_name, p.id AS period_id, d.project_id, d.amount_vnd,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE d.source END AS source,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE d.origin END AS origin,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL
            ELSE coalesce(d.nature, only_line.nature) END AS nature
    FROM report r
    JOIN revision_disbursement d ON d.compared AND d.revision_id
        = CASE CAST(:basis AS text) WHEN 'accepted' THEN r.accepted_id ELSE r.last_id END
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    LEFT JOIN only_line
        ON (only_line.plan_id, only_line.project_id, only_line.source, only_line.origin)
        = (p.plan_id, d.project_id, d.source, d.origin)
), sent AS MATERIALIZED (
    SELECT o.period_id, array_agg(
        CASE CAST(:basis AS text) WHEN 'accepted' THEN r.accepted_id ELSE r.last_id END) AS ids
    FROM report r JOIN obligation o ON o.id = r.obligation_id
    WHERE EXISTS (SELECT FROM compared) GROUP BY 1
), of_plan AS MATERIALIZED (
    -- The sums of the plans of what is compared; by arrays, so that reports are joined only once.
    SELECT listed.period_id, d.project_id,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE d.source END AS source,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE d.origin END AS origin,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL
            ELSE coalesce(d.nature, only_line.nature) END AS nature,
        sum(d.amount_vnd) AS vnd
    FROM (SELECT DISTINCT period_id FROM compared) AS listed
    JOIN reporting_period p ON p.id = listed.period_id
    JOIN sent ON sent.period_id = p.id
    JOIN revision_disbursement d ON d.revision_id = ANY(sent.ids) AND NOT d.compared
    LEFT JOIN only_line
        ON (only_line.plan_id, only_line.project_id, only_line.source, only_line.origin)
        = (p.plan_id, d.project_id, d.source, d.origin)
    GROUP BY 1, 2, 3, 4, 5
), of_reporter AS (
    SELECT m.group_id, m.group_code, c.project_id, c.source, c.origin, c.nature, c.period_id,
        c.agency, c.agency_name, plan.code AS plan, sum(c.amount_vnd) AS vnd,
        row_number() OVER (
            PARTITION BY m.group_id, m.group_code, c.project_id, c.source, c.origin, c.nature
            ORDER BY plan.code COLLATE "C", c.agency COLLATE "C") AS place
    FROM compared c
    JOIN reporting_period p ON p.id = c.period_id
    JOIN plan ON plan.id = p.plan_id
    LEFT JOIN member m ON m.agency_id = c.agency_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
), beside AS MATERIALIZED (
    SELECT c.group_id, c.group_code, c.project_id, c.source, c.origin, c.nature,
        count(*) AS amounts,
        json_agg(json_build_object(
            'plan', c.plan, 'agency', c.agency, 'agency_name', c.agency_name,
            'disbursed_vnd', c.vnd, 'difference_vnd', c.vnd - coalesce(of_plan.vnd, 0)
        ) ORDER BY c.place) FILTER (WHERE c.place <= CAST(:most AS int)) AS listed
    FROM of_reporter c
    LEFT JOIN of_plan ON (of_plan.period_id, of_plan.project_id) = (c.period_id, c.project_id)
        AND (of_plan.source, of_plan.origin, of_plan.nature)
            IS NOT DISTINCT FROM (c.source, c.origin, c.nature)
    GROUP BY 1, 2, 3, 4, 5, 6
), money AS (
    SELECT r.agency_id, r.agency_id AS spender_id, d.project_id, d.source, d.origin,
        coalesce(d.nature, only_line.nature) AS nature,
        0 AS allocated_vnd, d.amount_vnd AS disbursed_vnd,
        d.estimate_year_end_vnd AS year_end_vnd, d.estimate_settlement_vnd AS settlement_vnd
    FROM report r
    JOIN revision_disbursement d ON NOT d.compared AND d.revision_id
        = CASE CAST(:basis AS text) WHEN 'accepted' THEN r.accepted_id ELSE r.last_id END
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    LEFT JOIN only_line
        ON (only_line.plan_id, only_line.project_id, only_line.source, only_line.origin)
        = (p.plan_id, d.project_id, d.source, d.origin)
    UNION ALL
    -- A row for each amount that is compared with none.
    SELECT agency_id, NULL, project_id, source, origin, nature, 0, 0, NULL, NULL FROM compared
    UNION ALL
    SELECT holder.id, NULL, b.project_id, b.source, b.origin, b.nature, b.change_vnd, 0,
        NULL, NULL
    FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id
    JOIN budget_change b ON b.plan_id = p.plan_id
    LEFT JOIN unnest(CAST(:moved AS bigint[]), CAST(:became AS bigint[]))
        AS m (agency_id, became_id) ON m.agency_id = coalesce(b.agency_id, plan.owner_id)
    JOIN agency holder ON holder.id = coalesce(m.became_id, b.agency_id, plan.owner_id)
    WHERE p.id = ANY(CAST(:periods AS bigint[])) AND within_reach(holder.path, :subtree)
    AND b.recorded_at <= :as_of
), of_agency AS (
    -- By agency first: counting distinct agencies in `summed` would sort all amounts.
    SELECT agency_id, spender_id, project_id,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE source END AS source,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE origin END AS origin,
        CASE WHEN CAST(:by AS text) = 'project' THEN NULL ELSE nature END AS nature,
        sum(allocated_vnd) AS allocated_vnd, sum(disbursed_vnd) AS disbursed_vnd,
        CASE WHEN count(year_end_vnd) > 0
            THEN sum(coalesce(year_end_vnd, disbursed_vnd)) END AS year_end_vnd,
        CASE WHEN count(settlement_vnd) > 0
            THEN sum(coalesce(settlement_vnd, year_end_vnd, disbursed_vnd)) END AS settlement_vnd
    FROM money GROUP BY 1, 2, 3, 4, 5, 6
), summed AS (
    SELECT m.group_id, m.group_code, m.group_name, project_id, source, origin, nature,
        sum(allocated_vnd) AS allocated_vnd, sum(disbursed_vnd) AS disbursed_vnd,
        CASE WHEN count(year_end_vnd) > 0
            THEN sum(coalesce(year_end_vnd, disbursed_vnd)) END AS year_end_vnd,
        CASE WHEN count(settlement_vnd) > 0
            THEN sum(coalesce(settlement_vnd, year_end_vnd, disbursed_vnd)) END AS settlement_vnd,
        count(spender_id) AS agencies
    FROM of_agency LEFT JOIN member m ON m.agency_id = of_agency.agency_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT json_build_object(
    'coverage', coverage_up_to(
        (SELECT array_agg(ROW(report.*)::report_as_of) FROM report), CAST(:most AS int)),
    'only_compared', (
        SELECT json_agg(report.agency ORDER BY report.agency)
        FROM only_compared((
            SELECT array_agg(obligation_id) FROM report WHERE NOT submitted AND NOT exempt
        )) AS it JOIN report USING (obligation_id) WHERE it.money_only),
    'without_plan', (
        SELECT governments_without_plan(root, CAST(:periods AS bigint[]), CAST(:day AS date))
        FROM agency AS root WHERE root.id = :root_id),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'group', s.group_code, 'group_name', s.group_name, 'group_id', s.group_id,
            'plan', (SELECT plan.code FROM plan WHERE plan.id = j.plan_id),
            'project', j.code, 'name', j.name, 'source', s.source, 'origin', s.origin,
            'nature', s.nature,
            'allocated_vnd', s.allocated_vnd, 'disbursed_vnd', s.disbursed_vnd,
            'estimate_year_end_vnd', s.year_end_vnd, 'estimate_settlement_vnd', s.settlement_vnd,
            'agencies', s.agencies, 'compared', coalesce(beside.listed, '[]'),
            'compared_count', coalesce(beside.amounts, 0)
        ) ORDER BY s.group_code, s.group_id, j.plan_id NULLS FIRST, j.position, s.source,
            s.origin DESC, s.nature NULLS FIRST), '[]')
        FROM summed s
        JOIN project j ON j.id = s.project_id
        LEFT JOIN beside ON beside.project_id = s.project_id
            AND (beside.group_id, beside.group_code, beside.source, beside.origin, beside.nature)
                IS NOT DISTINCT FROM (s.group_id, s.group_code, s.source, s.origin, s.nature)
        WHERE s.allocated_vnd > 0 OR s.agencies > 0 OR beside.amounts > 0)
)::text
""")

# The facts by which the timeliness of reports at an instant is decided: of one page of them, in the
# order of agencies and plans, and of all of them in classes, which have the same timeliness. The
# classes are those of each group of a breakdown by governments or kinds, which lists no reports.
LIST_TIMELINESS_FACTS = text("""
WITH report AS MATERIALIZED (
    SELECT p.plan_id, r.*
    FROM regrouped_reports(CAST(:periods AS bigint[]), :subtree, :as_of,
        CAST(:moved AS bigint[]), CAST(:became AS bigint[])) AS r
    JOIN obligation o ON o.id = r.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
), member AS MATERIALIZED (
    SELECT * FROM breakdown(:root, CAST(:by AS text))
    WHERE CAST(:by AS text) IN ('government', 'kind')
), class AS (
    SELECT m.group_code, m.group_name, m.group_id, r.plan_id, r.late_from, r.exempt,
        min(r.received_at) AS received_at, count(*) AS reports
    FROM report r LEFT JOIN member m ON m.agency_id = r.agency_id
    GROUP BY 1, 2, 3, 4, 5, 6, r.received_at < r.late_from
), page AS (
    SELECT plan.code AS plan, r.* FROM report r JOIN plan ON plan.id = r.plan_id
    WHERE coalesce(CAST(:by AS text), 'agency') = 'agency'
    AND (CAST(:after_agency AS text) IS NULL OR (r.agency COLLATE "C", plan.code COLLATE "C")
        > (CAST(:after_agency AS text), CAST(:after_plan AS text)))
    ORDER BY r.agency COLLATE "C", plan.code COLLATE "C" LIMIT CAST(:rows AS int)
)
SELECT json_build_object(
    'coverage', coverage_up_to((
        SELECT array_agg(ROW(obligation_id, agency_id, agency, agency_name, received_at, submitted,
            exempt, due_date, late_from, accepted_id, last_id)::report_as_of) FROM report), :most),
    'without_plan', (
        SELECT governments_without_plan(root, CAST(:periods AS bigint[]), CAST(:day AS date))
        FROM agency AS root WHERE root.id = :root_id),
    'classes', (
        SELECT coalesce(json_agg(json_build_object(
            'group', c.group_code, 'group_name', c.group_name, 'group_id', c.group_id,
            'plan', plan.code, 'late_from', c.late_from, 'first_submitted_at', c.received_at,
            'exempt', c.exempt, 'reports', c.reports
        )), '[]')
        FROM class c JOIN plan ON plan.id = c.plan_id),
    'rows', (
        SELECT coalesce(json_agg(json_build_object(
            'plan', plan, 'agency', agency, 'agency_name', agency_name,
            'due_date', due_date, 'late_from', late_from,
            'first_submitted_at', received_at, 'exempt', exempt
        ) ORDER BY agency COLLATE "C", plan COLLATE "C"), '[]')
        FROM page),
    'due_soon_days', (
        SELECT json_object_agg(plan.code, coalesce((
            SELECT h.due_soon_days FROM due_soon_history h
            WHERE h.plan_id = plan.id AND h.valid_until > :as_of
            ORDER BY h.valid_until LIMIT 1
        ), plan.due_soon_days))
        FROM plan JOIN reporting_period p ON p.plan_id = plan.id
        WHERE p.id = ANY(CAST(:periods AS bigint[])))
)::text
""")
