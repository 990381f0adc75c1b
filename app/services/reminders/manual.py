"""Reminders by hand, and a preview of the reminders of a day."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.mail import preferences_url
from app.clock import LOCAL
from app.errors import StateConflict
from app.policy import Principal
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.notifications import events, recheck, wording
from app.services.notifications.events import DEFAULT_CHANNELS
from app.services.notifications.wording import ObligationLine, Recipient
from app.services.periods import obligations
from app.services.periods.obligations import OwedReport, ReportKey
from app.services.reminders.statements import LIST_PREVIEW_LINES
from app.services.reminders.sweep import CORRECTIONS_FROM, correction_days, due_occurrences
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, Channel, EventKind

BETWEEN_REMINDERS = timedelta(hours=1)
"""An agency can be reminded of one obligation by hand once in this time."""

ALREADY_SUBMITTED = Bilingual(
    "Đơn vị đã gửi báo cáo kỳ này nên không nhắc nữa.",
    "The agency has submitted this report, so there is nothing to remind it of.",
)
EXEMPT = Bilingual(
    "Đơn vị được miễn báo cáo kỳ này nên không nhắc được.",
    "The agency is exempt from this report, so it cannot be reminded.",
)
CLOSED = Bilingual(
    "Kỳ báo cáo đã khóa nên không nhắc được; phải mở lại kỳ trước.",
    "The reporting period is closed, so agencies cannot be reminded; open it first.",
)
TOO_SOON = Bilingual(
    "Đã nhắc lúc {at}; mỗi giờ chỉ nhắc một lần.",
    "The agency was reminded at {at}; it can be reminded once an hour.",
)
NO_RECIPIENT = Bilingual(
    "Đơn vị chưa có tài khoản nào nên không nhắc được.",
    "The agency has no active reporter account to remind.",
)

# When the agency was last reminded of an obligation by hand.
GET_LAST_REMINDED = text("""
SELECT max(created_at) FROM notification
WHERE obligation_id = :obligation_id AND template = 'obligation.reminded'
""")

# Whether the report of an obligation can be sent, and whether it is returned for correction.
GET_PROGRESS = text("""
SELECT is_open(o, :now) AS is_open, o.report_status = 'returned' AS is_returned
FROM owed_obligation o WHERE o.id = :obligation_id
""")

# How many people one reminder by hand notifies.
COUNT_REMINDED = text("""
SELECT count(DISTINCT account_id) FROM notification
WHERE obligation_id = :obligation_id AND template = 'obligation.reminded'
AND occurrence = :occurrence
""")


@dataclass(frozen=True)
class PreviewedMessage:
    """A message that would be sent: its recipient, instant, texts and lines."""

    username: str
    full_name: str
    email: str | None
    channel: str
    send_at: datetime
    subject: str
    text: str
    obligations: list[ObligationLine]


async def remind(session: AsyncSession, action: Action, key: ReportKey, *, note: str | None) -> int:
    """Remind the reporters of an obligation by hand; returns how many people are notified.

    Raises:
        NotFound, AmbiguousPlan: no such obligation within reach, or several.
        StateConflict: the report was submitted and not returned, the agency is exempt, the period
            is closed, the agency was reminded within the last hour, or it has no active reporter.
    """
    owed = await obligations.get_managed(session, action.principal, key)
    await _ensure_awaited(session, owed, action.now)
    await _ensure_not_reminded_lately(session, owed, action.now)
    reminded_at = await record_event(
        session,
        action,
        AuditAction.OBLIGATION_REMINDED,
        f"obligations/{owed.subject}",
        plan_id=owed.plan.id,
        agency_id=owed.agency.id,
        after={"note": note},
    )
    occurrence = reminded_at.isoformat()
    await events.notify(
        session,
        EventKind.REMINDED,
        [owed.obligation.id],
        occurrence=occurrence,
        facts={"note": note, "due_date": owed.obligation.due_date.isoformat()},
        now=action.now,
    )
    parameters = {"obligation_id": owed.obligation.id, "occurrence": occurrence}
    people = int(await session.scalar(COUNT_REMINDED, parameters) or 0)
    if people == 0:
        raise StateConflict(NO_RECIPIENT)
    return people


async def _ensure_awaited(session: AsyncSession, owed: OwedReport, now: datetime) -> None:
    """Raise StateConflict unless a report, or the correction of one, can and must be submitted."""
    parameters = {"obligation_id": owed.obligation.id, "now": now}
    progress = (await session.execute(GET_PROGRESS, parameters)).one()
    if owed.obligation.first_submitted_at is not None and not progress.is_returned:
        raise StateConflict(ALREADY_SUBMITTED)
    if owed.obligation.exempted_at is not None and owed.obligation.first_submitted_at is None:
        raise StateConflict(EXEMPT)
    if not progress.is_open:
        raise StateConflict(CLOSED)


async def _ensure_not_reminded_lately(
    session: AsyncSession, owed: OwedReport, now: datetime
) -> None:
    """Raise StateConflict if the last reminder by hand was less than BETWEEN_REMINDERS ago."""
    last: datetime | None = await session.scalar(
        GET_LAST_REMINDED, {"obligation_id": owed.obligation.id}
    )
    if last is not None and now - last < BETWEEN_REMINDERS:
        wait = math.ceil((last + BETWEEN_REMINDERS - now).total_seconds())
        raise StateConflict(TOO_SOON, at=f"{last.astimezone(LOCAL):%H:%M}", retry_after=wait)


async def preview(
    session: AsyncSession, principal: Principal, on: date, public_url: str
) -> list[PreviewedMessage]:
    """The messages that would be sent on a day if nothing changed until then.

    Only lines about obligations within the principal's reach are in them.
    """
    evening = datetime.combine(on, time(23, 59), LOCAL)
    parameters: dict[str, Any] = await due_occurrences(session, evening, only_on=on)
    parameters |= correction_days(evening)
    parameters |= {
        "corrections_at": datetime.combine(on, CORRECTIONS_FROM, LOCAL),
        "channels": DEFAULT_CHANNELS,
        "reach": principal.reach_pattern,
        "now": evening,
    }
    rows = (await session.execute(LIST_PREVIEW_LINES, parameters)).all()
    return [_message(group, public_url) for group in _by_message(rows)]


def _by_message(rows: Sequence[Any]) -> Iterable[list[Any]]:
    """The rows grouped by the message that carries them.

    An account gets one message by each channel, and another one about corrections.
    """
    messages: dict[tuple[bool, str, str], list[Any]] = {}
    for row in rows:
        is_correction = row.template == EventKind.CORRECTION_DUE
        messages.setdefault((is_correction, row.username, row.channel), []).append(row)
    return messages.values()


def _message(rows: Sequence[Any], public_url: str) -> PreviewedMessage:
    """The message that carries these rows."""
    first = rows[0]
    send_at = max(row.send_at for row in rows).astimezone(LOCAL)
    lines = [recheck.obligation_line_of(row) for row in rows]
    link = preferences_url(public_url, None) if first.channel == Channel.EMAIL else None
    message_text = wording.compose(Recipient(first.full_name, public_url, link), lines, send_at)
    return PreviewedMessage(
        username=first.username,
        full_name=first.full_name,
        email=first.email,
        channel=first.channel,
        send_at=send_at,
        subject=message_text.subject,
        text=message_text.plain,
        obligations=lines,
    )
