"""The words of a message, put together when it leaves. Pure: what it speaks of is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

from app.channels.mail import Text
from app.clock import LOCAL, local_day
from app.text.writing import day
from app.vocabulary import Audience, EventKind

if TYPE_CHECKING:
    from jinja2 import Environment

SUBJECTS: dict[str, str] = {
    EventKind.RETURNED: "Trả lại để sửa: {report}",
    EventKind.ACCEPTED: "Đã duyệt: {report}",
    EventKind.REOPENED: "Mở lại để sửa: {report}",
    EventKind.CORRECTION_DUE: "{correction}: {report}",
    EventKind.EXTENDED: "Gia hạn đến {due}: {report}",
    EventKind.REMINDED: "Cơ quan tổng hợp nhắc: {report}",
    EventKind.EXEMPTED: "Được miễn: {report}",
    EventKind.EXEMPTION_ENDED: "Không còn được miễn: {report}",
    EventKind.PERIOD_OPENED: "{opened} {report}",
    EventKind.PERIOD_CLOSED: "Khóa kỳ {report}",
}
REMINDER_SUBJECT = "{standing}: {report}"
IMPORT_FAILED_SUBJECT = "Nạp kế hoạch không thành: {count} lỗi cần sửa"

PARTS = {"entries": "Số liệu", "disbursements": "Giải ngân"}
NARRATIVE = {
    "results": "Kết quả thực hiện",
    "difficulties": "Khó khăn, vướng mắc",
    "proposals": "Kiến nghị, đề xuất",
}


OFFICES = {Audience.COORDINATOR, Audience.LEADERSHIP}
"""Who looks after many agencies, and reads of them in one digest."""


@dataclass(frozen=True)
class Line:
    """What a message says of a plan as a whole, unless it is an `ObligationLine`."""

    rule: str
    audience: Audience
    template: str
    facts: dict[str, Any]
    plan: str
    plan_title: str


@dataclass(frozen=True)
class ObligationLine(Line):
    """What a message says of one obligation."""

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
    missing: int
    """For an office that collects: how many of the period's reports that are due then, or were
    before, have not come in all."""
    has_nobody: bool
    """For an office that collects: the agency has no account that could be reminded."""


@dataclass(frozen=True)
class Recipient:
    """Who is told, and where the links lead."""

    full_name: str
    public_url: str
    preferences_url: str | None = None
    """Where to choose channels without signing in; for the person's own mails only."""


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
    """The words for these lines; what an office collects of is one digest, before the rest."""
    told = _told_apart(lines)
    digest = [each for each in told if _in_digest(each)]
    others = [each for each in told if not _in_digest(each)]
    today = local_day(now)
    subject = " ".join((_digest_subject(digest) if digest else _subject(lines, today)).split())
    facts = {
        "recipient": recipient,
        # In words first, so that the HTML around them escapes what people wrote.
        "paragraphs": [_paragraph(line, today) for line in others],
        "groups": _groups(digest),
        "plans": _plans(lines),
        "escalation": _escalates(digest),
        "now": now.astimezone(LOCAL),
        "digest": bool(digest),
        "subject": subject,
    }
    return Text(
        subject=subject,
        plain=_templates().get_template("message.txt").render(facts).strip() + "\n",
        html=_templates().get_template("message.html").render(facts),
    )


def _told_apart(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines; of several plans, each period with the plan that it belongs to."""
    if len({line.plan for line in lines}) == 1:
        return lines
    return [
        replace(line, period_name=f"{line.period_name} ({line.plan_title})")
        if isinstance(line, ObligationLine)
        else line
        for line in lines
    ]


def _in_digest(line: Line) -> TypeGuard[ObligationLine]:
    return isinstance(line, ObligationLine) and line.audience in OFFICES


def _paragraph(line: Line, today: date) -> str:
    name = "obligation.txt" if isinstance(line, ObligationLine) else "plan.txt"
    return _templates().get_template(name).render(line=line, today=today).strip()


@dataclass(frozen=True)
class Group:
    """The lines of a digest about one period; there may be more missing than are listed."""

    name: str
    lines: Sequence[ObligationLine]

    @property
    def missing(self) -> int:
        """How many reports have not come in all."""
        return max(line.missing for line in self.lines)


def _groups(lines: Sequence[ObligationLine]) -> list[Group]:
    """The lines by period, in the order in which they are due."""
    named: dict[str, list[ObligationLine]] = {}
    for line in lines:
        named.setdefault(line.period_name, []).append(line)
    return [Group(name, of_period) for name, of_period in named.items()]


def _plans(lines: Sequence[Line]) -> list[str]:
    """The titles of the plans that a message speaks of, each once."""
    return list(dict.fromkeys(line.plan_title for line in lines))


def _subject(lines: Sequence[Line], today: date) -> str:
    """What is most urgent, and how much more there is."""
    subject = _subject_of(lines[0], today)
    return f"{subject} và {len(lines) - 1} việc khác" if len(lines) > 1 else subject


def _subject_of(line: Line, today: date) -> str:
    if not isinstance(line, ObligationLine):
        return IMPORT_FAILED_SUBJECT.format(count=line.facts["count"])
    return SUBJECTS.get(line.template, REMINDER_SUBJECT).format(
        report=f"báo cáo {line.period_name}",
        due=day(line.due_date),
        standing=standing(line),
        correction=correction(line, today),
        opened="Mở kỳ" if line.facts.get("first") else "Mở lại kỳ",
    )


def _digest_subject(lines: Sequence[ObligationLine]) -> str:
    """How many reports of each period have not come: all of them, not only those listed below."""
    counts = ", ".join(
        f"{group.missing} đơn vị chưa gửi báo cáo {group.name}" for group in _groups(lines)
    )
    return f"{'Đề nghị đôn đốc:' if _escalates(lines) else 'Còn'} {counts}"


def _escalates(digest: Sequence[Line]) -> bool:
    return any(line.audience == Audience.LEADERSHIP for line in digest)


def correction(line: ObligationLine, today: date) -> str:
    """How the correction of a returned report stands, in a few words."""
    left = (line.correction_due - today).days if line.correction_due else 0
    if left < 0:
        return f"Quá hạn gửi lại {-left} ngày"
    return f"Còn {left} ngày để gửi lại" if left > 0 else "Hôm nay là hạn gửi lại"


def standing(line: ObligationLine) -> str:
    """How an obligation stands, in a few words."""
    if line.days_late > 0:
        return f"Quá hạn {line.days_late} ngày"
    if line.days_left == 0:
        return "Hôm nay là hạn cuối"
    if line.days_left is not None:
        return f"Còn {line.days_left} ngày"
    return "Đã gửi"


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
