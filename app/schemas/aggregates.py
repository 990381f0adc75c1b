"""Schemas of aggregates."""

from datetime import date
from typing import Any

from pydantic import Field

from app.schemas.base import Instant, Output, examples
from app.vocabulary import (
    Basis,
    BudgetOrigin,
    BudgetSource,
    IndicatorKind,
    Timeliness,
)

COVERAGE: dict[str, Any] = {
    "expected": 35,
    "submitted": 2,
    "accepted": 2,
    "on_time": 1,
    "late": 1,
    "exempt": 0,
    "missing": ["15499", "15505"],
    "missing_agencies": [
        {"agency": "15499", "agency_name": "Thị trấn Thọ Xuân"},
        {"agency": "15505", "agency_name": "Xã Nam Giang"},
    ],
}
HEAD: dict[str, Any] = {
    "plan": "tho-xuan-2024",
    "period": "2024-Q2",
    "agency": "395",
    "basis": "accepted",
    "as_of": "2024-06-16T09:30:00.123456+07:00",
    "coverage": COVERAGE,
}


class MissingAgency(Output):
    """An agency that has not submitted its report."""

    agency: str
    agency_name: str


class Coverage(Output):
    """Coverage of an aggregate: agencies expected, submitted, accepted, missing."""

    expected: int = Field(description="Số đơn vị phải báo cáo (không kể được miễn).")
    submitted: int = Field(description="Số đơn vị đã gửi.")
    accepted: int = Field(description="Số đơn vị có bản gửi đã được duyệt.")
    on_time: int
    late: int
    exempt: int
    missing: list[str] = Field(description="Mã các đơn vị chưa gửi.")
    missing_agencies: list[MissingAgency] = Field(description="Các đơn vị chưa gửi, kèm tên.")


class Aggregate(Output):
    """The fields that all aggregates share."""

    plan: str
    period: str
    agency: str = Field(description="Gốc của cây đơn vị được tổng hợp.")
    basis: Basis
    as_of: Instant = Field(
        description="Thời điểm đã chốt; hỏi lại đúng thời điểm này luôn có cùng câu trả lời."
    )
    coverage: Coverage


class IndicatorRow(Output):
    """The sum of an indicator. Ratios are computed from sums, never from other ratios."""

    project: str | None
    indicator: str
    name: str
    unit: str
    kind: IndicatorKind
    value: float | None = Field(description="Tổng; null khi chưa đơn vị nào báo cáo.")
    estimate: float | None = Field(description="Tổng ước thực hiện, nếu có đơn vị nêu ước.")
    agencies: int = Field(description="Số đơn vị có số liệu.")


class IndicatorAggregate(Aggregate):
    """Indicators of a subtree of agencies."""

    model_config = examples(
        HEAD
        | {
            "rows": [
                {
                    "project": "DA2",
                    "indicator": "DA2.02",
                    "name": "Số hộ tham gia",
                    "unit": "hộ",
                    "kind": "flow",
                    "value": 21,
                    "estimate": None,
                    "agencies": 2,
                }
            ]
        }
    )

    rows: list[IndicatorRow]


class ExecutionRow(Output):
    """Amounts of one project, source and origin."""

    project: str
    name: str
    source: BudgetSource
    origin: BudgetOrigin
    allocated_vnd: int = Field(description="Vốn được giao.")
    disbursed_vnd: int = Field(description="Lũy kế giải ngân từ 01/01.")
    execution_rate: float | None = Field(description="Giải ngân / vốn được giao.")
    agencies: int = Field(description="Số đơn vị có giải ngân.")


class ExecutionTotal(Output):
    """Total amounts; the rate is a ratio of sums."""

    allocated_vnd: int
    disbursed_vnd: int
    execution_rate: float | None


class ExecutionAggregate(Aggregate):
    """Budget execution of a subtree of agencies."""

    model_config = examples(
        HEAD
        | {
            "rows": [
                {
                    "project": "DA2",
                    "name": "Đa dạng hóa sinh kế, phát triển mô hình giảm nghèo",
                    "source": "central",
                    "origin": "current_year",
                    "allocated_vnd": 3934000000,
                    "disbursed_vnd": 350000000,
                    "execution_rate": 0.088968,
                    "agencies": 1,
                }
            ],
            "total": {
                "allocated_vnd": 12298140000,
                "disbursed_vnd": 350000000,
                "execution_rate": 0.02846,
            },
        }
    )

    rows: list[ExecutionRow]
    total: ExecutionTotal


class TimelinessRow(Output):
    """The timeliness of one agency."""

    agency: str
    agency_name: str
    due_date: date
    late_from: Instant
    timeliness: Timeliness
    days_late: int
    first_submitted_at: Instant | None


class TimelinessAggregate(Aggregate):
    """Timeliness of a subtree of agencies."""

    model_config = examples(
        HEAD
        | {
            "counts": {"on_time": 1, "late": 1, "overdue": 33},
            "rows": [
                {
                    "agency": "15502",
                    "agency_name": "Xã Bắc Lương",
                    "due_date": "2024-06-15",
                    "late_from": "2024-06-16T00:00:00+07:00",
                    "timeliness": "late",
                    "days_late": 1,
                    "first_submitted_at": "2024-06-16T09:05:00+07:00",
                }
            ],
        }
    )

    counts: dict[Timeliness, int]
    rows: list[TimelinessRow]
