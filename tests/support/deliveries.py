"""Sweeps and deliveries by hand, and their results as rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text

from app.channels.errors import DeliveryDelayedError
from app.channels.mail import Envelope
from app.channels.webhook import Post
from app.models.accounts import Account
from app.models.agencies import Agency
from app.models.notifications import NotificationPreference, ReminderRule
from app.models.periods import Schedule
from app.services.notifications.delivery import DeliveryContext, MailSender, PostSender, deliver
from app.services.reminders.sweep import SweepResult, sweep
from app.vocabulary import Audience, Channel, DayKind, NotificationReason, Role
from tests.conftest import Service
from tests.support.report_calls import XUAN_HONG, review, submit_complete

PUBLIC_URL = "http://127.0.0.1:8000"
AWAY = DeliveryDelayedError("connection refused")

# The notifications about obligations.
LIST_NOTIFICATIONS = text("""
    SELECT p.code || '/' || a.code AS obligation, n.rule, n.occurrence, account.username,
        n.channel, n.audience, n.state, n.why, n.why_detail, n.message_id
    FROM notification n
    JOIN obligation o ON o.id = n.obligation_id
    JOIN reporting_period p ON p.id = o.period_id
    JOIN agency a ON a.id = o.agency_id
    JOIN account ON account.id = n.account_id
    ORDER BY n.id
""")

LIST_MESSAGES = text("""
    SELECT m.id, account.username, m.channel, m.state, m.attempts, m.not_before, m.sent_at,
        m.subject, m.body, m.error, m.error_detail
    FROM message m JOIN account ON account.id = m.account_id ORDER BY m.id
""")


class NotificationRow(NamedTuple):
    """One notification."""

    obligation: str
    rule: str
    occurrence: str
    username: str
    channel: str
    audience: str
    state: str
    why: NotificationReason
    why_detail: str | None
    message_id: UUID | None


class MessageRow(NamedTuple):
    """One message."""

    id: UUID
    username: str
    channel: str
    state: str
    attempts: int
    not_before: datetime
    sent_at: datetime | None
    subject: str | None
    body: str | None
    error: NotificationReason | None
    error_detail: str | None


@dataclass
class Outbox:
    """Collects e-mails and posts; raises `trouble` instead while it is set."""

    mails: list[Envelope] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    trouble: Exception | None = None

    async def send(self, item: Envelope | Post, now: datetime | None = None) -> None:
        """Collect an item, or raise the trouble."""
        assert (now is None) == isinstance(item, Envelope)
        if self.trouble is not None:
            raise self.trouble
        if isinstance(item, Envelope):
            await self.take_mail(item)
        else:
            self.posts.append(item)

    async def take_mail(self, mail: Envelope) -> None:
        """Collect an e-mail; tests override it."""
        self.mails.append(mail)

    @property
    def letters(self) -> list[tuple[str, str]]:
        """The recipients and subjects of the e-mails."""
        return [(mail.email.removesuffix("@example.vn"), mail.text.subject) for mail in self.mails]


def delivery_context(
    service: Service, mail: MailSender | None = None, posts: PostSender | None = None
) -> DeliveryContext:
    """The context of a delivery; without senders, messages are dropped."""
    nowhere = Outbox()
    return DeliveryContext(
        service.database, service.clock, mail or nowhere, posts or nowhere, PUBLIC_URL
    )


async def run_sweep(service: Service) -> SweepResult:
    """Run a sweep now."""
    async with service.database.transaction() as session:
        return await sweep(session, service.clock.now())


async def deliver_all(service: Service) -> Outbox:
    """Deliver now; return what was sent."""
    outbox = Outbox()
    await deliver(delivery_context(service, outbox, outbox))
    return outbox


def address_in(mail: Envelope) -> str:
    """The address of the page that an e-mail is about: the first in its text with a key."""
    return str(re.findall(r"\S+\?key=\S+", mail.text.plain)[0])


async def list_notifications(service: Service, **values: str) -> list[NotificationRow]:
    """The notifications that have these values."""
    async with service.database.reading() as session:
        rows = [NotificationRow(*row) for row in await session.execute(LIST_NOTIFICATIONS)]
    return [r for r in rows if all(getattr(r, name) == value for name, value in values.items())]


async def list_messages(service: Service, **values: str) -> list[MessageRow]:
    """The messages that have these values."""
    async with service.database.reading() as session:
        rows = [MessageRow(*row) for row in await session.execute(LIST_MESSAGES)]
    return [r for r in rows if all(getattr(r, name) == value for name, value in values.items())]


async def add_rule(service: Service, schedule: str = "quarterly", **values: Any) -> None:
    """Add a rule: a reminder to reporters at 8:00, changed by `values`.

    `agency` is the code of an agency with a rule of its own.
    """
    async with service.database.transaction() as session:
        agency = values.pop("agency", None)
        rule = {
            "code": "extra",
            "offset_days": 0,
            "day_kind": DayKind.CALENDAR,
            "audience": Audience.REPORTER,
            "channels": [Channel.EMAIL],
            "send_time": time(8),
            "quiet_from": time(21),
            "quiet_until": time(6),
            "template": "reminder",
        } | values
        session.add(
            ReminderRule(
                schedule_id=await session.scalar(
                    select(Schedule.id).where(Schedule.code == schedule)
                ),
                agency_id=await session.scalar(select(Agency.id).where(Agency.code == agency))
                if agency
                else None,
                **rule,
            )
        )


async def keep_rules(service: Service, *codes: str) -> None:
    """Deactivate all rules but these."""
    await execute(
        service,
        "UPDATE reminder_rule SET active = code = ANY(CAST(:codes AS text[]))",
        codes=list(codes),
    )


async def add_account(service: Service, name: str, role: Role, agency: str, **values: Any) -> None:
    """Add an account without a password."""
    async with service.database.transaction() as session:
        account = {
            "username": name,
            "full_name": name,
            "email": f"{name}@example.vn",
            "role": role,
            "agency_id": await session.scalar(select(Agency.id).where(Agency.code == agency)),
            "password_hash": "-",
            "created_at": service.clock.now(),
        } | values
        session.add(Account(**account))


async def add_webhook(
    service: Service, agency: str, url: str = "https://gateway.example/hook", *, active: bool = True
) -> None:
    """Add a gateway for an agency and those below it."""
    await execute(
        service,
        "INSERT INTO webhook (agency_id, url, secret, active, created_at)"
        " SELECT id, :url, 'whsec_czNjcmV0', :active, now() FROM agency WHERE code = :agency",
        agency=agency,
        url=url,
        active=active,
    )


async def prefer(service: Service, name: str, *channels: Channel, news: bool = True) -> None:
    """Set the channels of a person."""
    async with service.database.transaction() as session:
        account = await session.scalar(select(Account.id).where(Account.username == name))
        session.add(
            NotificationPreference(account_id=account, channels=list(channels), period_news=news)
        )


async def execute(service: Service, sql: str, **parameters: Any) -> None:
    """Execute a statement, for changes whose API is not under test."""
    async with service.database.transaction() as session:
        await session.execute(text(sql), parameters)


def rules_of(rows: Iterable[NotificationRow]) -> list[str]:
    """The distinct rules of notifications, in order."""
    return list(dict.fromkeys(row.rule for row in rows))


async def return_report(service: Service, due: str) -> None:
    """Return Xuân Hồng's report of the second quarter, without messages to send."""
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await review(
        service.client("coordinator"), "return", XUAN_HONG, reason="Chưa khớp.", correction_due=due
    )
    await execute(service, "DELETE FROM arrival")
    await execute(service, "UPDATE message SET state = 'sent'")
