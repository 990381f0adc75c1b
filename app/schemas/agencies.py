"""The wire format of agencies and their responsibilities."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import Code, Day, Input, IsoDate, Name, NewCode, Output, Version, examples
from app.text.names import official_name
from app.vocabulary import AgencyKind


def _unique(codes: list[str]) -> list[str]:
    if len(set(codes)) == len(codes):
        return codes
    raise PydanticCustomError("not_unique", "Name each value once")


LastDay = Annotated[date, Field(le=date(2999, 12, 31)), IsoDate]
Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=35),
    Field(
        description="The electronic identification code (Quyết định 20/2020/QĐ-TTg), once it "
        "is assigned."
    ),
]
Successors = Annotated[
    list[Code],
    Field(
        max_length=100,
        json_schema_extra={"uniqueItems": True},
        description="The codes of the successors on the day after `valid_to`.",
    ),
    AfterValidator(_unique),
]

AGENCY: dict[str, Any] = {
    "code": "15493",
    "name": "Xã Xuân Hồng",
    "kind": "commune",
    "parent": "395",
    "valid_from": None,
    "valid_to": "2025-06-30",
    "identifier": None,
    "successors": ["15499"],
    "predecessors": [],
}


class AgencyOut(Output):
    """An agency (cơ quan, đơn vị)."""

    model_config = examples(AGENCY | {"version": 2, "official_name": "UBND xã Xuân Hồng"})

    code: str = Field(description="The code.")
    name: str = Field(description="The name.")
    kind: AgencyKind = Field(description="The kind of the agency.")
    official_name: str = Field(
        default_factory=lambda fields: official_name(fields["name"], fields["kind"]),
        description="The name under which the agency signs: a government's People's Committee "
        '("UBND xã Xuân Hồng"), another agency\'s own name.',
    )
    parent: str | None = Field(description="The code of the superior agency.")
    valid_from: date | None = Field(description="The first day; null: always.")
    valid_to: date | None = Field(description="The last day; null: it still exists.")
    identifier: str | None = Field(
        description="The electronic identification code, once it is assigned."
    )
    successors: list[str] = Field(
        description="The codes of the successors after a merger or a division, on the day "
        "after `valid_to`; so one can equal the old code."
    )
    predecessors: list[str] = Field(
        description="The codes that the agencies had from which it came, on the day before it took "
        "them in."
    )
    version: Version


class AgencyIn(Input):
    """A new agency."""

    model_config = examples(
        {
            "code": "15499",
            "name": "Xã Thọ Xuân",
            "kind": "commune",
            "parent": "38",
            "valid_from": "2025-07-01",
        }
    )

    code: NewCode = Field(description="The code.")
    name: Name = Field(description="The name.")
    kind: AgencyKind = Field(description="The kind of the agency.")
    parent: Code | None = Field(
        default=None,
        description="The code of the superior agency on the new agency's first day; null only"
        " from an administrator of the whole system.",
    )
    valid_from: Day | None = Field(default=None, description="The first day; null: always.")
    valid_to: LastDay | None = Field(
        default=None, description="The last day; null: it still exists."
    )
    identifier: Identifier | None = Field(
        default=None, description="The electronic identification code."
    )
    successors: Successors = Field(default_factory=list)


class AgencyPatch(Input):
    """Changes of an agency. Omitted fields do not change; null clears a field.

    The code of an agency cannot change.
    """

    model_config = examples({"valid_to": "2025-06-30", "successors": ["15499"]})

    name: Name | MISSING = Field(default=MISSING, description="The name.")
    kind: AgencyKind | MISSING = Field(default=MISSING, description="The kind of the agency.")
    parent: Code | MISSING = Field(default=MISSING, description="The code of the superior agency.")
    valid_from: Day | MISSING | None = Field(
        default=MISSING, description="The first day; null: always."
    )
    valid_to: LastDay | MISSING | None = Field(
        default=MISSING, description="The last day; null: it still exists."
    )
    identifier: Identifier | MISSING | None = Field(
        default=MISSING, description="The electronic identification code."
    )
    successors: Successors | MISSING = Field(
        default=MISSING, description="The codes of the successors."
    )


class ResponsibilityOut(Output):
    """A responsibility of an agency under a plan (nhiệm vụ)."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "agency": "395-LDTBXH",
            "position": 4,
            "title": "Phòng Lao động - Thương binh và Xã hội",
            "text": "Tham mưu cho UBND huyện ban hành kế hoạch tổ chức Hội nghị truyền thông về "
            "giảm nghèo cấp huyện năm 2024 (bằng hình thức sân khấu hóa).",
        }
    )

    plan: str = Field(description="The code of the plan.")
    agency: str = Field(description="The code of the agency.")
    position: int = Field(description="The place in the order.")
    title: str = Field(description="The title.")
    text: str = Field(description="The text.")
