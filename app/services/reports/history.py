"""The reports of one agency over all periods: what was sent when, and what was decided."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db.driver import Connection, Statement
from app.policy import Principal

MOST_PERIODS = 200

# The agency's obligations within reach, the newest first, with all revisions and decisions. Each
# comment of a decision comes with the item of the body that it is about and its indicator's name.
LIST_HISTORY = Statement("""
SELECT plan.title AS plan_title,
    obligation_json(ROW(o.*)::owed_obligation, schedule.due_text, :now)::text AS obligation,
    (SELECT coalesce(json_agg(json_build_object(
        'number', v.number, 'submitted_at', v.submitted_at, 'received_at', v.received_at,
        'submitted_by', v.submitted_by, 'warnings_note', v.warnings_note,
        'fingerprint', v.fingerprint
    ) ORDER BY v.number DESC), '[]') FROM revision v WHERE v.report_id = r.id)::text AS revisions,
    (SELECT coalesce(json_agg(json_build_object(
        'action', d.action, 'revision', v.number, 'reason', d.reason,
        'correction_due', d.correction_due, 'at', d.recorded_at,
        'comments', (SELECT coalesce(json_agg(json_build_object(
            'pointer', c.pointer, 'text', c.text, 'item', item.value, 'name', (
                SELECT i.name FROM indicator i JOIN plan_indicator adopted
                ON adopted.indicator_id = i.id AND adopted.plan_id = o.plan_id
                WHERE i.code = item.value ->> 'indicator')
            ) ORDER BY c.position), '[]')
            FROM ROWS FROM (jsonb_to_recordset(d.comments) AS (pointer text, text text))
                WITH ORDINALITY AS c (pointer, text, position)
            CROSS JOIN LATERAL (
                SELECT v.body #> (string_to_array(c.pointer, '/'))[2:3] AS value
            ) AS item)
    ) ORDER BY d.id DESC), '[]')
    FROM decision d JOIN revision v ON v.id = d.revision_id WHERE d.report_id = r.id)::text
        AS decisions
FROM any_obligation o
JOIN plan ON plan.id = o.plan_id
JOIN schedule ON schedule.id = o.schedule_id
LEFT JOIN report r ON r.id = o.report_id
WHERE o.agency_id = :agency_id AND within_reach(o.agency_path, :reach)
AND (o.agency_existed OR o.first_submitted_at IS NOT NULL)
ORDER BY o.data_to DESC, o.late_from DESC, o.plan
LIMIT :most
""")


@dataclass(frozen=True)
class PastReport:
    """The report of a period: its obligation, and its revisions and decisions, newest first."""

    plan_title: str
    obligation: Mapping[str, Any]
    revisions: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]


async def list_own(
    connection: Connection, principal: Principal, *, now: datetime
) -> list[PastReport]:
    """The reports of the principal's own agency, the newest period first; one statement."""
    parameters = {
        "agency_id": principal.agency_id,
        "reach": principal.reach_pattern,
        "now": now,
        "most": MOST_PERIODS,
    }
    rows = await LIST_HISTORY.fetch_all(connection, parameters)
    return [
        PastReport(
            row["plan_title"],
            json.loads(row["obligation"]),
            json.loads(row["revisions"]),
            json.loads(row["decisions"]),
        )
        for row in rows
    ]
