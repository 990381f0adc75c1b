"""Timeliness in SQL: the view `owed_obligation`, and conditions that lists filter it by.

The rule is `rules.timing_at`. The functions `timeliness`, `days_late` and `days_left` over the view
restate it for answers that the database builds, and CONDITIONS for filters that an index serves;
a test compares all of them with the rule.
"""

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

from app.vocabulary import Timeliness

_INSTANT = TIMESTAMP(timezone=True)

OWED = table(
    "owed_obligation",
    column("id", BigInteger),
    column("schedule_id", BigInteger),
    column("late_from", _INSTANT),
    column("first_submitted_at", _INSTANT),
    column("exempted_at", _INSTANT),
    column("year", Integer),
    column("period", Text),
    column("plan", Text),
    column("due_soon_days", Integer),
    column("agency", Text),
    column("agency_id", BigInteger),
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
