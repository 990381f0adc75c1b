"""The messages that a person receives in the application, and the channels that they choose."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency
from app.models.notifications import Message, Notification, NotificationPreference
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.policy import Principal
from app.services.audit.action import Action
from app.services.audit.changes import Change, record_change
from app.services.notifications.events import DEFAULT_CHANNELS
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, Channel, MessageState, NotificationState

UNREACHABLE = Bilingual(
    "Không gửi được qua kênh nào trong số này; các kênh đang dùng được: {available}.",
    "None of these channels reaches you; available channels: {available}.",
)

NO_SUCH_MESSAGE = Bilingual(
    "Không có thông báo nào mang mã {id} gửi cho tài khoản này.",
    "You have received no message {id}.",
)

# How an account can be reached, and what it has chosen.
GET_CONTACT = text("""
SELECT preferred_channels, period_news, has_email, has_webhook
FROM contact WHERE account_id = :account_id
""")


@dataclass(frozen=True, slots=True)
class Concern:
    """An obligation that a message is about; `about` is a rule's code or an event."""

    plan: str
    period: str
    agency: str
    agency_name: str
    about: str


@dataclass(frozen=True, slots=True)
class PlanConcern:
    """A plan that a message is about as a whole; `about` is an event."""

    plan: str
    about: str


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message received in the application."""

    id: UUID
    subject: str
    text: str
    sent_at: datetime
    read_at: datetime | None
    obligations: list[Concern]
    plans: list[PlanConcern]


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of messages; `unread` counts those of all pages."""

    items: list[InboxMessage]
    next_cursor: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """The channels that a person has chosen, and those that reach them."""

    channels: list[Channel]
    period_news: bool
    available: list[Channel]


def _received_by(principal: Principal) -> ColumnElement[bool]:
    """The condition that a person has received a message in the application."""
    return (
        (Message.account_id == principal.account_id)
        & (Message.channel == Channel.IN_APP)
        & (Message.state == MessageState.SENT)
    )


async def list_page(
    session: AsyncSession, principal: Principal, *, unread: bool, limit: int, cursor: str | None
) -> InboxPage:
    """A page of a person's messages, or of the unread ones, newest first."""
    query = select(Message).where(_received_by(principal))
    if unread:
        query = query.where(Message.read_at.is_(None))
    rows, next_cursor = await page(
        session,
        query,
        [Message.sent_at, Message.id],
        limit=limit,
        cursor=cursor,
        descending=True,
    )
    items = await _with_concerns(session, [row[0] for row in rows])
    return InboxPage(items, next_cursor, await _count_unread(session, principal))


async def _count_unread(session: AsyncSession, principal: Principal) -> int:
    query = select(func.count()).where(_received_by(principal), Message.read_at.is_(None))
    return int(await session.scalar(query) or 0)


async def _with_concerns(session: AsyncSession, messages: Sequence[Message]) -> list[InboxMessage]:
    """The messages with what they are about, in the order in which reports are due."""
    rows = await session.execute(
        select(
            Notification.message_id,
            Notification.rule,
            Plan.code,
            ReportingPeriod.code,
            Agency.code,
            Agency.name,
        )
        .outerjoin(Obligation, Obligation.id == Notification.obligation_id)
        .outerjoin(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .join(Plan, Plan.id == func.coalesce(ReportingPeriod.plan_id, Notification.plan_id))
        .outerjoin(Agency, Agency.id == Obligation.agency_id)
        .where(
            Notification.message_id.in_([message.id for message in messages]),
            Notification.state == NotificationState.SENT,
        )
        .order_by(Obligation.late_from, Agency.code, Notification.id)
    )
    concerns: dict[UUID | None, list[Concern]] = defaultdict(list)
    plans: dict[UUID | None, list[PlanConcern]] = defaultdict(list)
    for message_id, about, plan, period, agency, agency_name in rows:
        if period is None:
            plans[message_id].append(PlanConcern(plan, about))
        else:
            concerns[message_id].append(Concern(plan, period, agency, agency_name, about))
    return [
        InboxMessage(
            id=message.id,
            subject=message.subject or "",
            text=message.body or "",
            sent_at=message.sent_at or message.created_at,
            read_at=message.read_at,
            obligations=concerns[message.id],
            plans=plans[message.id],
        )
        for message in messages
    ]


async def mark_read(session: AsyncSession, action: Action, message_id: UUID) -> InboxMessage:
    """Mark one of a person's messages as read; the first time is kept.

    There is no audit event, because no other account sees whether a message was read.

    Raises:
        NotFound: the person has received no such message.
    """
    message = await session.scalar(
        update(Message)
        .where(_received_by(action.principal), Message.id == message_id)
        .values(read_at=func.coalesce(Message.read_at, action.now))
        .returning(Message)
    )
    if message is None:
        raise NotFound(terms.MESSAGE, id=str(message_id))
    return (await _with_concerns(session, [message]))[0]


async def mark_all_read(session: AsyncSession, action: Action, *, through: UUID | None) -> int:
    """Mark a person's messages as read; return how many were unread.

    through: the newest message that the person has seen. Messages after it in the list stay unread;
    messages are sent in another order than they get their ids. None: all messages.

    Raises:
        ValidationFailed: the person has not received the message `through`.
    """
    unread = update(Message).where(_received_by(action.principal), Message.read_at.is_(None))
    if through is not None:
        newest = await _get_position(session, action.principal, through)
        unread = unread.where(tuple_(Message.sent_at, Message.id) <= newest)
    ids = await session.scalars(unread.values(read_at=action.now).returning(Message.id))
    return len(ids.all())


async def _get_position(
    session: AsyncSession, principal: Principal, message_id: UUID
) -> ColumnElement[Any]:
    """The keys by which the list is ordered, of one message.

    Raises:
        ValidationFailed: the person has received no such message.
    """
    query = select(Message.sent_at).where(_received_by(principal), Message.id == message_id)
    sent_at = await session.scalar(query)
    if sent_at is None:
        facts = {"id": str(message_id)}
        raise ValidationFailed([FieldError("/through", "unknown_message", NO_SUCH_MESSAGE, facts)])
    return tuple_(literal(sent_at), literal(message_id))


async def get_preferences(session: AsyncSession, principal: Principal) -> Preferences:
    """The channels that a person has chosen, or else the default ones."""
    parameters = {"account_id": principal.account_id}
    contact = (await session.execute(GET_CONTACT, parameters)).one()
    reaches = {
        Channel.EMAIL: contact.has_email,
        Channel.WEBHOOK: contact.has_webhook,
        Channel.IN_APP: True,
    }
    return Preferences(
        channels=[Channel(name) for name in contact.preferred_channels or DEFAULT_CHANNELS],
        period_news=contact.period_news,
        available=[channel for channel in Channel if reaches[channel]],
    )


async def put_preferences(
    session: AsyncSession, action: Action, *, channels: list[Channel], period_news: bool
) -> Preferences:
    """Set the channels of a person.

    Raises:
        ValidationFailed: none of the channels reaches the person.
    """
    principal = action.principal
    old = await get_preferences(session, principal)
    if not set(channels) & set(old.available):
        names = [terms.CHANNEL[channel] for channel in old.available]
        facts = {"available": Bilingual(*map(", ".join, zip(*names, strict=True)))}
        raise ValidationFailed([FieldError("/channels", "unreachable", UNREACHABLE, facts)])
    values = {"channels": list(channels), "period_news": period_news}
    change = Change({"channels": old.channels, "period_news": old.period_news}, values)
    await record_change(
        session,
        action,
        AuditAction.NOTIFICATION_PREFERENCE_PUT,
        f"users/{principal.name}",
        change,
        agency_id=principal.agency_id,
    )
    await session.execute(
        insert(NotificationPreference)
        .values(account_id=principal.account_id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )
    return Preferences(channels, period_news, old.available)
