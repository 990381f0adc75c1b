-- The reports of a subtree in one period with their times of receipt: the coverage, and the first
-- page. $1: code of the period, $2: LIKE pattern of paths, $3: the instant, $4: rows of the page.
WITH owed AS MATERIALIZED (
    SELECT a.code, a.name, o.due_date, o.late_from, o.exempted_at IS NOT NULL AS exempt,
        plan.code AS plan, sent.received_at
    FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN revision sent ON sent.report_id = r.id AND sent.number = 1 AND sent.recorded_at <= $3
    WHERE p.code = $1 AND a.path LIKE $2
)
SELECT json_build_object(
    'coverage', (
        SELECT json_build_object(
            'expected', count(*) FILTER (WHERE NOT exempt OR received_at IS NOT NULL),
            'submitted', count(received_at),
            'on_time', count(*) FILTER (WHERE received_at < late_from),
            'late', count(*) FILTER (WHERE received_at >= late_from))
        FROM owed),
    'rows', (
        SELECT json_agg(page) FROM (
            SELECT * FROM owed ORDER BY code COLLATE "C", plan COLLATE "C" LIMIT $4
        ) AS page)
)::text
