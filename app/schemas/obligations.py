"""Schemas of obligations, extensions and exemptions."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from app.schemas.base import Day, Input, Instant, Output, Reason, examples, one_line
from app.vocabulary import (
    AgencyKind,
    Frequency,
    PeriodState,
    ReportStatus,
    Timeliness,
)

DocumentNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(one_line),
]

EXAMPLE: dict[str, Any] = {
    "plan": "tho-xuan-2024",
    "period": "2024-Q2",
    "agency": "15493",
    "agency_name": "Xã Xuân Hồng",
    "due_date": "2024-06-15",
    "late_from": "2024-06-16T00:00:00+07:00",
    "timeliness": "due_soon",
    "days_late": 0,
    "days_left": 5,
    "first_submitted_at": None,
    "report_status": "not_started",
    "extended": False,
    "correction_due": None,
    "can_submit": True,
    "version": 0,
}


class ObligationOut(Output):
    """An obligation (nghĩa vụ báo cáo) with its current timeliness."""

    model_config = examples(EXAMPLE)

    plan: str
    period: str
    agency: str
    agency_name: str
    due_date: date = Field(description="Ngày cuối cùng còn đúng hạn, đã tính gia hạn.")
    late_from: Instant = Field(description="Thời điểm đầu tiên bị tính là muộn.")
    timeliness: Timeliness
    days_late: int = Field(description="Số ngày muộn, tính theo ngày đã bắt đầu.")
    days_left: int | None = Field(description="Số ngày còn lại; 0 là ngày đến hạn.")
    first_submitted_at: Instant | None = Field(
        description="Thời điểm nhận bản gửi đầu tiên; quyết định đúng hạn hay muộn."
    )
    report_status: ReportStatus
    extended: bool = Field(description="Đã được gia hạn.")
    correction_due: date | None = Field(description="Hạn sửa, khi báo cáo bị trả lại.")
    can_submit: bool = Field(
        description="Đơn vị gửi được báo cáo lúc này: chưa gửi hoặc bị trả lại, không được miễn, "
        "và kỳ đang mở cho đơn vị (kỳ đã khóa vẫn mở đến hết hạn gia hạn, hoặc sau khi bỏ miễn)."
    )
    version: int = Field(
        description="The version of the report, 0 before its first draft: send it in quotes as "
        "`If-Match` when you save or review the report."
    )


class MatrixPeriod(Output):
    """A column of the matrix: a reporting period."""

    code: str
    frequency: Frequency
    due_date: date
    late_from: Instant
    state: PeriodState
    counts: dict[Timeliness, int] | None = Field(description="Số đơn vị theo tình trạng.")


class MatrixCell(Output):
    """A cell of the matrix: one agency in one period."""

    period: str
    due_date: date
    timeliness: Timeliness
    days_late: int
    report_status: ReportStatus
    first_submitted_at: Instant | None


class MatrixRow(Output):
    """A row of the matrix: one agency in all periods of the year."""

    agency: str
    agency_name: str
    kind: AgencyKind
    cells: list[MatrixCell]


class Matrix(Output):
    """The agencies and the periods of a year, the periods in the order of their due dates."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "year": 2024,
            "now": "2024-06-10T08:00:00+07:00",
            "periods": [
                {
                    "code": "2024-Q2",
                    "frequency": "quarter",
                    "due_date": "2024-06-15",
                    "late_from": "2024-06-16T00:00:00+07:00",
                    "state": "open",
                    "counts": {"due_soon": 35},
                }
            ],
            "rows": [
                {
                    "agency": "15493",
                    "agency_name": "Xã Xuân Hồng",
                    "kind": "commune",
                    "cells": [
                        {
                            "period": "2024-Q2",
                            "due_date": "2024-06-15",
                            "timeliness": "due_soon",
                            "days_late": 0,
                            "report_status": "not_started",
                            "first_submitted_at": None,
                        }
                    ],
                }
            ],
        }
    )

    plan: str
    year: int
    now: Instant
    periods: list[MatrixPeriod]
    rows: list[MatrixRow]


class ExtensionIn(Input):
    """A later due date (gia hạn)."""

    model_config = examples(
        {
            "due_date": "2024-06-20",
            "reason": "Mưa lũ, xã bị chia cắt từ ngày 12/6.",
            "document_number": "412/UBND-LĐTBXH",
        }
    )

    due_date: Day
    reason: Reason
    document_number: DocumentNumber | None = None


class ExemptionIn(Input):
    """An exemption from a report (miễn)."""

    model_config = examples(
        {
            "reason": "Không được giao vốn và nhiệm vụ trong kỳ.",
            "document_number": "413/UBND-LĐTBXH",
        }
    )

    reason: Reason
    document_number: DocumentNumber | None = None
