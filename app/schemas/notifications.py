"""The wire format of a person's messages and channels, and of an obligation's notifications."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Flag, Input, Instant, Output, Page, examples
from app.vocabulary import Audience, Channel, NotificationState


def _each_once(channels: list[Channel]) -> list[Channel]:
    if len(set(channels)) == len(channels):
        return channels
    raise PydanticCustomError("not_unique", "Name each value once")


Channels = Annotated[
    list[Channel],
    Field(min_length=1, max_length=len(Channel), description="Ít nhất một kênh."),
    AfterValidator(_each_once),
]

MESSAGE: dict[str, Any] = {
    "id": "01900b34-6a58-7a31-9d0c-5c3e2f7b8a14",
    "subject": "Còn 3 ngày: báo cáo quý II năm 2024",
    "text": "Kính gửi Nguyễn Văn An,\n\nCòn 3 ngày: báo cáo quý II năm 2024 của Xã Xuân Hồng. "
    "Hạn gửi: hết ngày 15/6/2024.\n",
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

    plan: str
    period: str
    agency: str
    agency_name: str
    about: str = Field(
        validation_alias=AliasChoices("about", "rule"),
        description="Mã quy tắc nhắc, hoặc loại sự kiện (report.returned…).",
    )


class PlanConcern(Output):
    """A plan that a message is about as a whole."""

    plan: str
    about: str = Field(description="Loại sự kiện (plan.import_failed).")


class NotificationOut(Output):
    """A message received in the application."""

    model_config = examples(MESSAGE)

    id: UUID
    subject: str
    text: str
    sent_at: Instant
    read_at: Instant | None = Field(description="Thời điểm đã đọc; null là chưa đọc.")
    obligations: list[Concern]
    plans: list[PlanConcern] = Field(
        description="Kế hoạch mà thông báo nói đến nhưng không về báo cáo nào, như nạp không thành."
    )


class Inbox(Page[NotificationOut]):
    """A page of messages, with the number of unread ones on all pages."""

    model_config = examples({"items": [MESSAGE], "next_cursor": None, "unread": 1})

    unread: int = Field(description="Số thông báo chưa đọc trong tất cả các trang.")


class ReadThrough(Input):
    """Which messages to mark as read."""

    model_config = examples({"through": MESSAGE["id"]})

    through: UUID | None = Field(
        None,
        description="`id` của thông báo mới nhất đã hiện cho người dùng: đánh dấu nó và các thông "
        "báo trước nó trong danh sách. Bỏ trống: tất cả thông báo đã nhận cho đến lúc này.",
    )


class ReadCount(Output):
    """The number of messages that were marked as read."""

    model_config = examples({"read": 3})

    read: int


class PreferencesIn(Input):
    """The chosen channels. Notifications about obligations cannot be switched off."""

    model_config = examples({"channels": ["email", "in_app"], "period_news": True})

    channels: Channels
    period_news: Flag = Field(
        default=True, description="Có nhận tin mở, khóa kỳ báo cáo hay không."
    )


class PreferencesOut(Output):
    """The chosen channels, and those that are available."""

    model_config = examples(
        {"channels": ["email", "in_app"], "period_news": True, "available": ["email", "in_app"]}
    )

    channels: list[Channel]
    period_news: bool
    available: list[Channel] = Field(
        description="Các kênh đến được người này: email khi có địa chỉ, webhook khi có cổng."
    )


class RecipientOut(Output):
    """The recipient of a notification."""

    username: str
    full_name: str


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

    rule: str = Field(description="Mã quy tắc nhắc, hoặc loại sự kiện (report.returned…).")
    occurrence: str = Field(description="Lần nhắc theo hạn, hoặc thời điểm của sự kiện.")
    audience: Audience
    recipient: RecipientOut
    channel: Channel
    planned_for: Instant
    state: NotificationState = Field(
        description="planned: đang chờ; sent: đã gửi; failed: không gửi được; "
        "skipped: không còn đúng nên không gửi; superseded: có thông báo sau thay."
    )
    why: str = Field(description="Vì sao đã gửi hoặc không gửi, theo Accept-Language.")
    sent_at: Instant | None
    attempts: int = Field(description="Số lần đã thử.")
    error: str | None = Field(description="Lỗi của lần thử gần nhất.")
    subject: str | None
