"""Reminder rules, notifications, the messages that carry them, and channels."""

from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned
from app.vocabulary import (
    Audience,
    Channel,
    DayKind,
    MessageState,
    NotificationReason,
    NotificationState,
)


class ReminderRule(Versioned, Base):
    """When to remind which audience of the obligations of a schedule.

    An agency's own rule (`agency_id`) replaces the schedule's rule of the same code for that
    agency; if it is inactive, there is no reminder.
    """

    __tablename__ = "reminder_rule"
    __table_args__ = (
        UniqueConstraint("schedule_id", "agency_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("offset_days BETWEEN -60 AND 60", name="offset_days"),
        CheckConstraint("repeat_days > 0", name="repeat_days"),
        CheckConstraint("repeat_times BETWEEN 0 AND 30", name="repeat_times"),
    )

    id: Mapped[Key]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    code: Mapped[str] = mapped_column(Text)
    offset_days: Mapped[int] = mapped_column(Integer)
    """Days from the due date: negative before, 0 on it, positive after."""
    day_kind: Mapped[DayKind]
    repeat_days: Mapped[int | None] = mapped_column(Integer)
    repeat_times: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    audience: Mapped[Audience]
    channels: Mapped[list[Channel]] = mapped_column(ARRAY(Text))
    send_time: Mapped[time] = mapped_column(Time)
    quiet_from: Mapped[time] = mapped_column(Time)
    quiet_until: Mapped[time] = mapped_column(Time)
    template: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True, server_default="true")


class NotificationPreference(Base):
    """The channels that a person has chosen, and whether they want news of periods."""

    __tablename__ = "notification_preference"
    __table_args__ = (CheckConstraint("cardinality(channels) > 0", name="channels"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    channels: Mapped[list[Channel]] = mapped_column(ARRAY(Text))
    period_news: Mapped[bool] = mapped_column(default=True, server_default="true")


class Message(Base):
    """Notifications that one person gets together by one channel, such as one e-mail."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_to_send_idx",
            "channel",
            "not_before",
            "id",
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        Index("message_account_idx", "account_id", "channel", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.new_message_id())
    """A UUID of version 7: unlike a number it never repeats, also after a restore."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    channel: Mapped[Channel]
    state: Mapped[MessageState]
    created_at: Mapped[Instant]
    not_before: Mapped[Instant]
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    """The local hours in which it is not sent, nor retried; null: none."""
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    sent_at: Mapped[Instant | None]
    read_at: Mapped[Instant | None]
    subject: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    error: Mapped[NotificationReason | None]
    """Why the last attempt failed."""
    error_detail: Mapped[str | None] = mapped_column(Text)


class MessageHold(Base):
    """While this row exists, no message leaves by e-mail or webhook. There is at most one."""

    __tablename__ = "message_hold"
    __table_args__ = (CheckConstraint("id", name="single"),)

    id: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    held_at: Mapped[Instant]


class Notification(Base):
    """A reminder or event about an obligation or a plan, for one account by one channel.

    `rule` is a reminder rule's code or an event's kind; `occurrence` distinguishes repetitions.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint(
            "obligation_id", "rule", "occurrence", "account_id", "channel", name="notification_once"
        ),
        Index(
            "notification_plan_once",
            "plan_id",
            "rule",
            "occurrence",
            "account_id",
            "channel",
            unique=True,
            postgresql_where=text("plan_id IS NOT NULL"),
        ),
        CheckConstraint("num_nonnulls(obligation_id, plan_id) = 1", name="about"),
        Index("notification_message_idx", "message_id"),
    )

    id: Mapped[Key]
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligation.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    """Set if it is about a plan as a whole; null otherwise."""
    rule: Mapped[str] = mapped_column(Text)
    occurrence: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    channel: Mapped[Channel]
    audience: Mapped[Audience]
    template: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any] | None]
    """What only the event knows: a reason, comments, a note, findings."""
    planned_for: Mapped[Instant]
    created_at: Mapped[Instant]
    state: Mapped[NotificationState]
    why: Mapped[NotificationReason]
    """Why it was planned, or why it was not sent."""
    why_detail: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("message.id"))


class Webhook(Versioned, Base):
    """The address of a gateway that receives messages for accounts at and below an agency."""

    __tablename__ = "webhook"

    id: Mapped[Key]
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    """In clear text, because it signs each post."""
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[Instant]


class CalendarLink(Base):
    """A secret, revocable address of an agency's calendar, as the account that made it sees it."""

    __tablename__ = "calendar_link"

    id: Mapped[Key]
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[Instant]
    created_by: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[Instant | None]
