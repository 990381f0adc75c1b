"""The payload of a webhook's post. Pure: everything that it holds is given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.services.notifications.wording import MessageLine, ObligationLine

TEST_SUBJECT = "Thử kết nối Tiến độ"
TEST_TEXT = "Tin thử từ Tiến độ: cổng đã nhận được và chữ ký cần khớp với khóa của cổng.\n"


def compose_payload(
    message_id: str,
    now: datetime,
    recipient: dict[str, str | None],
    subject: str,
    text: str,
    lines: Sequence[MessageLine],
) -> dict[str, Any]:
    """The payload of a message, as docs/webhooks.md describes it.

    recipient: `username`, `full_name` and `email`.
    """
    return {
        "message_id": message_id,
        "sent_at": now.isoformat(),
        "recipient": recipient,
        "subject": subject,
        "text": text,
        "obligations": [_obligation(line) for line in lines if isinstance(line, ObligationLine)],
        "plans": [
            {"plan": line.plan, "about": line.rule}
            for line in lines
            if not isinstance(line, ObligationLine)
        ],
    }


def compose_test_payload(
    message_id: str, now: datetime, recipient: dict[str, str | None]
) -> dict[str, Any]:
    """The payload of a test: a message about nothing."""
    return compose_payload(message_id, now, recipient, TEST_SUBJECT, TEST_TEXT, [])


def _obligation(line: ObligationLine) -> dict[str, Any]:
    return {
        "plan": line.plan,
        "period": line.period,
        "agency": line.agency,
        "agency_name": line.agency_name,
        "due_date": line.due_date.isoformat(),
        "timeliness": line.timeliness,
        "correction_due": line.correction_due and line.correction_due.isoformat(),
        "about": line.rule,
    }
