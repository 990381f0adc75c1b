"""Schemas of aggregates over several plans of a programme, and of breakdowns."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from app.schemas.aggregates import (
    COVERAGE,
    ComparedAmount,
    ComparedFigure,
    Coverage,
    ExecutionTotal,
    IndicatorRow,
    TargetRow,
    TimelinessRow,
)
from app.schemas.base import Instant, Output, examples
from app.vocabulary import (
    AgencyKind,
    Basis,
    Breakdown,
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    Timeliness,
)

HEAD: dict[str, Any] = {
    "programme": "giam-ngheo-2021-2025",
    "plans": ["tho-xuan-2024", "trieu-son-2024"],
    "period": "2024-Q2",
    "agency": "38",
    "basis": "accepted",
    "as_of": "2024-06-16T09:30:00.123456+07:00",
    "by": "government",
    "without_plan": ["398"],
    "coverage": COVERAGE | {"missing_count": 2},
    "regroup": None,
    "divided": [],
}
GROUP_COLUMNS = ("government", "government_name", "agency", "agency_name", "agency_kind")


def may_lack(*names: str) -> ConfigDict:
    """A configuration with fields that an answer has only where they apply."""

    def describe(schema: dict[str, Any]) -> None:
        schema["required"] = [name for name in schema["required"] if name not in names]

    return ConfigDict(json_schema_extra=describe)


class CoverageOfPlans(Coverage):
    """Coverage of an aggregate over several plans.

    An agency that reports to two plans counts for each; at most 200 of the missing are named.
    """

    missing_count: int = Field(description="The number of reports that are missing.")


class DividedAgency(Output):
    """An agency that a reorganisation divided."""

    agency: str = Field(description="The code that it had.")
    agency_name: str = Field(description="Its name.")


class PlanSums(Output):
    """The fields that all aggregates over several plans share."""

    programme: str = Field(description="The code of the programme.")
    plans: list[str] = Field(description="The codes of the plans that are summed.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The root of the subtree.")
    basis: Basis = Field(description="Whether accepted or submitted revisions count.")
    as_of: Instant = Field(
        description="The instant that is settled in all plans: a request for it always has this "
        "answer. It may be some seconds old."
    )
    by: Breakdown | None = Field(description="The breakdown, if there is one.")
    without_plan: list[str] = Field(
        description="The codes of the governments next below the root that have no part in a plan."
    )
    coverage: CoverageOfPlans = Field(description="The reports behind the figures.")
    regroup: date | None = Field(
        description="The day by whose agencies the figures are counted; null: those that sent them."
    )
    divided: list[DividedAgency] = Field(
        description="The agencies that were divided until that day, so that figures sent by them, "
        "or by agencies that they had taken in, stay under the old names."
    )


class Group(Output):
    """The group of a row: one of these fields, as the breakdown says."""

    government: str | None = Field(default=None, description="The code of the government.")
    government_name: str | None = Field(default=None, description="Its name.")
    agency: str | None = Field(default=None, description="The code of the reporting agency.")
    agency_name: str | None = Field(default=None, description="Its name.")
    agency_kind: AgencyKind | None = Field(default=None, description="The kind of the agencies.")


class ComparedFigureOfPlan(ComparedFigure):
    """A figure that is compared with the sum of its plan."""

    plan: str = Field(description="The code of the plan.")


class ComparedAmountOfPlan(ComparedAmount):
    """Money that is compared with the sum of its plan."""

    plan: str = Field(description="The code of the plan.")


class IndicatorSum(Group, IndicatorRow):
    """The sum of an indicator over several plans."""

    model_config = may_lack(*GROUP_COLUMNS)

    compared: Sequence[ComparedFigureOfPlan] = Field(
        description="Figures of agencies that are compared with the sum of their plan and not part "
        "of this one; at most 200."
    )
    compared_count: int = Field(description="The number of such figures.")

    plan: str | None = Field(
        description="The plan that defines the indicator for itself; null for the programme's."
    )


class ExecutionSum(Group):
    """Amounts of one project over several plans, by source, origin and nature."""

    model_config = may_lack(*GROUP_COLUMNS, "source", "origin", "nature")

    plan: str | None = Field(
        description="The plan that defines the project for itself; null for the programme's."
    )
    project: str = Field(description="The code of the project.")
    name: str = Field(description="The name.")
    source: BudgetSource | None = Field(
        default=None, description="The source of the money; absent in a breakdown by project."
    )
    origin: BudgetOrigin | None = Field(
        default=None,
        description="Whether the money is from this year or carried over; absent in a breakdown by "
        "project.",
    )
    nature: BudgetNature | None = Field(
        default=None,
        description="Development investment or recurrent expenditure; null if it is not stated, "
        "absent in a breakdown by project.",
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
    agencies: int = Field(description="The number of agencies that disbursed money.")
    compared: list[ComparedAmountOfPlan] = Field(
        description="Amounts of agencies that report only money, which are compared with the sum "
        "of their plan and not part of this one; at most 200."
    )
    compared_count: int = Field(description="The number of such amounts.")
    execution_rate: float | None = Field(
        description="Disbursed divided by allocated; null if nothing is allocated."
    )


class TimelinessOfPlan(TimelinessRow):
    """The timeliness of one agency's report to one plan."""

    plan: str = Field(description="The code of the plan.")


class TimelinessCounts(Group):
    """How many reports of a government or a kind of agencies have each timeliness."""

    model_config = may_lack(*GROUP_COLUMNS)

    reports: int = Field(description="The number of reports that are owed.")
    upcoming: int = Field(description="The reports that are due later.")
    due_soon: int = Field(description="The reports that are due soon.")
    overdue: int = Field(description="The reports that are late and not submitted.")
    on_time: int = Field(description="The reports that were submitted on time.")
    late: int = Field(description="The reports that were submitted late.")
    exempt: int = Field(description="The reports that are not owed.")


class IndicatorSums(PlanSums):
    """Indicators over several plans."""

    model_config = examples(
        HEAD
        | {
            "rows": [
                {
                    "government": "395",
                    "government_name": "Huyện Thọ Xuân",
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
                    "compared_count": 0,
                    "plan": None,
                }
            ]
        }
    )

    rows: list[IndicatorSum] = Field(description="The rows.")


class ExecutionSums(PlanSums):
    """Budget execution over several plans."""

    rows: list[ExecutionSum] = Field(description="The rows.")
    total: ExecutionTotal = Field(description="The totals of all rows.")


class TimelinessOfPlans(PlanSums):
    """Timeliness of the reports to several plans."""

    counts: dict[Timeliness, int] = Field(description="The number of reports by timeliness.")
    rows: list[TimelinessOfPlan | TimelinessCounts] = Field(
        description="The reports, or the counts of each group of the breakdown."
    )
    next_cursor: str | None = Field(
        description="The cursor of the next page; null on the last one."
    )


class TargetOfPlan(TargetRow):
    """The progress of a target of one plan, or of a count that several have in common."""

    model_config = may_lack("government", "government_name")

    government: str | None = Field(
        default=None, description="The code of the government, with `by=government`."
    )
    government_name: str | None = Field(default=None, description="Its name.")
    plan: str | None = Field(description="The code of the plan; null for the sum of several.")


class TargetsOfPlans(PlanSums):
    """The progress of the targets of several plans."""

    rows: list[TargetOfPlan] = Field(description="The rows.")
