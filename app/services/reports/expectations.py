"""The expectations of an obligation, read from the database."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from app.db.driver import Connection, Row, Statement
from app.services.reports.money import Allocated, Money
from app.services.reports.validation import Expectations, ExpectedFigure
from app.vocabulary import Frequency

# The function is made by a migration, where a comment explains the parts of its document.
GET_EXPECTATIONS = Statement("""
SELECT expectations_json(o.id)::text AS expectations, p.frequency, p.data_from, p.data_to
FROM obligation o JOIN reporting_period p ON p.id = o.period_id WHERE o.id = :obligation_id
""")


async def get_expectations(connection: Connection, obligation_id: int) -> Expectations:
    """The figures and limits that a body for this obligation is validated against."""
    rows = await GET_EXPECTATIONS.fetch_all(connection, {"obligation_id": obligation_id})
    return parse_expectations(rows[0])


def parse_expectations(row: Row) -> Expectations:
    """The expectations from the SQL function `expectations_json` and the period in a row."""
    parts: dict[str, Any] = json.loads(row["expectations"])
    figures = (
        ExpectedFigure(**figure | {"maximum": figure["maximum"] and Decimal(figure["maximum"])})
        for figure in parts["figures"]
    )
    return Expectations(
        figures={figure.indicator: figure for figure in figures},
        projects=parts["projects"],
        known_indicators=frozenset(parts["known_indicators"]),
        known_projects=frozenset(parts["known_projects"]),
        allocated=_by_nature(parts["allocated"]),
        spent_before={
            (code, source, origin): vnd for code, source, origin, vnd in parts["spent_before"]
        },
        quarters={code: Decimal(total) for code, total in parts["quarters"]},
        money_only=parts["money_only"],
        window=(row["data_from"], row["data_to"]),
        is_annual=row["frequency"] == Frequency.YEAR,
    )


def _by_nature(rows: Iterable[tuple[str, str, str, str | None, int]]) -> Allocated:
    """The plan's money by project, source and origin, then by nature."""
    allocated: dict[Money, dict[str | None, int]] = {}
    for project, source, origin, nature, vnd in rows:
        allocated.setdefault((project, source, origin), {})[nature] = vnd
    return allocated
