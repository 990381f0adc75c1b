"""What an obligation's state looks like on a page: a word, a sign and a tone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from app.text.periods import name_of_code
from app.text.writing import day, instant
from app.vocabulary import ReportStatus, Timeliness

Tone = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class State:
    """A state that is told by three things, so that it needs no colour."""

    label: str
    sign: str
    tone: Tone


TIMELINESS: dict[Timeliness, State] = {
    Timeliness.UPCOMING: State("Chưa đến hạn", "○", "plain"),
    Timeliness.DUE_SOON: State("Sắp đến hạn", "◔", "warn"),
    Timeliness.OVERDUE: State("Quá hạn", "!", "bad"),
    Timeliness.ON_TIME: State("Gửi đúng hạn", "✓", "good"),
    Timeliness.LATE: State("Gửi chậm", "✓", "warn"),
    Timeliness.EXEMPT: State("Được miễn", "–", "plain"),
}
STATUS: dict[ReportStatus, State] = {
    ReportStatus.NOT_STARTED: State("Chưa lập", "○", "plain"),
    ReportStatus.DRAFT: State("Dự thảo, chưa gửi", "✎", "warn"),
    ReportStatus.SUBMITTED: State("Đã gửi, chờ duyệt", "✓", "good"),
    ReportStatus.RETURNED: State("Đã trả lại để sửa", "↩", "bad"),
    ReportStatus.ACCEPTED: State("Đã duyệt", "✓", "good"),
}


def period_in_words(code: str) -> str:
    """The name of a period with a capital: `Quý II năm 2024`."""
    name = name_of_code(code).vi
    return name[:1].upper() + name[1:]


def day_of(value: str | None) -> str:
    """A day of a JSON document as people write it; empty for null."""
    return day(date.fromisoformat(value)) if value else ""


def instant_of(value: str | None) -> str:
    """An instant of a JSON document in local time: `16:40 ngày 15/6/2024`; empty for null."""
    return instant(datetime.fromisoformat(value)) if value else ""


def time_left(obligation: Mapping[str, Any]) -> str:
    """The days to or past the due date in words; empty once the report was sent, or if exempt."""
    timeliness = Timeliness(obligation["timeliness"])
    if timeliness is Timeliness.OVERDUE:
        return f"Quá hạn {obligation['days_late']} ngày"
    days = obligation["days_left"]
    if timeliness not in {Timeliness.UPCOMING, Timeliness.DUE_SOON} or days is None:
        return ""
    return "Hết hạn hôm nay" if days == 0 else f"Còn {days} ngày"
