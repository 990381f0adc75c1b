"""Reminding by hand, and looking ahead at what would go out."""

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
from app.services.audit import ledger
from app.services.audit.action import Action
from app.services.deadlines.sql import instants
from app.services.notifications import events, recheck, wording
from app.services.notifications.events import DEFAULT_CHANNELS, UNTOLD
from app.services.notifications.recheck import ABOUT
from app.services.notifications.recipients import WAYS
from app.services.notifications.wording import ObligationLine, Recipient
from app.services.periods import obligations
from app.services.periods.obligations import OwedReport, ReportKey
from app.services.reminders.sweep import (
    CORRECTION,
    CORRECTIONS_FROM,
    WANTED,
    days_of_correction,
    due_candidates,
)
from app.text.bilingual import Bilingual
from app.vocabulary import Channel, EventKind, PeriodState

BETWEEN_REMINDERS = timedelta(hours=1)

SENT_ALREADY = Bilingual("Đơn vị đã gửi báo cáo kỳ này.", "The agency has sent this report.")
EXEMPT = Bilingual("Đơn vị được miễn báo cáo kỳ này.", "The agency is exempt from this report.")
CLOSED = Bilingual("Kỳ báo cáo đã khóa.", "The reporting period is closed.")
TOO_SOON = Bilingual(
    "Đã nhắc lúc {at}; mỗi giờ chỉ nhắc một lần.", "Reminded at {at}; once an hour is enough."
)
NOBODY = Bilingual(
    "Đơn vị chưa có tài khoản nào để nhắc.", "The agency has no account that could be reminded."
)

LAST_REMINDED = text("""
    SELECT max(created_at) FROM notification
    WHERE obligation_id = :obligation_id AND template = 'obligation.reminded'
""")

IS_RETURNED = text("""
    SELECT EXISTS (SELECT FROM report WHERE obligation_id = :obligation_id AND status = 'returned')
""")

PEOPLE_TOLD = text("""
    SELECT count(DISTINCT account_id) FROM notification
    WHERE obligation_id = :obligation_id AND template = 'obligation.reminded'
    AND occurrence = :occurrence
""")

# As LINES of messages, for what is not planned yet.
_FORESEEN = f"""
    SELECT NULL AS facts, NULL AS body, {ABOUT},
        told.rule, told.audience, told.template, told.channel, told.send_at,
        account.username, account.full_name, account.email
    FROM {{told}} AS told
    JOIN account ON account.id = told.account_id
    JOIN obligation o ON o.id = told.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN plan ON plan.id = p.plan_id
    JOIN agency a ON a.id = o.agency_id
    LEFT JOIN report r ON r.obligation_id = o.id
    WHERE a.path LIKE :reach
    ORDER BY account.username, told.channel, o.late_from, a.code
"""  # noqa: S608 - composed of constants
REMINDERS = text(f"""
    WITH {WANTED}
    {_FORESEEN.format(told="(SELECT * FROM wanted WHERE recency = 1)")}
""")  # noqa: S608 - composed of constants
_UNTOLD = UNTOLD.format(
    obligation="o.id", rule="'report.correction_due'", occurrence="correction.occurrence"
)
CORRECTIONS = text(f"""
    WITH correction AS ({CORRECTION}), asked AS (
        SELECT correction.obligation_id, account.id AS account_id, chosen.channel,
            'report.correction_due' AS rule, 'reporter' AS audience,
            'report.correction_due' AS template, CAST(:send_at AS timestamptz) AS send_at
        FROM correction
        JOIN obligation o ON o.id = correction.obligation_id
        JOIN account ON account.agency_id = o.agency_id AND account.role = 'reporter'
            AND account.active
        {WAYS.format(usual="CAST(:channels AS text[])")}
        WHERE {_UNTOLD}
    )
    {_FORESEEN.format(told="asked")}
""")  # noqa: S608 - composed of constants


@dataclass(frozen=True)
class Foreseen:
    """A message that would go out: to whom, when, and with which words."""

    username: str
    full_name: str
    email: str | None
    channel: str
    send_at: datetime
    subject: str
    text: str
    obligations: list[ObligationLine]


async def remind(session: AsyncSession, action: Action, key: ReportKey, *, note: str | None) -> int:
    """Remind the reporters of an obligation (found with its lock) by hand; how many people that is.

    Raises:
        StateConflict: the report has come and was not returned, or is exempt, the period is
            closed, the agency was reminded within the hour, or nobody could be told.
    """
    place = await obligations.get(session, action.principal, key, lock=True)
    now = action.now
    await _see_that_it_helps(session, place, now)
    at = await ledger.record_event(
        session,
        action,
        "obligation.reminded",
        f"obligations/{place.subject}",
        plan_id=place.plan.id,
        agency_id=place.agency.id,
        after={"note": note},
    )
    await events.tell(
        session,
        EventKind.REMINDED,
        [place.obligation.id],
        occurrence=at.isoformat(),
        facts={"note": note, "due_date": place.obligation.due_date.isoformat()},
        now=now,
    )
    occurrence = {"obligation_id": place.obligation.id, "occurrence": at.isoformat()}
    people = int(await session.scalar(PEOPLE_TOLD, occurrence) or 0)
    if people == 0:
        raise StateConflict(NOBODY)
    return people


async def _see_that_it_helps(session: AsyncSession, place: OwedReport, now: datetime) -> None:
    this = {"obligation_id": place.obligation.id}
    has_come = place.obligation.first_submitted_at is not None
    if has_come and not await session.scalar(IS_RETURNED, this):
        raise StateConflict(SENT_ALREADY)
    if place.obligation.exempted_at is not None:
        raise StateConflict(EXEMPT)
    if place.period.state == PeriodState.CLOSED:
        raise StateConflict(CLOSED)
    last: datetime | None = await session.scalar(LAST_REMINDED, this)
    if last is not None and now - last < BETWEEN_REMINDERS:
        wait = math.ceil((last + BETWEEN_REMINDERS - now).total_seconds())
        raise StateConflict(
            TOO_SOON,
            at=f"{last.astimezone(LOCAL):%H:%M}",
            retry_after=wait,
        )


async def preview(
    session: AsyncSession, principal: Principal, on: date, public_url: str
) -> list[Foreseen]:
    """What would go out on a day if nothing changed until then, within the principal's reach."""
    evening = datetime.combine(on, time(23, 59), LOCAL)
    facts: dict[str, Any] = instants(evening) | {"reach": principal.reach + "%"}
    candidates = await due_candidates(session, evening, only_day=on)
    rows: list[Any] = []
    if candidates["rules"]:
        rows += (await session.execute(REMINDERS, candidates | facts)).all()
    facts |= days_of_correction(evening)
    facts |= {
        "channels": DEFAULT_CHANNELS,
        "send_at": datetime.combine(on, CORRECTIONS_FROM, LOCAL),
    }
    corrections = (await session.execute(CORRECTIONS, facts)).all()
    return [_foreseen(group, public_url) for group in (*_messages(rows), *_messages(corrections))]


def _messages(rows: Sequence[Any]) -> Iterable[list[Any]]:
    """The rows by the message that carries them: one for a person and channel."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row.username, row.channel), []).append(row)
    return grouped.values()


def _foreseen(rows: Sequence[Any], public_url: str) -> Foreseen:
    first = rows[0]
    send_at = max(row.send_at for row in rows).astimezone(LOCAL)
    lines = [recheck.obligation_line_of(row) for row in rows]
    link = preferences_url(public_url, None) if first.channel == Channel.EMAIL else None
    words = wording.compose(Recipient(first.full_name, public_url, link), lines, send_at)
    return Foreseen(
        username=first.username,
        full_name=first.full_name,
        email=first.email,
        channel=first.channel,
        send_at=send_at,
        subject=words.subject,
        text=words.plain,
        obligations=lines,
    )
