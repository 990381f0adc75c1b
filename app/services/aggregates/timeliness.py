"""The timeliness of the reports of an aggregate, and until when it stays as it is. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.clock import local_day, midnight
from app.services.deadlines import rules
from app.vocabulary import Timeliness

Row = Mapping[str, Any]

CHANGING = {Timeliness.UPCOMING, Timeliness.DUE_SOON, Timeliness.OVERDUE}
"""What the clock alone changes: the state, or the days of delay."""


def with_timeliness(row: Row, due_soon_days: int, as_of: datetime) -> dict[str, Any]:
    """The row of a report, or of a class of them, with its timeliness; `exempt` is left out."""
    received_at = row["first_submitted_at"]
    timing = rules.timing_at(
        late_from=datetime.fromisoformat(row["late_from"]),
        first_submitted_at=received_at and datetime.fromisoformat(received_at),
        exempt=row["exempt"],
        now=as_of,
        due_soon_days=due_soon_days,
    )
    facts = {name: value for name, value in row.items() if name != "exempt"}
    return facts | {"timeliness": timing.timeliness.value, "days_late": timing.days_late}


def count(rows: Iterable[Row]) -> dict[str, int]:
    """How many reports have each timeliness; a row is one report, or a class of `reports`."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["timeliness"]] = counts.get(row["timeliness"], 0) + row.get("reports", 1)
    return counts


def holds_until(rows: Iterable[Row], as_of: datetime) -> datetime | None:
    """The first instant after `as_of` at which the clock can change a row; None if it never does.

    Reports become due soon, and their delays grow, at midnight; they become late at `late_from`.
    """
    waiting = [row for row in rows if row["timeliness"] in CHANGING]
    if not waiting:
        return None
    next_day = midnight(local_day(as_of) + timedelta(days=1))
    limits = (datetime.fromisoformat(row["late_from"]) for row in waiting)
    return min([next_day, *(limit for limit in limits if limit > as_of)])
