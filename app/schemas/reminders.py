"""Schemas of reminder rules, of the preview, and of reminders by hand."""

import re
from datetime import time
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.schemas.base import Flag, Input, Instant, Output, Reason, Version, Whole, examples
from app.schemas.notifications import Channels, Concern
from app.vocabulary import Audience, Channel, DayKind, ReminderTemplate

_HOUR_AND_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"


def _require_hour_and_minute(value: Any) -> Any:
    """Accept only HH:MM: the sweep runs once a minute."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and re.fullmatch(_HOUR_AND_MINUTE, value):
        return time.fromisoformat(value)
    raise PydanticCustomError("time_of_day", "Expected a time of day as HH:MM")


TimeOfDay = Annotated[
    time,
    BeforeValidator(_require_hour_and_minute),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOUR_AND_MINUTE}$", "examples": ["08:00"]}),
]
"""A local time of day, to the minute."""


def _defaults_to(hour: int, description: str | None = None) -> Any:
    """A time of day with a default, shown as HH:MM in OpenAPI; Pydantic would add seconds."""
    schema: dict[str, Any] = {"default": f"{hour:02d}:00"}
    return Field(default=time(hour), description=description, json_schema_extra=schema)


RULE: dict[str, Any] = {
    "offset_days": -3,
    "day_kind": "calendar",
    "repeat_days": None,
    "repeat_times": 0,
    "audience": "reporter",
    "channels": ["email", "in_app"],
    "send_time": "08:00",
    "quiet_from": "21:00",
    "quiet_until": "06:00",
    "template": "reminder",
    "active": True,
}


class ReminderRuleIn(Input):
    """A reminder rule: its timing, its audience and its channels."""

    model_config = examples(RULE)

    offset_days: Annotated[int, Field(strict=True, ge=-60, le=60), Whole] = Field(
        description="Số ngày so với hạn gửi: âm là trước hạn, 0 là ngày đến hạn."
    )
    day_kind: DayKind = Field(
        default=DayKind.CALENDAR, description="Đếm theo ngày lịch hay ngày làm việc."
    )
    repeat_days: Annotated[int, Field(strict=True, ge=1, le=60), Whole] | None = Field(
        default=None, description="Nhắc lại sau mỗi bao nhiêu ngày."
    )
    repeat_times: Annotated[int, Field(strict=True, ge=0, le=30), Whole] = Field(
        default=0, description="Nhắc thêm bao nhiêu lần."
    )
    audience: Audience
    channels: Channels
    send_time: TimeOfDay = _defaults_to(8)
    quiet_from: TimeOfDay = _defaults_to(21)
    quiet_until: TimeOfDay = _defaults_to(
        6, description="Từ quiet_from đến lúc này không gửi; bằng nhau là không có."
    )
    template: ReminderTemplate = ReminderTemplate.REMINDER
    active: Flag = Field(
        default=True, description="false: tắt quy tắc; quy tắc riêng tắt thì đơn vị đó không nhận."
    )

    @model_validator(mode="after")
    def _repeats_with_both(self) -> Self:
        if (self.repeat_days is None) == (self.repeat_times == 0):
            return self
        raise PydanticCustomError("repeats", "Expected repeat_days and repeat_times together")


class ReminderRuleOut(Output):
    """A reminder rule of a schedule, or an agency's own rule in place of it."""

    model_config = examples(
        {
            "code": "before-3",
            "plan": "tho-xuan-2024",
            "schedule": "quarterly",
            "agency": None,
            **RULE,
            "version": 1,
        }
    )

    code: str
    plan: str
    schedule: str
    agency: str | None = Field(description="Đơn vị có quy tắc riêng; null là của cả chế độ.")
    offset_days: int
    day_kind: DayKind
    repeat_days: int | None
    repeat_times: int
    audience: Audience
    channels: list[Channel]
    send_time: TimeOfDay
    quiet_from: TimeOfDay
    quiet_until: TimeOfDay
    template: ReminderTemplate
    active: bool
    version: Version


class ForeseenOut(Output):
    """A message that would be sent."""

    model_config = examples(
        {
            "username": "xuan-hong",
            "full_name": "Nguyễn Văn An",
            "email": "xuanhong@example.vn",
            "channel": "email",
            "send_at": "2024-06-12T08:00:00+07:00",
            "subject": "Còn 3 ngày: báo cáo quý II năm 2024",
            "text": "Kính gửi Nguyễn Văn An,\n\nCòn 3 ngày: báo cáo quý II năm 2024 của "
            "Xã Xuân Hồng. Hạn gửi: hết ngày 15/6/2024.\n",
            "obligations": [
                {
                    "plan": "tho-xuan-2024",
                    "period": "2024-Q2",
                    "agency": "15493",
                    "agency_name": "Xã Xuân Hồng",
                    "about": "before-3",
                }
            ],
        }
    )

    username: str
    full_name: str
    email: str | None
    channel: Channel
    send_at: Instant
    subject: str
    text: str
    obligations: list[Concern]


class RemindIn(Input):
    """A reminder by hand, with a note to the agency."""

    model_config = examples({"note": "Đề nghị xã gửi trước 16 giờ hôm nay để kịp tổng hợp."})

    note: Reason | None = Field(default=None, description="Lời nhắn kèm theo.")


class Reminded(Output):
    """The number of people who are notified."""

    model_config = examples({"told": 1})

    told: int = Field(description="Số người được nhắc.")
