-- The sums of a subtree's indicators in one period over the revisions accepted at an instant, with
-- their coverage. $1: code of the period, $2: LIKE pattern of paths, $3: the instant.
WITH owed AS MATERIALIZED (
    SELECT r.id AS report_id, o.late_from, o.exempted_at IS NOT NULL AS exempt
    FROM reporting_period p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    WHERE p.code = $1 AND a.path LIKE $2
), sent AS (
    SELECT v.report_id, min(v.received_at) AS received_at
    FROM owed JOIN revision v USING (report_id) WHERE v.recorded_at <= $3 GROUP BY 1
), accepted AS MATERIALIZED (
    SELECT DISTINCT ON (d.report_id) d.report_id, d.revision_id
    FROM owed JOIN decision d USING (report_id)
    WHERE d.action = 'accepted' AND d.recorded_at <= $3 ORDER BY d.report_id, d.recorded_at DESC
), summed AS (
    SELECT e.indicator_id, sum(e.value) AS value, count(*) AS agencies
    FROM accepted JOIN revision_entry e USING (revision_id) GROUP BY 1
)
SELECT json_build_object(
    'coverage', (
        SELECT json_build_object(
            'expected', count(*) FILTER (WHERE NOT exempt OR received_at IS NOT NULL),
            'submitted', count(received_at), 'accepted', count(revision_id),
            'on_time', count(*) FILTER (WHERE received_at < late_from),
            'late', count(*) FILTER (WHERE received_at >= late_from))
        FROM owed LEFT JOIN sent USING (report_id) LEFT JOIN accepted USING (report_id)),
    'rows', (
        SELECT json_agg(json_build_object(
            'indicator', i.code, 'value', s.value::float, 'agencies', s.agencies))
        FROM summed s JOIN indicator i ON i.id = s.indicator_id)
)::text
