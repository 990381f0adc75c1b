"""Past figures by the agencies of another day, along whole mergers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.db.driver import Connection, Statement
from app.services.reference.succession import Lineage

# The agencies that have a predecessor or a successor, a row for each successor.
LIST_SUCCESSIONS = Statement("""
SELECT a.id, a.valid_from, a.valid_to, s.successor_id, s.whole
FROM agency a LEFT JOIN agency_succession s ON s.predecessor_id = a.id
WHERE a.id IN (SELECT predecessor_id FROM agency_succession
    UNION ALL SELECT successor_id FROM agency_succession)
""")

# The divided agencies that keep reports of these periods from being regrouped.
LIST_DIVIDED = Statement("""
SELECT DISTINCT divided.code AS agency, divided.name AS agency_name
FROM unnest(CAST(:kept AS bigint[]), CAST(:divided AS bigint[])) AS d (kept_id, divided_id)
JOIN obligation o ON o.agency_id = d.kept_id
JOIN agency AS divided ON divided.id = d.divided_id
WHERE o.period_id = ANY(CAST(:periods AS bigint[]))
ORDER BY divided.code
""")


@dataclass(frozen=True)
class Regrouping:
    """The agencies of a day: `became` by the id of an earlier one that was merged into it.

    divided: the divided agency by the id of each one whose figures stay because of it.
    """

    on: date
    became: Mapping[int, int]
    divided: Mapping[int, int]


async def read(connection: Connection, day: date) -> Regrouping:
    """The agencies of a day."""
    rows = await LIST_SUCCESSIONS.fetch_all(connection, {})
    successors: dict[int, set[int]] = {}
    for row in rows:
        if row["successor_id"] is not None:
            successors.setdefault(row["id"], set()).add(row["successor_id"])
    lineage = Lineage(
        valid_from={row["id"]: row["valid_from"] for row in rows},
        valid_to={row["id"]: row["valid_to"] for row in rows},
        successors={agency: frozenset(each) for agency, each in successors.items()},
        divided=frozenset(row["id"] for row in rows if row["whole"] is False),
    )
    became: dict[int, int] = {}
    divided: dict[int, int] = {}
    for agency in lineage.valid_from:
        result = lineage.became(agency, day)
        if result.divided is not None:
            divided[agency] = result.divided
        elif result.agency != agency:
            became[agency] = result.agency
    return Regrouping(day, became, divided)


def parameters_of(regrouping: Regrouping | None) -> dict[str, Any]:
    """The arrays of the SQL function `regrouped_reports`, and the day; null without regrouping."""
    if regrouping is None:
        return {"regroup": None, "moved": None, "became": None}
    return {
        "regroup": regrouping.on,
        "moved": list(regrouping.became),
        "became": list(regrouping.became.values()),
    }


async def describe(
    connection: Connection, regrouping: Regrouping | None, period_ids: Sequence[int]
) -> dict[str, Any]:
    """What an answer says of its regrouping: the day, and the divided agencies."""
    if regrouping is None:
        return {"regroup": None, "divided": []}
    parameters = {
        "kept": list(regrouping.divided),
        "divided": list(regrouping.divided.values()),
        "periods": list(period_ids),
    }
    rows = await LIST_DIVIDED.fetch_all(connection, parameters) if regrouping.divided else []
    return {"regroup": regrouping.on.isoformat(), "divided": [dict(row) for row in rows]}
