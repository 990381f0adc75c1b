"""The wire format of a report's form: what is asked for, with what was reported before."""

from datetime import date
from typing import Any

from pydantic import Field

from app.schemas.base import Number, Output, examples
from app.vocabulary import (
    AssignmentRole,
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    Frequency,
    IndicatorKind,
    ProposalRule,
    ReportStatus,
)

EXPECTED: dict[str, Any] = {
    "project": "DA2",
    "project_name": "Đa dạng hóa sinh kế, phát triển mô hình giảm nghèo",
    "indicator": "DA2.02",
    "name": "Số hộ tham gia mô hình, dự án giảm nghèo",
    "unit": "hộ",
    "kind": "flow",
    "decimals": 0,
    "maximum": None,
    "required": True,
    "compared": False,
    "note": None,
}


class ExpectedLine(Output):
    """A figure that the agency may give in this period; a required one may be 0, not absent."""

    project: str | None = Field(description="The code of the project; null for common indicators.")
    project_name: str | None = Field(description="The name of the project.")
    indicator: str = Field(description="The code of the indicator.")
    name: str = Field(description="The name.")
    unit: str = Field(description="The unit.")
    kind: IndicatorKind = Field(description="How the figure relates to time.")
    decimals: int = Field(description="The number of decimals that the figure may have.")
    maximum: Number | None = Field(description="The largest possible value.")
    required: bool = Field(description="Whether the figure has to be given; it may be 0.")
    compared: bool = Field(
        description="Whether it is shown beside the sum of the figures of other agencies, with the "
        "difference, instead of added to it."
    )
    note: str | None = Field(description="A note.")


class Words(Output):
    """A text for people in both languages."""

    vi: str = Field(description="In Vietnamese.")
    en: str = Field(description="In English.")


class PreviousFigure(Output):
    """The figure that the agency last reported of an indicator."""

    period: str = Field(description="The code of the period; its name is in `period_names`.")
    value: Number = Field(description="The figure.")
    actual_to: date | None = Field(
        description="The day to which it was true; null: the last day of the data window."
    )
    agencies: list[str] = Field(
        description="The code of the agency; of several if the figure is the sum over the agencies "
        "that were merged into this one."
    )
    report_status: ReportStatus | None = Field(
        description="The state of the report that has it; null for a sum of several."
    )


class QuarterOut(Output):
    """A quarter of a longer period."""

    period: str = Field(description="The code of the quarter.")
    value: Number | None = Field(description="The figure; null: not reported.")
    is_exempt: bool = Field(description="Whether the agency was exempt from that report.")


class SumOut(Output):
    """The sum of the quarters, which the figure of the longer period has to equal."""

    value: Number | None = Field(description="The sum; null while a quarter is missing.")
    missing: list[str] = Field(description="The codes of the quarters without a figure.")
    parts: list[QuarterOut] = Field(description="The quarters.")


class ProposalOut(Output):
    """A figure that can be taken over."""

    value: Number = Field(description="The figure.")
    derived_from: ProposalRule = Field(description="The rule that gives it.")


class FormFigureOut(ExpectedLine):
    """An expected figure with what stands beside it in a form."""

    previous: PreviousFigure | None = Field(
        description="What was last reported: of a flow for the last period of the same length, of "
        "others for any period."
    )
    sum_of_quarters: SumOut | None = Field(
        description="The expected sum of a flow; null where no rule expects one."
    )
    proposal: ProposalOut | None = Field(
        description="The complete sum of the quarters of a flow, or the last figure of a stock."
    )


class Component(Output):
    """A project that the agency has a part in: a section of the form."""

    project: str = Field(description="The code of the project.")
    name: str = Field(description="The name.")
    parent: str | None = Field(description="The code of the project that it belongs to.")
    parent_name: str | None = Field(description="The name of that project.")
    role: AssignmentRole = Field(description="The role of the agency.")


class FormMoney(Output):
    """Money of one project, source, origin and nature, and what the agency has spent of it."""

    project: str = Field(description="The code of the project.")
    project_name: str = Field(description="The name of the project.")
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    nature: BudgetNature | None = Field(
        description="Whether the money is for development investment or recurrent expenditure; "
        "null: not stated."
    )
    allocated_vnd: int | None = Field(
        description="What is allocated to the agency itself; null: nothing was distributed to it."
    )
    plan_allocated_vnd: int | None = Field(
        description="What the plan has for all agencies; more than this is an error. Null: the "
        "plan has no such money."
    )
    disbursed_vnd: int | None = Field(
        description="What the agency last reported as spent since 1 January; null: nothing yet."
    )
    disbursed_period: str | None = Field(description="The code of the period of that report.")
    report_status: ReportStatus | None = Field(description="The state of that report.")


FORM: dict[str, Any] = {
    "plan": "tho-xuan-2024",
    "period": "2024-H1",
    "frequency": "half_year",
    "data_from": "2023-12-15",
    "data_to": "2024-06-14",
    "agency": "15493",
    "agency_name": "Xã Xuân Hồng",
    "asks_estimates": False,
    "asks_money_estimates": False,
    "period_names": {
        "2024-H1": {"vi": "6 tháng đầu năm 2024", "en": "first six months of 2024"},
        "2024-Q1": {"vi": "quý I năm 2024", "en": "first quarter of 2024"},
        "2024-Q2": {"vi": "quý II năm 2024", "en": "second quarter of 2024"},
    },
    "labels": {"origin": {"carried_over": {"vi": "vốn chuyển nguồn", "en": "carried over"}}},
    "components": [
        {
            "project": "DA2",
            "name": EXPECTED["project_name"],
            "parent": None,
            "parent_name": None,
            "role": "lead",
        }
    ],
    "figures": [
        EXPECTED
        | {
            "previous": None,
            "sum_of_quarters": {
                "value": None,
                "missing": ["2024-Q1"],
                "parts": [
                    {"period": "2024-Q1", "value": None, "is_exempt": True},
                    {"period": "2024-Q2", "value": 12, "is_exempt": False},
                ],
            },
            "proposal": None,
        }
    ],
    "money": [
        {
            "project": "DA2",
            "project_name": EXPECTED["project_name"],
            "source": "central",
            "origin": "current_year",
            "nature": "recurrent",
            "allocated_vnd": 350000000,
            "plan_allocated_vnd": 3934000000,
            "disbursed_vnd": 120000000,
            "disbursed_period": "2024-Q2",
            "report_status": "accepted",
        }
    ],
}


class FormOut(Output):
    """What an agency is asked for in a period, with what it has reported and has to spend."""

    model_config = examples(FORM)

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    frequency: Frequency = Field(description="How often such a report is due.")
    data_from: date = Field(description="The first day of the data window.")
    data_to: date = Field(description="The last day of the data window.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    asks_estimates: bool = Field(
        description="Whether the report is due before its data window has closed: a figure then "
        "has `actual_to` and an `estimate` for the whole period."
    )
    asks_money_estimates: bool = Field(
        description="Whether disbursements have estimates: only in the annual report."
    )
    period_names: dict[str, Words] = Field(
        description="The names of all periods that are mentioned, by code."
    )
    labels: dict[str, dict[str, Words]] = Field(
        description="The words for values of enumerations, by field and value."
    )
    components: list[Component] = Field(description="The sections, in the plan's order.")
    figures: list[FormFigureOut] = Field(
        description="The figures, in the plan's order; the common ones have no project."
    )
    money: list[FormMoney] = Field(
        description="The money of the agency's projects by source, origin and nature."
    )
