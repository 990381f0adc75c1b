"""Messages: what one person is told by one channel, put into words when it leaves.

Everything is looked at again at that moment, so nothing goes out that is no longer true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL, local_day
from app.mail import Text
from app.services.reminder_rules import IN_FORCE
from app.services.standing import DAYS_LATE, DAYS_LEFT, STILL_OWES, TIMELINESS, instants
from app.vocabulary import Audience, EventKind

if TYPE_CHECKING:
    from jinja2 import Environment

LATER_REMINDER = "a later reminder says more"
LATER_EVENT = "a later event says more"
SUPERSEDING = (LATER_REMINDER, LATER_EVENT)
"""Why a notification gives way to another one, rather than being untrue."""

# What is said of the same to the same person later on; a note of somebody's own stays.
_LATER = """EXISTS (
    SELECT FROM notification later
    WHERE later.obligation_id = n.obligation_id AND later.account_id = n.account_id
    AND later.channel = n.channel AND later.id > n.id AND later.state IN ('planned', 'sent')
    AND {same})"""
_LATER_REMINDER = _LATER.format(same="later.template IN ('reminder', 'escalation')")
_LATER_EVENT = _LATER.format(same="later.template = n.template")

# What a message would say, each line with whether it still holds and, if not, why.
LINES = text(f"""
    SELECT n.id, n.rule, n.occurrence, n.audience, n.template, n.facts,
        p.code AS period, p.frequency, p.ordinal, p.year, plan.code AS plan,
        a.code AS agency, a.name AS agency_name, o.due_date, o.late_from, p.state,
        {TIMELINESS} AS timeliness, {DAYS_LATE} AS days_late, {DAYS_LEFT} AS days_left,
        coalesce(r.status, 'not_started') AS report_status, r.correction_due,
        CASE WHEN n.template = 'report.returned' THEN (
            SELECT body FROM revision v WHERE v.report_id = r.id AND v.number = r.last_revision
        ) END AS body,
        CASE
            WHEN NOT account.active THEN 'the account is no longer active'
            WHEN account.role <> CASE
                WHEN n.audience IN ('reporter', 'coordinator') THEN n.audience
                ELSE 'viewer' END
                THEN 'the person has another role now'
            WHEN CASE n.audience
                WHEN 'leadership' THEN account.agency_id IS DISTINCT FROM plan.district_id
                WHEN 'coordinator' THEN desk.path NOT LIKE '%/' || plan.district_id || '/%'
                ELSE account.agency_id IS DISTINCT FROM o.agency_id END
                THEN 'the person has moved to another agency'
            WHEN NOT {STILL_OWES} THEN 'the agency had ended before the period did'
            WHEN n.template = 'obligation.extended' AND o.exempted_at IS NOT NULL
                THEN 'the agency was exempted'
            WHEN n.template IN ('report.returned', 'report.reopened', 'report.correction_due')
                AND r.status <> 'returned'
                THEN 'the report was sent again'
            WHEN n.template = 'report.correction_due' AND r.correction_due IS DISTINCT FROM
                CAST(split_part(n.occurrence, '/', 1) AS date)
                THEN 'the correction is due on another day'
            WHEN n.template = 'report.accepted' AND r.status <> 'accepted'
                THEN 'the report is no longer accepted'
            WHEN n.template = 'reporting_period.opened' AND p.state <> 'open'
                THEN 'the period is closed'
            WHEN n.template = 'reporting_period.closed' AND p.state <> 'closed'
                THEN 'the period is open'
            WHEN n.template IN ('reminder', 'escalation', 'obligation.reminded') THEN CASE
                WHEN o.first_submitted_at IS NOT NULL THEN 'the report has come'
                WHEN o.exempted_at IS NOT NULL THEN 'the agency was exempted'
                WHEN p.state <> 'open' THEN 'the period is closed'
                WHEN o.due_date > CAST(n.facts ->> 'due_date' AS date)
                    THEN 'the due date was extended'
                WHEN n.template = 'obligation.reminded' THEN NULL
                WHEN NOT EXISTS (
                    SELECT FROM reminder_rule r WHERE r.schedule_id = p.schedule_id
                    AND r.code = n.rule AND {IN_FORCE}
                ) THEN 'the rule was dropped'
                WHEN {_LATER_REMINDER} THEN '{LATER_REMINDER}'
            END
            WHEN {_LATER_EVENT} THEN '{LATER_EVENT}'
        END AS void
    FROM notification n
    JOIN account ON account.id = n.account_id
    LEFT JOIN agency desk ON desk.id = account.agency_id
    JOIN obligation o ON o.id = n.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    WHERE n.message_id = :message_id AND n.state = 'planned'
    ORDER BY o.late_from, a.code, n.id
""")  # noqa: S608 - composed of constants


SUBJECTS: dict[str, str] = {
    EventKind.RETURNED: "Trả lại để sửa: {report}",
    EventKind.ACCEPTED: "Đã duyệt: {report}",
    EventKind.REOPENED: "Mở lại để sửa: {report}",
    EventKind.CORRECTION_DUE: "{correction}: {report}",
    EventKind.EXTENDED: "Gia hạn đến {due}: {report}",
    EventKind.REMINDED: "Cơ quan tổng hợp nhắc: {report}",
    EventKind.PERIOD_OPENED: "Mở lại kỳ {report}",
    EventKind.PERIOD_CLOSED: "Khóa kỳ {report}",
}
REMINDER_SUBJECT = "{standing}: {report}"

PARTS = {"entries": "Số liệu", "disbursements": "Giải ngân"}
NARRATIVE = {
    "results": "Kết quả thực hiện",
    "difficulties": "Khó khăn, vướng mắc",
    "proposals": "Kiến nghị, đề xuất",
}
FEBRUARY = 2
"""Official documents write the months 01 and 02 with a nought (Nghị định 30/2020/NĐ-CP)."""


@dataclass(frozen=True)
class Line:
    """One obligation that a message speaks of."""

    notification_id: int | None
    rule: str
    audience: Audience
    template: str
    facts: dict[str, Any]
    plan: str
    period: str
    period_name: str
    agency: str
    agency_name: str
    due_date: date
    timeliness: str
    days_late: int
    days_left: int | None
    report_status: str
    correction_due: date | None


@dataclass(frozen=True)
class Recipient:
    """Who is told, and where the links lead."""

    full_name: str
    public_url: str


async def lines_of(
    session: AsyncSession, message_id: int, now: datetime
) -> tuple[list[Line], dict[int, str]]:
    """What a message still has to say, and the notifications that no longer hold, with why."""
    rows = (await session.execute(LINES, {"message_id": message_id} | instants(now))).all()
    void = {row.id: row.void for row in rows if row.void}
    return [line_of(row) for row in rows if not row.void], void


def line_of(row: Any) -> Line:
    """A row of LINES as a line."""
    return Line(
        notification_id=row.id,
        rule=row.rule,
        audience=Audience(row.audience),
        template=row.template,
        facts=_facts(row),
        plan=row.plan,
        period=row.period,
        period_name=period_name(row.frequency, row.ordinal, row.year),
        agency=row.agency,
        agency_name=row.agency_name,
        due_date=row.due_date,
        timeliness=row.timeliness,
        days_late=row.days_late,
        days_left=row.days_left,
        report_status=row.report_status,
        correction_due=row.correction_due,
    )


def _facts(row: Any) -> dict[str, Any]:
    facts: dict[str, Any] = row.facts or {}
    if row.body is None:
        return facts
    comments = [
        {"place": place_of(comment.get("pointer"), row.body), "text": comment["text"]}
        for comment in facts.get("comments", [])
    ]
    return facts | {"comments": comments}


def place_of(pointer: str | None, body: Mapping[str, Any]) -> str:
    """Which place of a report a JSON pointer names, as its writer knows it."""
    part, *rest = (pointer or "").removeprefix("/").split("/")
    if part == "narrative":
        return NARRATIVE.get(rest[0], "Thuyết minh") if rest else "Thuyết minh"
    if part not in PARTS:
        return "Toàn bộ báo cáo"
    items = body.get(part, [])
    if not rest or not rest[0].isdecimal() or int(rest[0]) >= len(items):
        return PARTS[part]
    item = items[int(rest[0])]
    return f"{PARTS[part]} {item.get('indicator') or item.get('project')}"


def period_name(frequency: str, ordinal: int, year: int) -> str:
    """A period as people name it: `quý II năm 2024`, `6 tháng đầu năm 2024`, `năm 2024`."""
    match frequency:
        case "quarter":
            return f"quý {('I', 'II', 'III', 'IV')[ordinal - 1]} năm {year}"
        case "half_year":
            return f"6 tháng {'đầu' if ordinal == 1 else 'cuối'} năm {year}"
    return f"năm {year}"


def compose(recipient: Recipient, lines: Sequence[Line], now: datetime) -> Text:
    """The words for these lines; for an office that collects, one digest of all of them."""
    digest = lines[0].audience in {Audience.COORDINATOR, Audience.LEADERSHIP}
    today = local_day(now)
    subject = " ".join((_digest_subject(lines) if digest else _subject(lines, today)).split())
    line_template = _templates().get_template("line.txt")
    facts = {
        "recipient": recipient,
        # In words first, so that the HTML around them escapes what people wrote.
        "paragraphs": [line_template.render(line=line, today=today).strip() for line in lines],
        "groups": _groups(lines) if digest else {},
        "escalation": lines[0].audience == Audience.LEADERSHIP,
        "now": now.astimezone(LOCAL),
        "digest": digest,
        "subject": subject,
    }
    return Text(
        subject=subject,
        plain=_templates().get_template("message.txt").render(facts).strip() + "\n",
        html=_templates().get_template("message.html").render(facts),
    )


def _groups(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines by period, in the order in which they are due."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.period_name, []).append(line)
    return groups


def _subject(lines: Sequence[Line], today: date) -> str:
    """What is most urgent, and how much more there is."""
    line = lines[0]
    subject = SUBJECTS.get(line.template, REMINDER_SUBJECT).format(
        report=f"báo cáo {line.period_name}",
        due=day(line.due_date),
        standing=standing(line),
        correction=correction(line, today),
    )
    return f"{subject} và {len(lines) - 1} việc khác" if len(lines) > 1 else subject


def _digest_subject(lines: Sequence[Line]) -> str:
    agencies = len({line.agency for line in lines})
    periods = ", ".join(_groups(lines))
    if lines[0].audience == Audience.LEADERSHIP:
        return f"Đề nghị đôn đốc: {agencies} đơn vị chưa gửi báo cáo {periods}"
    return f"Còn {agencies} đơn vị chưa gửi báo cáo {periods}"


def correction(line: Line, today: date) -> str:
    """How the correction of a returned report stands, in a few words."""
    left = (line.correction_due - today).days if line.correction_due else 0
    if left < 0:
        return f"Quá hạn gửi lại {-left} ngày"
    return f"Còn {left} ngày để gửi lại" if left > 0 else "Hôm nay là hạn gửi lại"


def standing(line: Line) -> str:
    """How an obligation stands, in a few words."""
    if line.days_late > 0:
        return f"Quá hạn {line.days_late} ngày"
    if line.days_left == 0:
        return "Hôm nay là hạn cuối"
    if line.days_left is not None:
        return f"Còn {line.days_left} ngày"
    return "Đã gửi"


def day(value: date) -> str:
    """A day as official documents write it: 05/6/2024, 15/10/2024."""
    month = f"{value.month:02d}" if value.month <= FEBRUARY else str(value.month)
    return f"{value.day:02d}/{month}/{value.year}"


@cache
def _templates() -> "Environment":
    from jinja2 import (  # noqa: PLC0415 - slow, and the service answers before it writes anything
        Environment,
        PackageLoader,
        StrictUndefined,
        select_autoescape,
    )

    environment = Environment(
        loader=PackageLoader("app", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["standing"] = standing
    environment.filters["correction"] = correction
    return environment
