"""Timeliness in SQL: the view `owed_obligation`, and conditions that lists filter it by.

The rule is `rules.timing_at`. The functions `timeliness`, `days_late` and `days_left` over the view
restate it for answers that the database builds, and CONDITIONS for filters that an index serves;
a test compares all of them with the rule.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    column,
    literal_column,
    table,
)

from app.clock import local_day
from app.vocabulary import Timeliness

_INSTANT = TIMESTAMP(timezone=True)

OWED = table(
    "owed_obligation",
    column("id", BigInteger),
    column("late_from", _INSTANT),
    column("first_submitted_at", _INSTANT),
    column("exempted_at", _INSTANT),
    column("year", Integer),
    column("period", Text),
    column("plan", Text),
    column("due_soon_days", Integer),
    column("agency", Text),
    column("agency_path", Text),
    column("report_status", Text),
).alias("o")
"""The view, as `o`, with the columns that lists filter and sort by."""

ROW: ColumnElement[Any] = literal_column("o")
"""The whole row of OWED, as the functions over the view take it."""

NOW = bindparam("now", type_=_INSTANT)
_AWAITED = and_(OWED.c.first_submitted_at.is_(None), OWED.c.exempted_at.is_(None))
# The first instant after the plan's days of notice.
_NOTICE_ENDS = cast(cast(NOW, Date) + OWED.c.due_soon_days + literal_column("1"), _INSTANT)

CONDITIONS: dict[Timeliness, ColumnElement[bool]] = {
    Timeliness.ON_TIME: OWED.c.first_submitted_at < OWED.c.late_from,
    Timeliness.LATE: OWED.c.first_submitted_at >= OWED.c.late_from,
    Timeliness.EXEMPT: and_(OWED.c.first_submitted_at.is_(None), OWED.c.exempted_at.is_not(None)),
    Timeliness.OVERDUE: and_(_AWAITED, OWED.c.late_from <= NOW),
    Timeliness.DUE_SOON: and_(_AWAITED, OWED.c.late_from > NOW, OWED.c.late_from <= _NOTICE_ENDS),
    Timeliness.UPCOMING: and_(_AWAITED, OWED.c.late_from > NOW, OWED.c.late_from > _NOTICE_ENDS),
}
"""The condition on OWED for each timeliness at the parameter `now`."""


# Transitional fragments, until notifications and reminders use the view.
STILL_OWES = """
    (daterange(a.valid_from, a.valid_to, '[]') @> p.data_to OR o.first_submitted_at IS NOT NULL)
"""
"""An agency that ended before its period did owes nothing for it; what it has sent stays."""

FROM = f"""
    FROM obligation o
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
    JOIN agency a ON a.id = o.agency_id AND {STILL_OWES}
    LEFT JOIN report r ON r.obligation_id = o.id
"""
"""Obligations with what they hang on."""

# The first instant that is no longer within the plan's days of notice.
_SOON = "(CAST(:today AS date) + plan.due_soon_days + 1)::timestamptz"
_WAITING = "o.first_submitted_at IS NULL AND o.exempted_at IS NULL"

IS: dict[Timeliness, str] = {
    Timeliness.ON_TIME: "o.first_submitted_at < o.late_from",
    Timeliness.LATE: "o.first_submitted_at >= o.late_from",
    Timeliness.EXEMPT: "o.first_submitted_at IS NULL AND o.exempted_at IS NOT NULL",
    Timeliness.OVERDUE: f"{_WAITING} AND o.late_from <= :now",
    Timeliness.DUE_SOON: f"{_WAITING} AND o.late_from > :now AND o.late_from <= {_SOON}",
    Timeliness.UPCOMING: f"{_WAITING} AND o.late_from > :now AND o.late_from > {_SOON}",
}
"""When an obligation stands so, as conditions on the indexed instants."""

TIMELINESS = "CASE " + " ".join(f"WHEN {sql} THEN '{word}'" for word, sql in IS.items()) + " END"
DAYS_LATE = f"""CASE
    WHEN {IS[Timeliness.LATE]} THEN o.first_submitted_at::date - o.late_from::date + 1
    WHEN {IS[Timeliness.OVERDUE]} THEN CAST(:today AS date) - o.late_from::date + 1
    ELSE 0 END"""
DAYS_LEFT = f"""CASE WHEN {_WAITING} AND o.late_from > :now
    THEN (o.late_from - interval '1 microsecond')::date - CAST(:today AS date) END"""
EXTENDED = "o.due_date > p.due_date"


def instants(now: datetime) -> dict[str, Any]:
    """The parameters by which the SQL above tells how an obligation stands."""
    return {"now": now, "today": local_day(now)}
