"""The calendar of an agency's due dates, to which phones subscribe (iCalendar, RFC 5545)."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL, local_day
from app.errors import NotFound
from app.security import digest
from app.services.accounts import principals
from app.services.notifications.wording import period_name
from app.services.periods.exemptions import DUE_BEFORE_PLAN
from app.text import terms
from app.text.names import official_name
from app.text.writing import day
from app.vocabulary import ExemptionCause, ReportStatus, Timeliness

SHOWN_FOR = timedelta(days=400)
"""How long after its due date an obligation stays in the calendar."""
REFRESH_INTERVAL = timedelta(hours=1)
ALARM_DAYS = (7, 1)
"""The days before the due date on which the phone rings, if the report was not submitted."""
ALARM_TIME = time(8)
"""The local time of alarms."""

EXEMPT = {
    ExemptionCause.DECISION: "Được miễn báo cáo.",
    ExemptionCause.DUE_BEFORE_PLAN: f"Được miễn báo cáo: {DUE_BEFORE_PLAN.vi}.",
}
"""The state of an exempt obligation, by the cause of the exemption."""

# A link that is not revoked, its agency, and the active account that made it.
GET_LINK = text("""
SELECT link.created_at, agency.name, agency.kind, agency.path,
    account.id, account.username, account.role, account.agency_id,
    coalesce(area.agency_path, '') AS agency_path, coalesce(area.area_path, '') AS area_path,
    coalesce(area.horizon_path, '') AS horizon_path
FROM calendar_link link
JOIN agency ON agency.id = link.agency_id
JOIN account ON account.id = link.account_id
LEFT JOIN agency_area area ON area.agency_id = account.agency_id
WHERE link.token_hash = :hash AND link.revoked_at IS NULL AND account.active
""")

# The obligations of a calendar. Every change adds a row to one of the histories or increments the
# period's version, so `sequence` never decreases, as RFC 5545, 3.8.7.4 requires.
LIST_OBLIGATIONS = text("""
SELECT o.id, o.plan, o.period, o.frequency, o.ordinal, o.year, o.agency_name, o.agency_kind,
    o.due_date,
    CASE WHEN o.due_date = o.period_due_date THEN schedule.due_text END AS due_text,
    o.late_from, o.first_submitted_at, o.due_date > o.period_due_date AS extended,
    timeliness(o, :now) AS timeliness,
    CASE WHEN timeliness(o, :now) = 'late' THEN days_late(o, :now) END AS days_late,
    o.report_status, o.correction_due, (
        SELECT cause FROM exemption e
        WHERE e.obligation_id = o.id AND e.recorded_at = o.exempted_at
    ) AS exemption_cause,
    o.period_version - 1 + change.n AS sequence, greatest(change.at, move.at) AS changed_at
FROM owed_obligation o
JOIN schedule ON schedule.id = o.schedule_id
CROSS JOIN LATERAL (
    SELECT count(*) AS n, max(recorded_at) AS at FROM (
        SELECT recorded_at FROM extension WHERE obligation_id = o.id
        UNION ALL SELECT recorded_at FROM exemption WHERE obligation_id = o.id
        UNION ALL SELECT recorded_at FROM revision WHERE report_id = o.report_id
        UNION ALL SELECT recorded_at FROM decision WHERE report_id = o.report_id
    ) AS changes
) AS change
CROSS JOIN LATERAL (
    SELECT max(valid_until) AS at FROM due_date_history WHERE period_id = o.period_id
) AS move
WHERE within_reach(o.agency_path, :reach) AND o.due_date >= :oldest
ORDER BY o.late_from, o.agency, o.id
""")


@dataclass(frozen=True)
class Feed:
    """The content of a calendar.

    created_at: when its link was created. obligations: rows of LIST_OBLIGATIONS.
    """

    agency_name: str
    created_at: datetime
    obligations: Sequence[Row[Any]]
    public_url: str

    @property
    def fingerprint(self) -> str:
        """A hash of the content, for the ETag."""
        content = [self.agency_name, self.public_url, [tuple(row) for row in self.obligations]]
        return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]

    async def render(self) -> bytes:
        """The calendar as text, built in a thread because a district's takes long."""
        return await asyncio.to_thread(_render, self)


async def get(session: AsyncSession, token: str, public_url: str, now: datetime) -> Feed:
    """The calendar of a link: the obligations of its agency that the link's maker sees now.

    Raises:
        NotFound: there is no such link, it was revoked, or its maker is inactive or no longer
            reaches the agency.
    """
    link = (await session.execute(GET_LINK, {"hash": digest(token)})).one_or_none()
    if link is None:
        raise NotFound(terms.CALENDAR)
    maker = principals.of_account(link._asdict())
    if not maker.reaches(link.path):
        raise NotFound(terms.CALENDAR)
    reach = link.path if maker.own_agency_only else f"{link.path}%"
    parameters = {"reach": reach, "oldest": local_day(now - SHOWN_FOR), "now": now}
    rows = (await session.execute(LIST_OBLIGATIONS, parameters)).all()
    return Feed(official_name(link.name, link.kind), link.created_at, rows, public_url)


def _render(feed: Feed) -> bytes:
    name = f"Hạn báo cáo – {_one_line(feed.agency_name)}"
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Tiến độ//vi")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", LOCAL.key)
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for row in feed.obligations:
        calendar.add_component(_event(row, feed))
    rendered: bytes = calendar.to_ical()
    return rendered


def _event(row: Row[Any], feed: Feed) -> Event:
    period = period_name(row.frequency, row.ordinal, row.year)
    exempt = row.timeliness == Timeliness.EXEMPT
    event = Event()
    event.add("uid", f"{row.plan}.{row.period}.{row.id}@tiendo")
    event.add("sequence", row.sequence)
    # In a published calendar DTSTAMP is the last change of the event (RFC 5545, 3.8.7.2).
    changed_at = row.changed_at or feed.created_at
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", row.due_date)
    event.add("dtend", row.due_date + timedelta(days=1))
    event.add(
        "summary",
        f"Hạn gửi báo cáo {period} – {_one_line(official_name(row.agency_name, row.agency_kind))}",
    )
    event.add("description", f"{_state(row)}\n{_due_date(row)}")
    event.add("status", "CANCELLED" if exempt else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("url", feed.public_url)
    if row.first_submitted_at is None and not exempt:
        for days in ALARM_DAYS:
            event.add_component(_alarm(days, f"Còn {days} ngày: báo cáo {period}"))
    return event


def _one_line(name: str) -> str:
    """A name without line breaks, which would start another property of the calendar."""
    return " ".join(name.split())


def _alarm(days: int, description: str) -> Alarm:
    """An alarm in the morning, `days` before the event.

    Its trigger is relative to the event's start at midnight, so it moves with an extension.
    """
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", description)
    alarm.add("trigger", timedelta(hours=ALARM_TIME.hour) - timedelta(days=days))
    return alarm


def _state(row: Row[Any]) -> str:
    """The state of the report, as one sentence."""
    if row.report_status == ReportStatus.RETURNED:
        due: date | None = row.correction_due
        return "Đã trả lại để sửa" + (f", hạn gửi lại: hết ngày {day(due)}." if due else ".")
    match Timeliness(row.timeliness):
        case Timeliness.ON_TIME:
            return f"Đã gửi đúng hạn, lúc {_moment(row.first_submitted_at)}."
        case Timeliness.LATE:
            return f"Gửi chậm {row.days_late} ngày, lúc {_moment(row.first_submitted_at)}."
        case Timeliness.EXEMPT:
            return EXEMPT[row.exemption_cause]
        case Timeliness.OVERDUE:
            return "Quá hạn, chưa gửi."
    return "Chưa gửi."


def _due_date(row: Row[Any]) -> str:
    """The due date and the first late instant, as one sentence."""
    name = "Hạn gửi đã gia hạn" if row.extended else "Hạn gửi"
    words = f"; kế hoạch ghi: {row.due_text}" if row.due_text else ""
    return (
        f"{name}: hết ngày {day(row.due_date)} (tính quá hạn từ {_moment(row.late_from)}){words}."
    )


def _moment(instant: datetime) -> str:
    local = instant.astimezone(LOCAL)
    return f"{local:%H:%M} ngày {day(local.date())}"
