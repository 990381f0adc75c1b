"""Who was expected, who sent, who was accepted: the part of the truth that every sum needs.

All is read from rows that are only added to, up to an instant, so that the same question has the
same answer for ever.
"""

ASKED = """
asked AS (
    SELECT o.id AS obligation_id, a.id AS agency_id, a.code, a.name, r.id AS report_id,
        first.received_at, first.number IS NOT NULL AS submitted,
        coalesce(exempt.exempt, false) AND first.number IS NULL AS exempt,
        coalesce(extended.due_date, p.due_date) AS due_date,
        greatest(p.late_from, coalesce(extended.late_from, p.late_from)) AS late_from,
        accepted.revision_id AS accepted_id, last.id AS last_id
    FROM reporting_period p
    JOIN obligation o ON o.period_id = p.id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    LEFT JOIN LATERAL (
        SELECT number, received_at FROM revision
        WHERE report_id = r.id AND recorded_at <= :as_of ORDER BY recorded_at LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT id FROM revision
        WHERE report_id = r.id AND recorded_at <= :as_of ORDER BY recorded_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT revision_id FROM decision
        WHERE report_id = r.id AND action = 'accepted' AND recorded_at <= :as_of
        ORDER BY recorded_at DESC LIMIT 1
    ) AS accepted ON true
    LEFT JOIN LATERAL (
        SELECT exempt FROM exemption
        WHERE obligation_id = o.id AND recorded_at <= :as_of ORDER BY recorded_at DESC LIMIT 1
    ) AS exempt ON true
    LEFT JOIN LATERAL (
        SELECT due_date, late_from FROM extension
        WHERE obligation_id = o.id AND recorded_at <= :as_of ORDER BY recorded_at DESC LIMIT 1
    ) AS extended ON true
    WHERE p.id = :period_id AND a.path LIKE :subtree
    AND (o.added_at IS NULL OR o.added_at <= :as_of)
    AND (first.number IS NOT NULL OR daterange(a.valid_from, a.valid_to, '[]') @> p.data_to)
)
"""
"""The agencies of a subtree that have the period's obligation, each as it stood at `:as_of`."""

CHOSEN = {
    "accepted": "SELECT agency_id, accepted_id AS id FROM asked WHERE accepted_id IS NOT NULL",
    "submitted": "SELECT agency_id, last_id AS id FROM asked WHERE last_id IS NOT NULL",
}
"""The one revision of each agency that a sum takes, by basis."""

COVERAGE = """
SELECT json_build_object(
    'expected', count(*) FILTER (WHERE NOT exempt),
    'submitted', count(*) FILTER (WHERE submitted),
    'accepted', count(*) FILTER (WHERE accepted_id IS NOT NULL),
    'on_time', count(*) FILTER (WHERE received_at < late_from),
    'late', count(*) FILTER (WHERE received_at >= late_from),
    'exempt', count(*) FILTER (WHERE exempt),
    'missing', coalesce(json_agg(code ORDER BY code)
        FILTER (WHERE NOT submitted AND NOT exempt), '[]'),
    'missing_agencies', coalesce(json_agg(
        json_build_object('agency', code, 'agency_name', name) ORDER BY code)
        FILTER (WHERE NOT submitted AND NOT exempt), '[]')
) FROM asked
"""
"""The coverage object of an aggregate."""
