"""Schemas of obligations, extensions and exemptions."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from app.schemas.base import Day, Input, Instant, Output, Reason, examples, one_line
from app.vocabulary import (
    AgencyKind,
    ExemptionCause,
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
    "due_text": "trước ngày 15 tháng cuối quý",
    "timeliness": "due_soon",
    "days_late": 0,
    "days_left": 5,
    "first_submitted_at": None,
    "report_status": "not_started",
    "extended": False,
    "correction_due": None,
    "can_submit": True,
    "exemption": None,
    "version": 0,
}


class ExemptionOut(Output):
    """Why no report is expected."""

    cause: ExemptionCause = Field(
        description="`decision`: the coordinator's, with its reason; `due_before_plan`: the period "
        "was due before the plan took effect."
    )
    reason: str | None = Field(description="The reason of a decision; null otherwise.")
    document_number: str | None = Field(description="The number of the document that grants it.")


class ObligationOut(Output):
    """An obligation (báo cáo phải gửi) with its current timeliness."""

    model_config = examples(EXAMPLE)

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    due_date: date = Field(description="The last day that is on time, with the extension.")
    late_from: Instant = Field(description="The first instant that is late.")
    due_text: str | None = Field(
        description="The due date in the plan's own words; null if it was extended."
    )
    timeliness: Timeliness = Field(description="The timeliness.")
    days_late: int = Field(description="The days of delay that have begun.")
    days_left: int | None = Field(description="The days that are left; 0 on the due date.")
    first_submitted_at: Instant | None = Field(
        description="When the first revision was received, which decides timeliness."
    )
    report_status: ReportStatus = Field(description="The state of the report.")
    extended: bool = Field(description="Whether the due date was extended.")
    correction_due: date | None = Field(
        description="The day by which a returned report is due again."
    )
    can_submit: bool = Field(
        description="Whether the agency can submit now: the report is not submitted or was "
        "returned, and the period is open for the agency (a closed one is, until the end of an "
        "extension or after the end of an exemption). An exempt agency can."
    )
    exemption: ExemptionOut | None = Field(
        description="The exemption in force. A report that is sent nevertheless is counted and "
        "judged by its date like any other."
    )
    version: int = Field(
        description="The version of the report, 0 before its first draft: send it in quotes as "
        "`If-Match` when you save or review the report."
    )


class MatrixPeriod(Output):
    """A column of the matrix: a reporting period."""

    plan: str = Field(description="The code of the plan.")
    code: str = Field(description="The code.")
    frequency: Frequency = Field(description="How often a report is due.")
    due_date: date = Field(description="The last day that is on time.")
    late_from: Instant = Field(description="The first instant that is late.")
    due_text: str | None = Field(description="The due date in the plan's own words.")
    state: PeriodState = Field(description="The state.")
    counts: dict[Timeliness, int] | None = Field(
        description="The number of agencies by timeliness."
    )


class MatrixCell(Output):
    """A cell of the matrix: one agency in one period."""

    period: str = Field(description="The code of the period.")
    due_date: date = Field(description="The last day that is on time.")
    timeliness: Timeliness = Field(description="The timeliness.")
    days_late: int = Field(description="The days of delay that have begun.")
    report_status: ReportStatus = Field(description="The state of the report.")
    first_submitted_at: Instant | None = Field(description="When the first revision was received.")


class MatrixRow(Output):
    """A row of the matrix: one agency in all periods of a plan's year."""

    plan: str = Field(description="The code of the plan.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    kind: AgencyKind = Field(description="The kind of the agency.")
    cells: list[MatrixCell] = Field(description="One cell for each period.")


class Matrix(Output):
    """The agencies and the periods of a year, the periods in the order of their due dates."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "plans": ["tho-xuan-2024"],
            "year": 2024,
            "now": "2024-06-10T08:00:00+07:00",
            "periods": [
                {
                    "plan": "tho-xuan-2024",
                    "code": "2024-Q2",
                    "frequency": "quarter",
                    "due_date": "2024-06-15",
                    "late_from": "2024-06-16T00:00:00+07:00",
                    "due_text": "trước ngày 15 tháng cuối quý",
                    "state": "open",
                    "counts": {"due_soon": 35},
                }
            ],
            "rows": [
                {
                    "plan": "tho-xuan-2024",
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

    plan: str | None = Field(description="The code of the plan; null where there are several.")
    plans: list[str] = Field(description="The codes of the plans.")
    year: int = Field(description="The year.")
    now: Instant = Field(description="The instant of the answer.")
    periods: list[MatrixPeriod] = Field(description="The periods.")
    rows: list[MatrixRow] = Field(description="One row for each agency.")


class ExtensionIn(Input):
    """A later due date (gia hạn)."""

    model_config = examples(
        {
            "due_date": "2024-06-20",
            "reason": "Mưa lũ, xã bị chia cắt từ ngày 12/6.",
            "document_number": "412/UBND-LĐTBXH",
        }
    )

    due_date: Day = Field(description="The last day that is on time.")
    reason: Reason = Field(description="The reason.")
    document_number: DocumentNumber | None = Field(
        default=None, description="The number of the document that grants it."
    )


class ExemptionIn(Input):
    """An exemption from a report (miễn)."""

    model_config = examples(
        {
            "reason": "Không được giao vốn và nhiệm vụ trong kỳ.",
            "document_number": "413/UBND-LĐTBXH",
        }
    )

    reason: Reason = Field(description="The reason.")
    document_number: DocumentNumber | None = Field(
        default=None, description="The number of the document that grants it."
    )
