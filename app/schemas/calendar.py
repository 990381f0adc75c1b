"""Schemas of calendar links: secret addresses to which calendar applications subscribe."""

from typing import Any

from pydantic import Field

from app.schemas.base import Code, Input, Instant, Output, examples

LINK: dict[str, Any] = {
    "id": 5,
    "agency": "15493",
    "created_at": "2024-06-10T08:00:00+07:00",
    "created_by": "xuan-hong",
    "revoked_at": None,
}
FEED = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Tiến độ//vi
BEGIN:VEVENT
UID:tho-xuan-2024.2024-Q2.36@tiendo
SEQUENCE:0
DTSTAMP:20240610T010000Z
LAST-MODIFIED:20240610T010000Z
DTSTART;VALUE=DATE:20240615
SUMMARY:Hạn gửi báo cáo quý II năm 2024 – UBND xã Xuân Hồng
DESCRIPTION:Chưa gửi.\\nHạn gửi: hết ngày 15/6/2024 (tính quá hạn từ 00:00 ngày 16/6/2024).
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


class CalendarLinkIn(Input):
    """A new link to the calendar of an agency."""

    model_config = examples({"agency": "15493"})

    agency: Code = Field(description="The code of the agency.")


class CalendarLinkOut(Output):
    """A calendar link, without its secret address."""

    model_config = examples(LINK)

    id: int = Field(description="The identifier.")
    agency: str = Field(description="The code of the agency.")
    created_at: Instant = Field(description="When it was created.")
    created_by: str = Field(description="The user name of the creator.")
    revoked_at: Instant | None = Field(description="When it was revoked; null: it is valid.")


class NewCalendarLink(CalendarLinkOut):
    """A new calendar link, with its secret address."""

    model_config = examples(
        LINK
        | {
            "url": "https://tiendo.thoxuan.example.vn/api/v1/calendar.ics?token="
            "hM3yq0Zt5wVbXr2nKf8sLc1dPj6uTg9aEo4iYkRvB7Q"
        }
    )

    url: str = Field(description="The address to subscribe to; shown only this once.")
