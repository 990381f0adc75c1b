"""The wire format of projects and assignments."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, Field

from app.schemas.base import (
    Code,
    Day,
    Input,
    Line,
    Name,
    NewCode,
    Output,
    Prose,
    Version,
    Whole,
    examples,
)
from app.vocabulary import AgencyKind, AssignmentRole

Position = Annotated[int, Field(strict=True, ge=1, le=10_000), Whole]

TEXTS: dict[str, Any] = {
    "name": "Cải thiện dinh dưỡng",
    "objective": "Cải thiện tình trạng dinh dưỡng và giảm suy dinh dưỡng thấp còi…",
    "target_group": "Trẻ em dưới 16 tuổi thuộc hộ nghèo, hộ cận nghèo, hộ mới thoát nghèo.",
    "support_content": "Hỗ trợ tiếp cận, can thiệp trực tiếp phòng chống suy dinh dưỡng…",
    "completion_date": "2024-09-30",
    "completion_text": "Hoàn thành quý III năm 2024",
    "lead_note": None,
    "coordination_note": "các phòng, ngành, đơn vị có liên quan",
}


class ProjectOut(Output):
    """A project or sub-project (dự án, tiểu dự án), with its budgets and agencies."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "code": "DA3.TDA2",
            "parent": "DA3",
            "position": 4,
            **TEXTS,
            "allocated_vnd": 668_000_000,
            "carried_over_vnd": 494_000_000,
            "total_vnd": 1_162_000_000,
            "leads": ["395-TTYT", "395-VP"],
            "coordinators": ["15493", "15499", "395-GDDT"],
            "version": 1,
            "own": False,
        }
    )

    plan: str
    code: str
    parent: str | None = Field(description="Mã dự án, khi đây là tiểu dự án.")
    position: int = Field(description="Thứ tự trong kế hoạch.")
    name: str
    objective: str | None = Field(description="Mục tiêu.")
    target_group: str | None = Field(description="Đối tượng.")
    support_content: str | None = Field(description="Nội dung hỗ trợ.")
    completion_date: date | None
    completion_text: str | None = Field(description="Thời gian hoàn thành như kế hoạch ghi.")
    lead_note: str | None = Field(description="Chủ trì mà kế hoạch không nêu đích danh.")
    coordination_note: str | None = Field(description="Phối hợp mà kế hoạch không nêu đích danh.")
    allocated_vnd: int = Field(
        description="Vốn giao trong năm; của dự án có tiểu dự án là tổng các tiểu dự án."
    )
    carried_over_vnd: int = Field(description="Vốn năm trước chuyển sang.")
    total_vnd: int
    leads: list[str] = Field(description="Mã các đơn vị chủ trì.")
    coordinators: list[str] = Field(description="Mã các đơn vị phối hợp.")
    version: Version
    own: bool = Field(description="Dự án riêng của kế hoạch, chương trình không có.")


class ProjectIn(Input):
    """A new project or sub-project."""

    model_config = examples({"code": "DA3.TDA3", "parent": "DA3", **TEXTS})

    code: NewCode
    name: Name
    parent: Code | None = None
    position: Position | None = Field(default=None, description="Bỏ trống: xếp sau cùng.")
    objective: Prose | None = None
    target_group: Prose | None = None
    support_content: Prose | None = None
    completion_date: Day | None = None
    completion_text: Line | None = None
    lead_note: Prose | None = None
    coordination_note: Prose | None = None


class ProjectPatch(Input):
    """Changes of a project. Omitted fields do not change; null clears a field."""

    model_config = examples(
        {"completion_date": "2024-10-31", "completion_text": "Hoàn thành trong tháng 10 năm 2024"}
    )

    name: Name | MISSING = MISSING
    parent: Code | MISSING | None = MISSING
    position: Position | MISSING = MISSING
    objective: Prose | MISSING | None = MISSING
    target_group: Prose | MISSING | None = MISSING
    support_content: Prose | MISSING | None = MISSING
    completion_date: Day | MISSING | None = MISSING
    completion_text: Line | MISSING | None = MISSING
    lead_note: Prose | MISSING | None = MISSING
    coordination_note: Prose | MISSING | None = MISSING


class AssignmentOut(Output):
    """The assignment of an agency to a project (phân công)."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "project": "DA3.TDA2",
            "agency": "395-TTYT",
            "agency_name": "Trung tâm Y tế huyện",
            "agency_kind": "service_unit",
            "role": "lead",
            "version": 1,
        }
    )

    plan: str
    project: str
    agency: str
    agency_name: str
    agency_kind: AgencyKind
    role: AssignmentRole
    version: Version


class AssignmentIn(Input):
    """The role of the agency in the project."""

    model_config = examples({"role": "coordinating"})

    role: AssignmentRole
