"""The expectations of an obligation, read from the database."""

import json
from decimal import Decimal
from typing import Any

from app.db.driver import Connection, Statement
from app.services.reports.validation import Expectations, ExpectedFigure

# The function is made by a migration, where a comment explains the parts of its document.
GET_EXPECTATIONS = Statement("SELECT expectations_json(:obligation_id)::text AS expectations")


async def get_expectations(connection: Connection, obligation_id: int) -> Expectations:
    """The figures and limits that a body for this obligation is validated against."""
    rows = await GET_EXPECTATIONS.fetch_all(connection, {"obligation_id": obligation_id})
    return parse_expectations(rows[0]["expectations"])


def parse_expectations(document: str) -> Expectations:
    """The expectations that the SQL function `expectations_json` has returned."""
    parts: dict[str, Any] = json.loads(document)
    figures = (
        ExpectedFigure(**figure | {"maximum": figure["maximum"] and Decimal(figure["maximum"])})
        for figure in parts["figures"]
    )
    return Expectations(
        figures={figure.indicator: figure for figure in figures},
        projects=parts["projects"],
        known_indicators=frozenset(parts["known_indicators"]),
        known_projects=frozenset(parts["known_projects"]),
        allocated={(code, source, origin): vnd for code, source, origin, vnd in parts["allocated"]},
        spent_before={
            (code, source, origin): vnd for code, source, origin, vnd in parts["spent_before"]
        },
        quarters={code: Decimal(total) for code, total in parts["quarters"]},
    )
