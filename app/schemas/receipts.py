"""The wire format of receipts."""

from datetime import date
from typing import Any

from pydantic import Field

from app.schemas.base import Instant, Output, examples
from app.schemas.report_forms import Words
from app.vocabulary import ReportStatus, Timeliness

RECEIPT: dict[str, Any] = {
    "number": "3F9A-12BC-77D0-4E1B-9C2F",
    "plan": "tho-xuan-2024",
    "plan_title": "Kế hoạch giảm nghèo bền vững năm 2024",
    "period": "2024-Q2",
    "period_name": {"vi": "quý II năm 2024", "en": "second quarter of 2024"},
    "agency": "15493",
    "agency_name": "Xã Xuân Hồng",
    "revision": 1,
    "submitted_at": "2024-06-15T16:40:00+07:00",
    "received_at": "2024-06-15T16:40:00+07:00",
    "submitted_by": "xuan-hong",
    "fingerprint": "5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f5f0c1b2e0a8c1d6b7e7d1f7d3c8c6b1f",
    "due_date": "2024-06-15",
    "late_from": "2024-06-16T00:00:00+07:00",
    "due_text": "trước ngày 15 tháng cuối quý",
    "extended": False,
    "extension_document": None,
    "first_received_at": "2024-06-15T16:40:00+07:00",
    "timeliness": "on_time",
    "days_late": 0,
    "is_last": True,
    "report_status": "accepted",
    "today": None,
}


class ReceiptToday(Output):
    """What is judged in another way today, such as after a later extension."""

    due_date: date = Field(description="The last day that is on time.")
    timeliness: Timeliness = Field(description="The timeliness.")
    days_late: int = Field(description="The days of delay.")


class ReceiptOut(Output):
    """What was true when a report was sent."""

    model_config = examples(RECEIPT)

    number: str = Field(description="The number of the receipt, which cannot be guessed.")
    plan: str = Field(description="The code of the plan.")
    plan_title: str = Field(description="The title of the plan.")
    period: str = Field(description="The code of the period.")
    period_name: Words = Field(description="The name of the period.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    revision: int = Field(description="The number of the revision.")
    submitted_at: Instant = Field(description="When it was submitted.")
    received_at: Instant = Field(
        description="When it was received; of a paper report, when the paper was."
    )
    submitted_by: str = Field(description="The user name of the sender.")
    fingerprint: str = Field(description="SHA-256 of the body as canonical JSON.")
    due_date: date = Field(description="The last day that was on time, with the extension.")
    late_from: Instant = Field(description="The first instant that was late.")
    due_text: str | None = Field(
        description="The due date in the plan's own words; null if it was extended."
    )
    extended: bool = Field(description="Whether an extension gave the due date.")
    extension_document: str | None = Field(
        description="The number of the document that granted the extension."
    )
    first_received_at: Instant = Field(
        description="When the report was first received, which decides timeliness."
    )
    timeliness: Timeliness = Field(description="The timeliness.")
    days_late: int = Field(description="The days of delay that had begun.")
    is_last: bool = Field(description="Whether the revision is the report's last one.")
    report_status: ReportStatus = Field(description="The state of the report today.")
    today: ReceiptToday | None = Field(
        description="What is judged in another way today; null: nothing."
    )


class ReceiptCheck(Output):
    """Whether a number and a fingerprint belong together."""

    model_config = examples({"matches": True})

    matches: bool = Field(description="Whether a receipt has this number and fingerprint.")
