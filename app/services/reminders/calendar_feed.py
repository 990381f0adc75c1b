"""The calendar of an agency's obligations, as phones subscribe to it (RFC 5545)."""

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
from app.services.deadlines.sql import DAYS_LATE, EXTENDED, FROM, IS, TIMELINESS, instants
from app.services.notifications.wording import period_name
from app.text import terms
from app.text.writing import day
from app.vocabulary import ReportStatus, Timeliness

KEPT = timedelta(days=400)
"""How long what was due stays in the calendar."""
REFRESH = timedelta(hours=1)
ALARMS = (7, 1)
"""How many days before the last good day a phone rings, if nothing was sent."""
ALARM_TIME = time(8)

LINK = text("""
    SELECT link.created_at, agency.name,
        agency.path || CASE WHEN link.own_agency_only THEN '' ELSE '%' END AS reach
    FROM calendar_link link JOIN agency ON agency.id = link.agency_id
    WHERE link.token_hash = :hash AND link.revoked_at IS NULL
""")

# Every change adds a row somewhere or counts up the period's version, so the sum only grows:
# RFC 5545, 3.8.7.4 wants just that of a SEQUENCE.
OBLIGATIONS = text(f"""
    SELECT o.id, plan.code AS plan, p.code AS period, p.frequency, p.ordinal, p.year,
        a.name AS agency_name, o.due_date, o.late_from, o.first_submitted_at,
        {EXTENDED} AS extended,
        {TIMELINESS} AS timeliness,
        CASE WHEN {IS[Timeliness.LATE]} THEN {DAYS_LATE} END AS days_late,
        coalesce(r.status, 'not_started') AS report_status, r.correction_due,
        p.version - 1 + change.n AS sequence, change.at AS changed_at
    {FROM}
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, max(recorded_at) AS at FROM (
            SELECT recorded_at FROM extension WHERE obligation_id = o.id
            UNION ALL SELECT recorded_at FROM exemption WHERE obligation_id = o.id
            UNION ALL SELECT recorded_at FROM revision WHERE report_id = r.id
            UNION ALL SELECT recorded_at FROM decision WHERE report_id = r.id
        ) AS changes
    ) AS change
    WHERE a.path LIKE :reach AND o.due_date >= :oldest
    ORDER BY o.late_from, a.code, o.id
""")  # noqa: S608 - composed of constants


@dataclass(frozen=True)
class Feed:
    """What a calendar shows: whose it is, since when, and its obligations."""

    agency_name: str
    since: datetime
    obligations: Sequence[Row[Any]]
    public_url: str

    @property
    def fingerprint(self) -> str:
        """The same for as long as the calendar says the same."""
        facts = [self.agency_name, self.public_url, [tuple(row) for row in self.obligations]]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:32]

    async def rendered(self) -> bytes:
        """The calendar; made beside the event loop, because a district's takes a while."""
        return await asyncio.to_thread(_calendar, self)


async def find(session: AsyncSession, token: str, public_url: str, now: datetime) -> Feed:
    """The calendar that a token opens: all obligations that its maker saw at and below an agency.

    Raises:
        NotFound: no such link, or it was revoked.
    """
    link = (await session.execute(LINK, {"hash": digest(token)})).one_or_none()
    if link is None:
        raise NotFound(terms.CALENDAR)
    parameters = {"reach": link.reach, "oldest": local_day(now - KEPT)} | instants(now)
    rows = (await session.execute(OBLIGATIONS, parameters)).all()
    return Feed(link.name, link.created_at, rows, public_url)


def _calendar(feed: Feed) -> bytes:
    name = f"Hạn báo cáo – {_line(feed.agency_name)}"
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Tiến độ//vi")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", LOCAL.key)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
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
    changed_at = row.changed_at or feed.since
    event.add("dtstamp", changed_at)  # a published event's last change: RFC 5545, 3.8.7.2
    event.add("last-modified", changed_at)
    event.add("dtstart", row.due_date)
    event.add("dtend", row.due_date + timedelta(days=1))
    event.add("summary", f"Hạn gửi báo cáo {period} – {_line(row.agency_name)}")
    event.add("description", f"{_state(row)}\n{_limit(row)}")
    event.add("status", "CANCELLED" if exempt else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("url", feed.public_url)
    if row.first_submitted_at is None and not exempt:
        for days in ALARMS:
            event.add_component(_alarm(days, f"Còn {days} ngày: báo cáo {period}"))
    return event


def _line(name: str) -> str:
    """A name on one line, whoever wrote it: a line break would begin another property."""
    return " ".join(name.split())


def _alarm(days: int, words: str) -> Alarm:
    """A reminder `days` before, in the morning; counted from midnight, so it moves with the day."""
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", timedelta(hours=ALARM_TIME.hour) - timedelta(days=days))
    return alarm


def _state(row: Row[Any]) -> str:
    if row.report_status == ReportStatus.RETURNED:
        due: date | None = row.correction_due
        return "Bị trả lại để sửa" + (f", hạn gửi lại: hết ngày {day(due)}." if due else ".")
    match Timeliness(row.timeliness):
        case Timeliness.ON_TIME:
            return f"Đã gửi đúng hạn, {_moment(row.first_submitted_at)}."
        case Timeliness.LATE:
            return f"Đã gửi muộn {row.days_late} ngày, {_moment(row.first_submitted_at)}."
        case Timeliness.EXEMPT:
            return "Được miễn báo cáo."
        case Timeliness.OVERDUE:
            return "Quá hạn, chưa gửi."
    return "Chưa gửi."


def _limit(row: Row[Any]) -> str:
    name = "Hạn gửi đã gia hạn" if row.extended else "Hạn gửi"
    return f"{name}: hết ngày {day(row.due_date)} (muộn từ {_moment(row.late_from)})."


def _moment(instant: datetime) -> str:
    local = instant.astimezone(LOCAL)
    return f"{local:%H:%M} ngày {day(local.date())}"
