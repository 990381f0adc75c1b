"""The wire format of a person's messages and channels, and of an obligation's notifications."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Flag, Input, Instant, Output, Page, examples
from app.vocabulary import Audience, Channel, EventKind, NotificationState


def _each_once(channels: list[Channel]) -> list[Channel]:
    if len(set(channels)) == len(channels):
        return channels
    raise PydanticCustomError("not_unique", "Name each value once")


Channels = Annotated[
    list[Channel],
    Field(
        min_length=1,
        max_length=len(Channel),
        json_schema_extra={"uniqueItems": True},
        description="At least one channel.",
    ),
    AfterValidator(_each_once),
]

MESSAGE: dict[str, Any] = {
    "id": "01900b34-6a58-7a31-9d0c-5c3e2f7b8a14",
    "subject": "Còn 3 ngày: báo cáo quý II năm 2024",
    "text": "Kính gửi Ông/Bà Nguyễn Văn An,\n\nCòn 3 ngày: báo cáo quý II năm 2024 của UBND xã "
    "Xuân Hồng. Hạn gửi: hết ngày 15/6/2024; kế hoạch ghi: trước ngày 15 tháng cuối quý.\n",
    "sent_at": "2024-06-12T08:00:07+07:00",
    "read_at": None,
    "obligations": [
        {
            "plan": "tho-xuan-2024",
            "period": "2024-Q2",
            "agency": "15493",
            "agency_name": "Xã Xuân Hồng",
            "about": "before-3",
        }
    ],
    "plans": [],
}


class Concern(Output):
    """An obligation that a message is about."""

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    about: str = Field(
        validation_alias=AliasChoices("about", "rule"),
        description="The code of a reminder rule, or the kind of an event (`report.returned`, …).",
    )


class PlanConcern(Output):
    """A plan that a message is about as a whole."""

    plan: str = Field(description="The code of the plan.")
    about: EventKind = Field(description="The kind of the event.")


class NotificationOut(Output):
    """A message received in the application."""

    model_config = examples(MESSAGE)

    id: UUID = Field(description="The identifier.")
    subject: str = Field(description="The subject.")
    text: str = Field(description="The text.")
    sent_at: Instant = Field(description="When it was sent.")
    read_at: Instant | None = Field(description="When it was read; null if it was not.")
    obligations: list[Concern] = Field(description="The reports that the message is about.")
    plans: list[PlanConcern] = Field(
        description="Plans that the message is about as a whole, as after a failed import."
    )


class Inbox(Page[NotificationOut]):
    """A page of messages, with the number of unread ones on all pages."""

    model_config = examples({"items": [MESSAGE], "next_cursor": None, "unread": 1})

    unread: int = Field(description="The number of unread messages on all pages.")


class ReadThrough(Input):
    """Which messages to mark as read."""

    model_config = examples({"through": MESSAGE["id"]})

    through: UUID | None = Field(
        None,
        description="The `id` of the newest message that was shown to the user: it and those "
        "before it in the list are marked. Without it, all messages received "
        "until now are.",
    )


class ReadCount(Output):
    """The number of messages that were marked as read."""

    model_config = examples({"read": 3})

    read: int = Field(description="The number of messages that were marked.")


class PreferencesIn(Input):
    """The chosen channels. Notifications about obligations cannot be switched off."""

    model_config = examples({"channels": ["email", "in_app"], "period_news": True})

    channels: Channels
    period_news: Flag = Field(
        default=True,
        description="Whether to be told of opened and closed periods, and of reports that came.",
    )


class PreferencesOut(Output):
    """The chosen channels, and those that are available."""

    model_config = examples(
        {"channels": ["email", "in_app"], "period_news": True, "available": ["email", "in_app"]}
    )

    channels: list[Channel] = Field(description="The channels.")
    period_news: bool = Field(
        description="Whether to be told of opened and closed periods, and of reports that came."
    )
    available: list[Channel] = Field(
        description="The channels that reach the user: `email` with an address, `webhook` "
        "with a gateway."
    )


class RecipientOut(Output):
    """The recipient of a notification."""

    username: str = Field(description="The user name.")
    full_name: str = Field(description="The full name of the person.")


class SentOut(Output):
    """A notification of an obligation, and its outcome."""

    model_config = examples(
        {
            "rule": "before-3",
            "occurrence": "2024-06-15",
            "audience": "reporter",
            "recipient": {"username": "xuan-hong", "full_name": "Nguyễn Văn An"},
            "channel": "email",
            "planned_for": "2024-06-12T08:00:00+07:00",
            "state": "sent",
            "why": "đến lúc nhắc và chưa nhắc",
            "sent_at": "2024-06-12T08:00:07+07:00",
            "attempts": 1,
            "error": None,
            "subject": "Còn 3 ngày: báo cáo quý II năm 2024",
        }
    )

    rule: str = Field(
        description="The code of a reminder rule, or the kind of an event (`report.returned`, …)."
    )
    occurrence: str = Field(
        description="The due date of the reminder, or the instant of the event."
    )
    audience: Audience = Field(description="The recipients.")
    recipient: RecipientOut = Field(description="The user to whom it is addressed.")
    channel: Channel = Field(description="The channel.")
    planned_for: Instant = Field(description="When it is to be sent.")
    state: NotificationState = Field(
        description="planned: waits; sent; failed: could not be sent; skipped: was no longer "
        "true; superseded: a later one took its place."
    )
    why: str = Field(description="Why it was sent or not, in the language of `Accept-Language`.")
    sent_at: Instant | None = Field(description="When it was sent.")
    attempts: int = Field(description="The number of attempts.")
    error: str | None = Field(description="The error of the last attempt.")
    subject: str | None = Field(
        description="The subject of the message; null before it is composed."
    )
