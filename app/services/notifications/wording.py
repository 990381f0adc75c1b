"""The texts of messages. Pure: everything that they are about is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

from app.channels.mail import MessageText
from app.clock import LOCAL, local_day
from app.text import periods
from app.text.writing import day
from app.vocabulary import Audience, EventKind

if TYPE_CHECKING:
    from jinja2 import Environment

SUBJECTS: dict[str, str] = {
    EventKind.RECEIVED: "Đã nhận {report}",
    EventKind.RETURNED: "Trả lại để sửa: {report}",
    EventKind.ACCEPTED: "Đã duyệt: {report}",
    EventKind.REOPENED: "Mở lại để sửa: {report}",
    EventKind.CORRECTION_DUE: "{correction}: {report}",
    EventKind.EXTENDED: "Gia hạn đến {due}: {report}",
    EventKind.REMINDED: "Cơ quan tổng hợp nhắc: {report}",
    EventKind.EXEMPTED: "Được miễn {report}",
    EventKind.EXEMPTION_ENDED: "Không còn được miễn {report}",
    EventKind.PERIOD_OPENED: "{opened} {report}",
    EventKind.PERIOD_CLOSED: "Khóa kỳ {report}",
    EventKind.PERIOD_MOVED: "Đổi hạn gửi sang {due}: {report}",
}
REMINDER_SUBJECT = "{timeliness}: {report}"
REHEARSAL_SUBJECT = "[Diễn tập] {subject}"
IMPORT_FAILED_SUBJECT = "Nạp kế hoạch không thành: {count} lỗi cần sửa"

PARTS = {"entries": "Số liệu", "disbursements": "Giải ngân"}
NARRATIVE = {
    "results": "Kết quả thực hiện",
    "difficulties": "Khó khăn, vướng mắc",
    "proposals": "Kiến nghị, đề xuất",
}


DIGEST_AUDIENCES = {Audience.COORDINATOR, Audience.LEADERSHIP}
"""They supervise many agencies, so each of their messages has a digest of all reminders."""


@dataclass(frozen=True)
class MessageLine:
    """A notification as a line of a message: about an obligation (`ObligationLine`) or a plan.

    rule: the code of the reminder rule, or the event. facts: what only the event knows, such as a
    reason, comments or a note.
    """

    rule: str
    audience: Audience
    template: str
    facts: dict[str, Any]
    plan: str
    plan_title: str


@dataclass(frozen=True)
class ObligationLine(MessageLine):
    """A line about an obligation, with its state at the instant of composing.

    official_name: the name by which the agency is addressed.
    due_text: the due date in the plan's own words; None if it was extended.
    days_left: to the last day on time; None once it is past or the report was submitted.
    missing: for a digest, how many of the period's reports due until then are missing.
    lacks_reporter: for a digest, the agency has no account that could be reminded.
    """

    period: str
    period_name: str
    agency: str
    agency_name: str
    official_name: str
    due_date: date
    due_text: str | None
    timeliness: str
    days_late: int
    days_left: int | None
    report_status: str
    correction_due: date | None
    missing: int
    lacks_reporter: bool


@dataclass(frozen=True)
class Recipient:
    """The recipient of a message, and the addresses of its links.

    preferences_url: the page to choose channels without signing in; only in e-mails.
    """

    full_name: str
    public_url: str
    preferences_url: str | None = None


def name_field(pointer: str | None, body: Mapping[str, Any]) -> str:
    """The name that a reporter knows for the field of a report's body at a JSON pointer."""
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
    """The common name of a period: `quý II năm 2024`, `6 tháng đầu năm 2024`, `năm 2024`."""
    return periods.period_name(frequency, ordinal, year).vi


def compose(
    recipient: Recipient, lines: Sequence[MessageLine], now: datetime, *, rehearsal: bool = False
) -> MessageText:
    """The text of a message with these lines: first the digest, then a paragraph for each other.

    rehearsal: `now` is not the real time; subject and text say so.
    """
    named = _name_plans(lines)
    digest = [line for line in named if _in_digest(line)]
    arrived = [line for line in named if _is_arrival(line)]
    others = [line for line in named if not _in_digest(line) and not _is_arrival(line)]
    today = local_day(now)
    subject = " ".join(_subject_of_all(lines, digest, arrived, today).split())
    if rehearsal:
        subject = REHEARSAL_SUBJECT.format(subject=subject)
    facts = {
        "rehearsal": rehearsal,
        "recipient": recipient,
        # Rendered as plain text first, so that the HTML template escapes what people wrote.
        "paragraphs": [
            *(_arrivals_paragraph(group) for group in _groups(arrived)),
            *(_paragraph(line, today) for line in others),
        ],
        "groups": _groups(digest),
        "plans": _plans(lines),
        "escalation": _is_escalation(digest),
        "now": now.astimezone(LOCAL),
        "digest": bool(digest),
        "subject": subject,
    }
    return MessageText(
        subject=subject,
        plain=templates().get_template("message.txt").render(facts).strip() + "\n",
        html=templates().get_template("message.html").render(facts),
    )


def _name_plans(lines: Sequence[MessageLine]) -> Sequence[MessageLine]:
    """The lines; if they are about several plans, each period's name with its plan."""
    if len({line.plan for line in lines}) == 1:
        return lines
    return [
        replace(line, period_name=f"{line.period_name} ({line.plan_title})")
        if isinstance(line, ObligationLine)
        else line
        for line in lines
    ]


def _in_digest(line: MessageLine) -> TypeGuard[ObligationLine]:
    return (
        isinstance(line, ObligationLine)
        and line.audience in DIGEST_AUDIENCES
        and not _is_arrival(line)
    )


def _is_arrival(line: MessageLine) -> TypeGuard[ObligationLine]:
    return line.template == EventKind.ARRIVED


def _arrivals_paragraph(group: "Group") -> str:
    """The reports of one period that have come, a line for each."""
    return templates().get_template("arrivals.txt").render(group=group).strip()


def _paragraph(line: MessageLine, today: date) -> str:
    name = "obligation.txt" if isinstance(line, ObligationLine) else "plan.txt"
    return templates().get_template(name).render(line=line, today=today).strip()


@dataclass(frozen=True)
class Group:
    """The lines of a digest about one period."""

    name: str
    lines: Sequence[ObligationLine]

    @property
    def of_plan(self) -> ObligationLine | None:
        """A line whose due date is the plan's, and not an extension; None if there is none."""
        return next((line for line in self.lines if line.due_text), None)

    def has_own_due_date(self, line: ObligationLine) -> bool:
        """Whether the line's due date is another one than the plan's."""
        return self.of_plan is None or line.due_date != self.of_plan.due_date

    @property
    def missing(self) -> int:
        """How many reports are missing; there may be more than are listed."""
        return max(line.missing for line in self.lines)


def _groups(lines: Sequence[ObligationLine]) -> list[Group]:
    """The lines by period, in their order."""
    named: dict[str, list[ObligationLine]] = {}
    for line in lines:
        named.setdefault(line.period_name, []).append(line)
    return [Group(name, of_period) for name, of_period in named.items()]


def _plans(lines: Sequence[MessageLine]) -> list[str]:
    """The titles of the plans of a message, each once."""
    return list(dict.fromkeys(line.plan_title for line in lines))


def _subject_of_all(
    lines: Sequence[MessageLine],
    digest: Sequence[ObligationLine],
    arrived: Sequence[ObligationLine],
    today: date,
) -> str:
    """The subject: of the digest, else of the reports that came, else of the first line."""
    if digest:
        return _digest_subject(digest)
    if arrived:
        return "Đã có " + ", ".join(_arrival_of(group) for group in _groups(arrived))
    return _subject(lines, today)


def _arrival_of(group: Group) -> str:
    """The reports of a period that came: a single one by its sender, several by their number."""
    if len(group.lines) > 1:
        return f"{len(group.lines)} báo cáo {group.name}"
    return f"báo cáo {group.name} của {group.lines[0].official_name}"


def _subject(lines: Sequence[MessageLine], today: date) -> str:
    """The subject of the first line, and how many more lines there are."""
    subject = _subject_of(lines[0], today)
    return f"{subject} và {len(lines) - 1} việc khác" if len(lines) > 1 else subject


def _subject_of(line: MessageLine, today: date) -> str:
    if not isinstance(line, ObligationLine):
        return IMPORT_FAILED_SUBJECT.format(count=line.facts["count"])
    return SUBJECTS.get(line.template, REMINDER_SUBJECT).format(
        report=f"báo cáo {line.period_name}",
        due=day(line.due_date),
        timeliness=timeliness(line),
        correction=correction(line, today),
        opened="Mở kỳ" if line.facts.get("first") else "Mở lại kỳ",
    )


def _digest_subject(lines: Sequence[ObligationLine]) -> str:
    """The number of missing reports of each period, which may exceed the listed ones."""
    counts = ", ".join(
        f"{group.missing} đơn vị chưa gửi báo cáo {group.name}" for group in _groups(lines)
    )
    return f"{'Đề nghị đôn đốc:' if _is_escalation(lines) else 'Còn'} {counts}"


def _is_escalation(digest: Sequence[MessageLine]) -> bool:
    return any(line.audience == Audience.LEADERSHIP for line in digest)


def correction(line: ObligationLine, today: date) -> str:
    """The time left, or the delay, of the correction of a returned report."""
    left = (line.correction_due - today).days if line.correction_due else 0
    if left < 0:
        return f"Quá hạn gửi lại {-left} ngày"
    return f"Còn {left} ngày để gửi lại" if left > 0 else "Hôm nay là hạn gửi lại"


def due(line: ObligationLine) -> str:
    """The due date, with the plan's own words: the district decides which day they name."""
    words = f"; kế hoạch ghi: {line.due_text}" if line.due_text else ""
    return f"hết ngày {day(line.due_date)}{words}"


def timeliness(line: ObligationLine) -> str:
    """The time left, or the delay, of an obligation."""
    if line.days_late > 0:
        return f"Quá hạn {line.days_late} ngày"
    if line.days_left == 0:
        return "Hôm nay là hạn cuối"
    if line.days_left is not None:
        return f"Còn {line.days_left} ngày"
    return "Đã gửi"


def moment(iso: str) -> str:
    """An instant of a fact, in local time: `09:05 ngày 14/6/2024`."""
    local = datetime.fromisoformat(iso).astimezone(LOCAL)
    return f"{local:%H:%M} ngày {day(local.date())}"


@cache
def templates() -> "Environment":
    """The templates of messages, with their filters."""
    from jinja2 import (  # noqa: PLC0415 - slow to import, and not needed to answer requests
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
    environment.filters["due"] = due
    environment.filters["moment"] = moment
    environment.filters["timeliness"] = timeliness
    environment.filters["correction"] = correction
    return environment
