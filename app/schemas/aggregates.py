"""Schemas of aggregates of one plan; those of several are in `plan_sums`."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from app.schemas.base import Instant, Output, examples
from app.vocabulary import (
    Basis,
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    IndicatorKind,
    TargetGap,
    TargetMeasure,
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
    "missing_compared": [],
}
COMPARED_AMOUNT: dict[str, Any] = {
    "agency": "395-TCKH",
    "agency_name": "Phòng Tài chính - Kế hoạch",
    "disbursed_vnd": 352000000,
    "difference_vnd": 2000000,
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

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")


class Coverage(Output):
    """Coverage of an aggregate: agencies expected, submitted, accepted, missing."""

    expected: int = Field(description="The agencies that owe a report, without the exempt ones.")
    submitted: int = Field(description="The agencies that have submitted.")
    accepted: int = Field(description="The agencies with an accepted revision.")
    on_time: int = Field(description="The agencies that submitted on time.")
    late: int = Field(description="The agencies that submitted late.")
    exempt: int = Field(description="The exempt agencies.")
    missing: list[str] = Field(description="The codes of the agencies that have not submitted.")
    missing_agencies: list[MissingAgency] = Field(
        description="The agencies that have not submitted, with their names."
    )
    missing_compared: list[str] = Field(
        description="The codes of the agencies that have not submitted either, but whose figures "
        "would only be compared with the sums: these lack nothing. They are not in `missing`."
    )


class Aggregate(Output):
    """The fields that all aggregates share."""

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The root of the subtree.")
    basis: Basis = Field(description="Whether accepted or submitted revisions count.")
    as_of: Instant = Field(
        description="The settled instant: a request for it always has this answer."
    )
    coverage: Coverage = Field(description="The agencies behind the figures.")


class ComparedFigure(Output):
    """A figure that is shown beside a sum and not added to it."""

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    value: float = Field(description="Its figure.")
    difference: float | None = Field(
        description="The figure minus the sum of its plan; null before an agency has reported."
    )


class ComparedAmount(Output):
    """Money that is shown beside a sum and not added to it."""

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    disbursed_vnd: int = Field(description="What it says was disbursed since 1 January, in VND.")
    difference_vnd: int = Field(
        description="This minus what the other agencies of its plan report, in VND."
    )


class IndicatorRow(Output):
    """The sum of an indicator. Ratios are computed from sums, never from other ratios."""

    project: str | None = Field(description="The code of the project.")
    indicator: str = Field(description="The code of the indicator.")
    name: str = Field(description="The name.")
    unit: str = Field(description="The unit.")
    kind: IndicatorKind = Field(description="How the figure relates to time.")
    value: float | None = Field(description="The sum; null before an agency has reported.")
    estimate: float | None = Field(description="The sum of the estimates, if an agency gave one.")
    agencies: int = Field(description="The number of agencies with a figure.")
    actual_to_earliest: date | None = Field(
        description="The earliest day to which a summed figure is true; null without a figure, and "
        "for derived indicators."
    )
    actual_to_latest: date | None = Field(
        description="The latest such day. Where the days differ, the sum mixes them."
    )
    compared: Sequence[ComparedFigure] = Field(
        description="Figures of agencies that are compared with the sum and not part of it."
    )


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
                    "actual_to_earliest": "2024-06-14",
                    "actual_to_latest": "2024-06-14",
                    "compared": [],
                }
            ]
        }
    )

    rows: list[IndicatorRow] = Field(description="The rows.")


class ExecutionRow(Output):
    """Amounts of one project, source, origin and nature."""

    project: str = Field(description="The code of the project.")
    name: str = Field(description="The name.")
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    nature: BudgetNature | None = Field(
        description="Development investment or recurrent expenditure; null if neither the report "
        "nor the plan states it."
    )
    allocated_vnd: int = Field(description="The allocated amount in VND.")
    disbursed_vnd: int = Field(description="What was disbursed since 1 January, in VND.")
    estimate_year_end_vnd: int | None = Field(
        description="What agencies estimate to have spent up to 31 December, in VND; without an "
        "estimate of its own an agency counts with what it has spent. Null if none gave one."
    )
    estimate_settlement_vnd: int | None = Field(
        description="The same up to 31 January of the next year."
    )
    execution_rate: float | None = Field(
        description="Disbursed divided by allocated; null if nothing is allocated."
    )
    agencies: int = Field(description="The number of agencies that disbursed money.")
    compared: list[ComparedAmount] = Field(
        description="Amounts of agencies that report only money; they are not part of the sum."
    )


class ExecutionTotal(Output):
    """Total amounts; the rate is a ratio of sums."""

    allocated_vnd: int = Field(description="The year's money in VND.")
    disbursed_vnd: int = Field(description="What was disbursed since 1 January, in VND.")
    execution_rate: float | None = Field(
        description="Disbursed divided by allocated; null if nothing is allocated."
    )


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
                    "nature": "recurrent",
                    "allocated_vnd": 3934000000,
                    "disbursed_vnd": 350000000,
                    "estimate_year_end_vnd": None,
                    "estimate_settlement_vnd": None,
                    "execution_rate": 0.088968,
                    "agencies": 1,
                    "compared": [COMPARED_AMOUNT],
                }
            ],
            "total": {
                "allocated_vnd": 12298140000,
                "disbursed_vnd": 350000000,
                "execution_rate": 0.02846,
            },
            "total_compared": [COMPARED_AMOUNT],
        }
    )

    rows: list[ExecutionRow] = Field(description="The rows.")
    total: ExecutionTotal = Field(description="The totals of all rows.")
    total_compared: list[ComparedAmount] = Field(
        description="The totals of the agencies that report only money, compared with the total."
    )


class TimelinessRow(Output):
    """The timeliness of one agency."""

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    due_date: date = Field(description="The last day that is on time.")
    late_from: Instant = Field(description="The first instant that is late.")
    timeliness: Timeliness = Field(description="The timeliness.")
    days_late: int = Field(description="The days of delay that have begun.")
    first_submitted_at: Instant | None = Field(description="When the first revision was received.")


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

    counts: dict[Timeliness, int] = Field(description="The number of agencies by timeliness.")
    rows: list[TimelinessRow] = Field(description="The rows.")


class TargetRow(Output):
    """The progress of a target, for the subtree as a whole or for one agency."""

    code: str = Field(description="The code of the target.")
    name: str = Field(description="The name of the target.")
    agency: str | None = Field(description="The agency, with `by=agency`; else null.")
    agency_name: str | None = Field(description="The name of the agency, with `by=agency`.")
    project: str | None = Field(description="The code of the project.")
    indicator: str | None = Field(description="The indicator that shows the progress.")
    measure: TargetMeasure = Field(
        description="How `value` follows from `figure`: it is the figure, or the baseline minus "
        "the figure (`decrease`), or the figure in percent of the indicator's maximum (`share`)."
    )
    unit: str = Field(description="The unit of the target.")
    target: float | None = Field(description="The value to be reached; null if there is none.")
    baseline: float | None = Field(
        description="The indicator's figure at the start of the year, where the target is a "
        "decrease."
    )
    figure: float | None = Field(
        description="The indicator's figure, as in the aggregate of indicators; null before an "
        "agency has reported."
    )
    value: float | None = Field(description="What is reached; null if it is not known.")
    share: float | None = Field(description="Reached divided by target; null if one is not known.")
    agencies: int = Field(description="The number of agencies with a figure.")
    expected: int = Field(
        description="The number of agencies that have to give a figure, without the exempt ones."
    )
    gaps: list[TargetGap] = Field(
        description="What is missing: the agency's `target`, an `indicator`, the `baseline`, the "
        "indicator's `maximum`, the indicator in this `period`, all `figures`, or the `reports` of "
        "some agencies."
    )


class TargetAggregate(Aggregate):
    """The progress of a plan's targets."""

    model_config = examples(
        HEAD
        | {
            "period": "2024-Y",
            "rows": [
                {
                    "code": "poor_households_reduction",
                    "name": "Giảm số hộ nghèo",
                    "agency": None,
                    "agency_name": None,
                    "project": None,
                    "indicator": "KQ.08",
                    "measure": "value",
                    "unit": "hộ",
                    "target": 180,
                    "baseline": None,
                    "figure": 12,
                    "value": 12,
                    "share": 0.066667,
                    "agencies": 2,
                    "expected": 30,
                    "gaps": ["reports"],
                }
            ],
        }
    )

    rows: list[TargetRow] = Field(description="The rows.")
