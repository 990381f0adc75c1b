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
        description="Days relative to the due date: negative before it, 0 on it."
    )
    day_kind: DayKind = Field(
        default=DayKind.CALENDAR, description="Whether calendar days or working days are counted."
    )
    repeat_days: Annotated[int, Field(strict=True, ge=1, le=60), Whole] | None = Field(
        default=None, description="The number of days between repetitions."
    )
    repeat_times: Annotated[int, Field(strict=True, ge=0, le=30), Whole] = Field(
        default=0, description="The number of repetitions."
    )
    audience: Audience = Field(description="The recipients.")
    channels: Channels
    send_time: TimeOfDay = _defaults_to(8, "The local time of sending, HH:MM.")
    quiet_from: TimeOfDay = _defaults_to(21, "The local time from which nothing is sent, HH:MM.")
    quiet_until: TimeOfDay = _defaults_to(
        6,
        description="Nothing is sent from `quiet_from` until then; there are no quiet hours "
        "if both are equal.",
    )
    template: ReminderTemplate = Field(
        default=ReminderTemplate.REMINDER, description="The text of the reminder."
    )
    active: Flag = Field(
        default=True,
        description="false: the rule is off; an agency's own rule that is off means no "
        "reminder for it.",
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

    code: str = Field(description="The code.")
    plan: str = Field(description="The code of the plan.")
    schedule: str = Field(description="The code of the schedule.")
    agency: str | None = Field(
        description="The code of the agency whose own rule it is; null: of the whole schedule."
    )
    offset_days: int = Field(description="Days relative to the due date: negative before it.")
    day_kind: DayKind = Field(description="Whether calendar days or working days are counted.")
    repeat_days: int | None = Field(description="The number of days between repetitions.")
    repeat_times: int = Field(description="The number of repetitions.")
    audience: Audience = Field(description="The recipients.")
    channels: list[Channel] = Field(description="The channels.")
    send_time: TimeOfDay = Field(description="The local time of sending, HH:MM.")
    quiet_from: TimeOfDay = Field(description="The local time from which nothing is sent, HH:MM.")
    quiet_until: TimeOfDay = Field(description="The local time until which nothing is sent, HH:MM.")
    template: ReminderTemplate = Field(description="The text of the reminder.")
    active: bool = Field(description="Whether it is in use.")
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
            "text": "Kính gửi Ông/Bà Nguyễn Văn An,\n\nCòn 3 ngày: báo cáo quý II năm 2024 của "
            "UBND xã Xuân Hồng. Hạn gửi: hết ngày 15/6/2024; kế hoạch ghi: trước ngày 15 tháng "
            "cuối quý.\n",
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

    username: str = Field(description="The user name.")
    full_name: str = Field(description="The full name of the person.")
    email: str | None = Field(description="The e-mail address.")
    channel: Channel = Field(description="The channel.")
    send_at: Instant = Field(description="When it would be sent.")
    subject: str = Field(description="The subject of the message.")
    text: str = Field(description="The text.")
    obligations: list[Concern] = Field(description="The reports that the message would be about.")


class RemindIn(Input):
    """A reminder by hand, with a note to the agency."""

    model_config = examples({"note": "Đề nghị xã gửi trước 16 giờ hôm nay để kịp tổng hợp."})

    note: Reason | None = Field(default=None, description="A note that is sent along.")


class Reminded(Output):
    """The number of people who are notified."""

    model_config = examples({"told": 1})

    told: int = Field(description="The number of people who are notified.")
