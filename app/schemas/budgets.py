"""The wire format of budget lines and of the budget of a plan."""

from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas.base import Amount, Code, Input, Line, Output, Version, Whole, examples
from app.vocabulary import BudgetOrigin, BudgetSource


def _sorted_unique(years: list[int]) -> list[int]:
    if len(set(years)) == len(years):
        return sorted(years)
    raise PydanticCustomError("not_unique", "Name each value once")


OriginYears = Annotated[
    list[Annotated[int, Field(strict=True, ge=2000, le=2100), Whole]],
    Field(min_length=1, max_length=10),
    AfterValidator(_sorted_unique),
]

DISTRIBUTED: dict[str, Any] = {
    "project": "DA2",
    "agency": "15493",
    "source": "central",
    "origin": "current_year",
    "origin_years": [2024],
    "amount_vnd": 126_450_000,
    "decision": "Quyết định số 1412/QĐ-UBND ngày 10/5/2024 của UBND huyện Thọ Xuân",
}
NEWLY_GRANTED: dict[str, Any] = {
    "project": "DA2",
    "agency": None,
    "source": "provincial",
    "origin": "current_year",
    "origin_years": [2024],
    "amount_vnd": 250_000_000,
    "decision": "Quyết định số 2210/QĐ-UBND ngày 28/5/2024 của UBND tỉnh Thanh Hóa",
}


class BudgetLineOut(Output):
    """A budget line (dòng vốn): money of one source and origin for a project."""

    model_config = examples({"id": 15, "plan": "tho-xuan-2024", **DISTRIBUTED, "version": 1})

    id: int
    plan: str
    project: str
    agency: str | None = Field(description="null: chưa giao cho đơn vị nào.")
    source: BudgetSource
    origin: BudgetOrigin
    origin_years: list[int] = Field(
        description="Năm gốc của vốn; nhiều năm khi kế hoạch không tách riêng."
    )
    amount_vnd: int
    decision: str | None = Field(description="Quyết định giao vốn.")
    version: Version


class BudgetLineIn(Input):
    """Money distributed to an agency or, with `agency` null, newly granted to the project."""

    model_config = examples(DISTRIBUTED, NEWLY_GRANTED)

    project: Code = Field(description="Dự án không có tiểu dự án, hoặc tiểu dự án.")
    agency: Code | None = Field(
        default=None,
        description="Đơn vị được phân công trong dự án; số tiền lấy từ dòng chưa giao. Để trống: "
        "vốn mới được cấp, cần có decision.",
    )
    source: BudgetSource
    origin: BudgetOrigin
    origin_years: OriginYears | None = Field(
        default=None,
        description="Bỏ trống với current_year: năm của kế hoạch. Bắt buộc với carried_over.",
    )
    amount_vnd: Amount
    decision: Line | None = None


class BudgetLinePatch(Input):
    """Changes of a budget line. Omitted fields do not change."""

    model_config = examples({"amount_vnd": 150_000_000})

    amount_vnd: Amount | MISSING = Field(
        default=MISSING,
        description="Phần chênh lệch của một đơn vị được lấy từ, hoặc trả về, dòng chưa giao.",
    )
    decision: Line | MISSING | None = MISSING


class ProjectMoney(Output):
    """The budget of a sub-project, or of a project without sub-projects."""

    project: str
    name: str
    parent: str | None
    allocated_vnd: int
    carried_over_vnd: int
    total_vnd: int
    distributed_vnd: int = Field(description="Phần đã giao cho các đơn vị.")


class SourceMoney(Output):
    """The budget from one source and origin."""

    source: BudgetSource
    origin: BudgetOrigin
    amount_vnd: int


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

    plan: str
    allocated_vnd: int = Field(description="Vốn giao trong năm.")
    carried_over_vnd: int = Field(description="Vốn năm trước chuyển sang.")
    total_vnd: int
    distributed_vnd: int = Field(description="Phần đã giao cho các đơn vị.")
    projects: list[ProjectMoney] = Field(
        description="Dự án không có tiểu dự án, và các tiểu dự án, theo thứ tự của kế hoạch."
    )
    sources: list[SourceMoney] = Field(description="Mọi nguồn vốn, kể cả nguồn chưa có vốn.")
