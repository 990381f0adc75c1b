"""How an obligation stands at an instant, in SQL: for answers that the database builds.

The rule itself is `deadlines.standing`; a test holds the two together.
"""

from datetime import datetime
from typing import Any

from app.clock import local_day
from app.vocabulary import Timeliness

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

FIELDS = f"""
    'plan', plan.code, 'period', p.code, 'agency', a.code, 'agency_name', a.name,
    'due_date', o.due_date, 'late_from', o.late_from,
    'timeliness', {TIMELINESS}, 'days_late', {DAYS_LATE}, 'days_left', {DAYS_LEFT},
    'first_submitted_at', o.first_submitted_at,
    'report_status', coalesce(r.status, 'not_started'),
    'extended', {EXTENDED}, 'correction_due', r.correction_due
"""
"""The obligation's fields as arguments of json_build_object."""


def instants(now: datetime) -> dict[str, Any]:
    """The parameters by which the SQL above tells how an obligation stands."""
    return {"now": now, "today": local_day(now)}
