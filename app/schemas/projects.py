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

    plan: str = Field(description="The code of the plan.")
    code: str = Field(description="The code.")
    parent: str | None = Field(description="The code of the project of a sub-project.")
    position: int = Field(description="The place in the order of the plan.")
    name: str = Field(description="The name.")
    objective: str | None = Field(description="The objective.")
    target_group: str | None = Field(description="The target group.")
    support_content: str | None = Field(description="What is supported.")
    completion_date: date | None = Field(description="The day of completion.")
    completion_text: str | None = Field(
        description="The time of completion in the words of the plan."
    )
    lead_note: str | None = Field(
        description="Leading agencies that the plan does not name one by one."
    )
    coordination_note: str | None = Field(
        description="Coordinating agencies that the plan does not name one by one."
    )
    allocated_vnd: int = Field(
        description="The year's money in VND; of a project with sub-projects their sum."
    )
    carried_over_vnd: int = Field(description="Money carried over from earlier years, in VND.")
    total_vnd: int = Field(description="The total in VND.")
    leads: list[str] = Field(description="The codes of the leading agencies.")
    coordinators: list[str] = Field(description="The codes of the coordinating agencies.")
    version: Version
    own: bool = Field(description="Whether the plan defines it, and not the programme.")


class ProjectIn(Input):
    """A new project or sub-project."""

    model_config = examples({"code": "DA3.TDA3", "parent": "DA3", **TEXTS})

    code: NewCode = Field(description="The code.")
    name: Name = Field(description="The name.")
    parent: Code | None = Field(default=None, description="The code of the project above.")
    position: Position | None = Field(
        default=None, description="The place in the order; without it the last one."
    )
    objective: Prose | None = Field(default=None, description="The objective.")
    target_group: Prose | None = Field(default=None, description="The target group.")
    support_content: Prose | None = Field(default=None, description="What is supported.")
    completion_date: Day | None = Field(default=None, description="The day of completion.")
    completion_text: Line | None = Field(
        default=None, description="The time of completion in the words of the plan."
    )
    lead_note: Prose | None = Field(
        default=None, description="Leading agencies that the plan does not name one by one."
    )
    coordination_note: Prose | None = Field(
        default=None, description="Coordinating agencies that the plan does not name one by one."
    )


class ProjectPatch(Input):
    """Changes of a project. Omitted fields do not change; null clears a field."""

    model_config = examples(
        {"completion_date": "2024-10-31", "completion_text": "Hoàn thành trong tháng 10 năm 2024"}
    )

    name: Name | MISSING = Field(default=MISSING, description="The name.")
    parent: Code | MISSING | None = Field(
        default=MISSING, description="The code of the project above."
    )
    position: Position | MISSING = Field(default=MISSING, description="The place in the order.")
    objective: Prose | MISSING | None = Field(default=MISSING, description="The objective.")
    target_group: Prose | MISSING | None = Field(default=MISSING, description="The target group.")
    support_content: Prose | MISSING | None = Field(
        default=MISSING, description="What is supported."
    )
    completion_date: Day | MISSING | None = Field(
        default=MISSING, description="The day of completion."
    )
    completion_text: Line | MISSING | None = Field(
        default=MISSING, description="The time of completion in the words of the plan."
    )
    lead_note: Prose | MISSING | None = Field(
        default=MISSING, description="Leading agencies that the plan does not name one by one."
    )
    coordination_note: Prose | MISSING | None = Field(
        default=MISSING, description="Coordinating agencies that the plan does not name one by one."
    )


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

    plan: str = Field(description="The code of the plan.")
    project: str = Field(description="The code of the project.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    agency_kind: AgencyKind = Field(description="The kind of the agency.")
    role: AssignmentRole = Field(description="The role.")
    version: Version


class AssignmentIn(Input):
    """The role of the agency in the project."""

    model_config = examples({"role": "coordinating"})

    role: AssignmentRole = Field(description="The role.")
