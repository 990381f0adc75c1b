"""What an agency has to fill in a period, and the facts that its figures are held against."""

import json
from decimal import Decimal
from typing import Any

from app.db.driver import Connection, Statement
from app.services.reports.validation import Facts, Line

EXPECTED = """
    FROM indicator i
    LEFT JOIN project ip ON ip.id = i.project_id
    LEFT JOIN assignment s ON s.project_id = i.project_id AND s.agency_id = a.id
    WHERE i.plan_id = p.plan_id
    AND p.frequency = ANY(i.frequencies)
    AND (i.project_id IS NULL OR s.role IS NOT NULL)
    AND (
        ('communes' = ANY(i.filled_by) AND a.kind IN ('commune', 'township'))
        OR ('leads' = ANY(i.filled_by) AND a.kind NOT IN ('commune', 'township')
            AND s.role = 'lead')
        OR a.code = ANY(i.filled_by)
    )
"""
"""The indicators `i` of projects `ip` that agency `a` fills in period `p`: one of the selectors
names it, and it has a part `s` in the project."""

REQUIRED = "(i.project_id IS NULL OR s.role = 'lead')"
"""Who only coordinates may give a figure and need not."""

# One round trip for all that a body is judged by; each part is a few rows found by index.
FACTS = Statement(f"""
WITH earlier AS MATERIALIZED (
    SELECT DISTINCT ON (ep.id) ep.frequency, ep.ordinal, ep.data_to, rev.id AS revision_id
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN reporting_period ep ON ep.plan_id = p.plan_id AND ep.year = p.year AND ep.id <> p.id
        AND ep.data_to <= p.data_to
    JOIN obligation eo ON eo.period_id = ep.id AND eo.agency_id = o.agency_id
    JOIN report er ON er.obligation_id = eo.id
    JOIN revision rev ON rev.report_id = er.id
    WHERE o.id = :obligation_id
    ORDER BY ep.id, rev.number DESC
), quarters AS (
    SELECT revision_id, count(*) OVER () AS sent FROM earlier WHERE frequency = 'quarter'
)
SELECT json_build_object(
    'lines', (SELECT coalesce(json_agg(json_build_object(
        'indicator', i.code, 'project', ip.code, 'kind', i.kind, 'unit', i.unit,
        'decimals', i.decimals, 'maximum', i.maximum::text, 'required', {REQUIRED}
        ) ORDER BY i.position), '[]') {EXPECTED}),
    'projects', (SELECT coalesce(json_agg(j.code), '[]') FROM assignment s
        JOIN project j ON j.id = s.project_id
        WHERE s.agency_id = a.id AND j.plan_id = p.plan_id),
    'known_indicators', (SELECT coalesce(json_agg(code), '[]') FROM indicator
        WHERE plan_id = p.plan_id),
    'known_projects', (SELECT coalesce(json_agg(code), '[]') FROM project
        WHERE plan_id = p.plan_id),
    'allocated', (SELECT coalesce(json_agg(json_build_array(m.code, source, origin, total)), '[]')
        FROM (SELECT j.code, b.source, b.origin, sum(b.amount_vnd) AS total
            FROM budget_line b JOIN project j ON j.id = b.project_id
            WHERE j.plan_id = p.plan_id GROUP BY 1, 2, 3) AS m),
    'spent_before', (SELECT coalesce(json_agg(json_build_array(m.code, source, origin, most)), '[]')
        FROM (SELECT j.code, d.source, d.origin, max(d.amount_vnd) AS most
            FROM earlier e JOIN revision_disbursement d ON d.revision_id = e.revision_id
            JOIN project j ON j.id = d.project_id
            WHERE e.data_to < p.data_to GROUP BY 1, 2, 3) AS m),
    'quarters', (SELECT coalesce(json_agg(json_build_array(m.code, m.total::text)), '[]')
        FROM (SELECT i.code, sum(e.value) AS total
            FROM quarters q JOIN revision_entry e ON e.revision_id = q.revision_id
            JOIN indicator i ON i.id = e.indicator_id
            WHERE i.kind = 'flow' AND 'quarter' = ANY(i.frequencies)
            AND p.frequency <> 'quarter'
            AND q.sent = CASE p.frequency WHEN 'half_year' THEN 2 * p.ordinal ELSE 4 END
            GROUP BY 1) AS m)
)::text AS facts
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
WHERE o.id = :obligation_id
""")  # noqa: S608 - composed of constants


async def facts_for(connection: Connection, obligation_id: int) -> Facts:
    """All that a body for this obligation is judged by."""
    rows = await FACTS.fetch_all(connection, {"obligation_id": obligation_id})
    facts: dict[str, Any] = json.loads(rows[0]["facts"])
    lines = (_line(line) for line in facts["lines"])
    return Facts(
        lines={line.indicator: line for line in lines},
        projects=frozenset(facts["projects"]),
        known_indicators=frozenset(facts["known_indicators"]),
        known_projects=frozenset(facts["known_projects"]),
        allocated={(code, source, origin): vnd for code, source, origin, vnd in facts["allocated"]},
        spent_before={
            (code, source, origin): vnd for code, source, origin, vnd in facts["spent_before"]
        },
        quarters={code: Decimal(total) for code, total in facts["quarters"]},
    )


def _line(line: dict[str, Any]) -> Line:
    return Line(**line | {"maximum": line["maximum"] and Decimal(line["maximum"])})
