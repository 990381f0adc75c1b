"""A person's own messages and channels, and what was sent for an obligation."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.accounts import Account
from app.models.agencies import Agency
from app.models.notifications import Message, Notification, NotificationPreference, Webhook
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Plan
from app.policy import Principal
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.notifications.events import DEFAULT_CHANNELS
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import Channel, MessageState, NotificationState

UNREACHABLE = Bilingual(
    "Không kênh nào trong số này đến được bạn; đang dùng được: {available}.",
    "None of these channels reaches you; those that do: {available}.",
)


@dataclass(frozen=True, slots=True)
class Concern:
    """An obligation of which a message speaks, and the rule or event that made it."""

    plan: str
    period: str
    agency: str
    agency_name: str
    about: str


@dataclass(frozen=True, slots=True)
class PlanConcern:
    """A plan of which a message speaks as a whole, and the event that made it."""

    plan: str
    about: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message that came in the application."""

    id: int
    subject: str
    text: str
    sent_at: datetime
    read_at: datetime | None
    obligations: list[Concern]
    plans: list[PlanConcern]


@dataclass(frozen=True, slots=True)
class Preferences:
    """The channels that a person has, and those that reach them."""

    channels: list[Channel]
    period_news: bool
    available: list[Channel]


def _of(principal: Principal) -> ColumnElement[bool]:
    """The messages that a person has got in the application."""
    return (
        (Message.account_id == principal.account_id)
        & (Message.channel == Channel.IN_APP)
        & (Message.state == MessageState.SENT)
    )


async def received(
    session: AsyncSession, principal: Principal, *, unread: bool, limit: int, cursor: str | None
) -> tuple[list[Received], str | None]:
    """A page of one's own messages, or only of the unread ones, the newest first."""
    query = select(Message).where(_of(principal))
    if unread:
        query = query.where(Message.read_at.is_(None))
    rows, following = await page(
        session,
        query,
        [(Message.sent_at, datetime), (Message.id, int)],
        limit=limit,
        cursor=cursor,
        descending=True,
    )
    return await _with_concerns(session, [row[0] for row in rows]), following


async def count_unread(session: AsyncSession, principal: Principal) -> int:
    """How many messages a person has not read."""
    query = select(func.count()).where(_of(principal), Message.read_at.is_(None))
    return int(await session.scalar(query) or 0)


async def _with_concerns(session: AsyncSession, messages: Iterable[Message]) -> list[Received]:
    found = list(messages)
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
            Notification.message_id.in_([message.id for message in found]),
            Notification.state == NotificationState.SENT,
        )
        .order_by(Obligation.late_from, Agency.code, Notification.id)
    )
    concerns: dict[int | None, list[Concern]] = defaultdict(list)
    plans: dict[int | None, list[PlanConcern]] = defaultdict(list)
    for message_id, about, plan, period, agency, agency_name in rows:
        if period is None:
            plans[message_id].append(PlanConcern(plan, about))
        else:
            concerns[message_id].append(Concern(plan, period, agency, agency_name, about))
    return [
        Received(
            id=message.id,
            subject=message.subject or "",
            text=message.body or "",
            sent_at=message.sent_at or message.created_at,
            read_at=message.read_at,
            obligations=concerns[message.id],
            plans=plans[message.id],
        )
        for message in found
    ]


async def mark_read(
    session: AsyncSession, principal: Principal, message_id: int, now: datetime
) -> Received:
    """Mark one of one's own messages as read; the first time counts.

    That is between the person and the message, so the record of changes holds nothing of it.

    Raises:
        NotFound: there is no such message of this person.
    """
    message = await session.scalar(
        update(Message)
        .where(_of(principal), Message.id == message_id)
        .values(read_at=func.coalesce(Message.read_at, now))
        .returning(Message)
    )
    if message is None:
        raise NotFound(terms.MESSAGE, id=message_id)
    return (await _with_concerns(session, [message]))[0]


async def mark_all_read(session: AsyncSession, principal: Principal, now: datetime) -> int:
    """Mark all of one's own messages as read; how many were not."""
    marked = await session.scalars(
        update(Message)
        .where(_of(principal), Message.read_at.is_(None))
        .values(read_at=now)
        .returning(Message.id)
    )
    return len(marked.all())


async def preferences(session: AsyncSession, principal: Principal) -> Preferences:
    """The channels of a person who has chosen, or the usual ones."""
    chosen = await session.get(NotificationPreference, principal.account_id)
    return Preferences(
        channels=[Channel(name) for name in (chosen.channels if chosen else DEFAULT_CHANNELS)],
        period_news=chosen.period_news if chosen else True,
        available=await _available(session, principal),
    )


async def _available(session: AsyncSession, principal: Principal) -> list[Channel]:
    """The channels that reach a person today; the application always does."""
    covered = select(Webhook.id).join(Agency, Agency.id == Webhook.agency_id)
    covered = covered.where(
        Webhook.active,
        Agency.path == func.left(principal.agency_path, func.length(Agency.path)),
    )
    row = (
        await session.execute(
            select(Account.email.is_not(None), covered.exists()).where(
                Account.id == principal.account_id
            )
        )
    ).one()
    reached = {Channel.EMAIL: row[0], Channel.WEBHOOK: row[1], Channel.IN_APP: True}
    return [channel for channel in Channel if reached[channel]]


async def choose(
    session: AsyncSession,
    principal: Principal,
    *,
    channels: list[Channel],
    period_news: bool,
    now: datetime,
    actor: Actor,
) -> Preferences:
    """Choose the channels by which one is told; at least one of them has to reach the person.

    Raises:
        ValidationFailed: none of them does.
    """
    before = await preferences(session, principal)
    if not set(channels) & set(before.available):
        names = [terms.CHANNEL[channel] for channel in before.available]
        facts = {"available": Bilingual(*map(", ".join, zip(*names, strict=True)))}
        raise ValidationFailed([FieldError("/channels", "unreachable", UNREACHABLE, facts)])
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action="notification_preference.put",
        subject=f"users/{principal.name}",
        agency_id=principal.agency_id,
        before={"channels": list(before.channels), "period_news": before.period_news},
        after={"channels": list(channels), "period_news": period_news},
    )
    values = {"channels": [channel.value for channel in channels], "period_news": period_news}
    await session.execute(
        insert(NotificationPreference)
        .values(account_id=principal.account_id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )
    return Preferences(channels, period_news, before.available)
