"""The wire format of budget lines and of the budget of a plan."""

from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Amount, Code, Input, Line, Output, Version, Whole, examples
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource


def _sorted_unique(years: list[int]) -> list[int]:
    if len(set(years)) == len(years):
        return sorted(years)
    raise PydanticCustomError("not_unique", "Name each value once")


OriginYears = Annotated[
    list[Annotated[int, Field(strict=True, ge=2000, le=2100), Whole]],
    Field(min_length=1, max_length=10, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_sorted_unique),
]

DISTRIBUTED: dict[str, Any] = {
    "project": "DA2",
    "agency": "15493",
    "source": "central",
    "origin": "current_year",
    "origin_years": [2024],
    "nature": "recurrent",
    "amount_vnd": 126_450_000,
    "decision": "Quyết định số 1412/QĐ-UBND ngày 10/5/2024 của UBND huyện Thọ Xuân",
}
NEWLY_GRANTED: dict[str, Any] = {
    "project": "DA2",
    "agency": None,
    "source": "provincial",
    "origin": "current_year",
    "origin_years": [2024],
    "nature": None,
    "amount_vnd": 250_000_000,
    "decision": "Quyết định số 2210/QĐ-UBND ngày 28/5/2024 của UBND tỉnh Thanh Hóa",
}


class BudgetLineOut(Output):
    """A budget line (khoản vốn): money of one source and origin for a project."""

    model_config = examples({"id": 15, "plan": "tho-xuan-2024", **DISTRIBUTED, "version": 1})

    id: int = Field(description="The identifier.")
    plan: str = Field(description="The code of the plan.")
    project: str = Field(description="The code of the project.")
    agency: str | None = Field(description="The code of the agency; null: not yet distributed.")
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    origin_years: list[int] = Field(
        description="The years from which the money is; several where the plan does not divide it."
    )
    nature: BudgetNature | None = Field(
        description="Development investment or recurrent expenditure; null if it is not stated."
    )
    amount_vnd: int = Field(description="The amount in VND.")
    decision: str | None = Field(description="The decision that grants the money.")
    version: Version


class BudgetLineIn(Input):
    """Money distributed to an agency or, with `agency` null, newly granted to the project."""

    model_config = examples(DISTRIBUTED, NEWLY_GRANTED)

    project: Code = Field(description="A project without sub-projects, or a sub-project.")
    agency: Code | None = Field(
        default=None,
        description="An agency that is assigned to the project; its money is taken from the "
        "undistributed line. null: newly granted money, which needs a `decision`.",
    )
    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    origin_years: OriginYears | None = Field(
        default=None,
        description="Without it the year of the plan; required for `carried_over`.",
    )
    nature: BudgetNature | None = Field(
        default=None,
        description="Development investment or recurrent expenditure. Without it that of the "
        "lines with the same project, source, origin and years; required where these have several.",
    )
    amount_vnd: Amount = Field(description="The amount in VND.")
    decision: Line | None = Field(default=None, description="The decision that grants the money.")


class BudgetLinePatch(Input):
    """Changes of a budget line. Omitted fields do not change."""

    model_config = examples({"amount_vnd": 150_000_000})

    amount_vnd: Amount | MISSING = Field(
        default=MISSING,
        description="The amount in VND. The difference of an agency's line is taken from, or "
        "returned to, the undistributed line.",
    )
    nature: BudgetNature | MISSING | None = Field(
        default=MISSING,
        description="Development investment or recurrent expenditure. It changes on all lines "
        "among which this money is distributed.",
    )
    decision: Line | MISSING | None = Field(
        default=MISSING, description="The decision that grants the money."
    )


class ProjectMoney(Output):
    """The budget of a sub-project, or of a project without sub-projects."""

    project: str = Field(description="The code of the project.")
    name: str = Field(description="The name.")
    parent: str | None = Field(description="The code of the project of a sub-project.")
    allocated_vnd: int = Field(description="The year's money in VND.")
    carried_over_vnd: int = Field(description="Money carried over from earlier years, in VND.")
    total_vnd: int = Field(description="The total in VND.")
    distributed_vnd: int = Field(description="What is distributed to agencies, in VND.")


class SourceMoney(Output):
    """The budget from one source and origin."""

    source: BudgetSource = Field(description="The source of the money.")
    origin: BudgetOrigin = Field(description="Whether the money is from this year or carried over.")
    amount_vnd: int = Field(description="The amount in VND.")


class BudgetSummary(Output):
    """The budget of a plan: the sum of its budget lines, in total, by project and by source."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "allocated_vnd": 9_595_000_000,
            "carried_over_vnd": 2_703_140_000,
            "total_vnd": 12_298_140_000,
            "distributed_vnd": 0,
            "projects": [
                {
                    "project": "DA3.TDA2",
                    "name": "Cải thiện dinh dưỡng",
                    "parent": "DA3",
                    "allocated_vnd": 668_000_000,
                    "carried_over_vnd": 494_000_000,
                    "total_vnd": 1_162_000_000,
                    "distributed_vnd": 0,
                }
            ],
            "sources": [
                {"source": "central", "origin": "current_year", "amount_vnd": 9_595_000_000},
                {"source": "central", "origin": "carried_over", "amount_vnd": 2_703_140_000},
                {"source": "provincial", "origin": "current_year", "amount_vnd": 0},
            ],
        }
    )

    plan: str = Field(description="The code of the plan.")
    allocated_vnd: int = Field(description="The year's money in VND.")
    carried_over_vnd: int = Field(description="Money carried over from earlier years, in VND.")
    total_vnd: int = Field(description="The total in VND.")
    distributed_vnd: int = Field(description="What is distributed to agencies, in VND.")
    projects: list[ProjectMoney] = Field(
        description="The projects without sub-projects, and the sub-projects, in the order of"
        " the plan."
    )
    sources: list[SourceMoney] = Field(description="Every source, also those without money.")
