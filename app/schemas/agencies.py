"""The wire format of agencies and their responsibilities."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import Code, Day, Input, IsoDate, Name, NewCode, Output, Version, examples
from app.vocabulary import AgencyKind


def _unique(codes: list[str]) -> list[str]:
    if len(set(codes)) == len(codes):
        return codes
    raise PydanticCustomError("not_unique", "Name each value once")


LastDay = Annotated[date, Field(le=date(2999, 12, 31)), IsoDate]
Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=35),
    Field(description="Mã định danh điện tử theo Quyết định 20/2020/QĐ-TTg, khi đã được cấp."),
]
Successors = Annotated[
    list[Code],
    Field(
        max_length=100,
        description="Mã các đơn vị kế thừa, hiểu theo ngày ngay sau valid_to.",
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
}


class AgencyOut(Output):
    """An agency (cơ quan, đơn vị)."""

    model_config = examples(AGENCY | {"version": 2})

    code: str
    name: str
    kind: AgencyKind
    parent: str | None = Field(description="Mã cơ quan cấp trên.")
    valid_from: date | None = Field(description="Ngày đầu tiên; null là từ trước tới nay.")
    valid_to: date | None = Field(description="Ngày cuối cùng; null là còn hoạt động.")
    identifier: str | None = Field(description="Mã định danh điện tử, khi đã được cấp.")
    successors: list[str] = Field(
        description="Mã các đơn vị kế thừa sau khi sáp nhập, chia tách; hiểu theo ngày ngay sau "
        "valid_to, nên có thể trùng mã cũ."
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

    code: NewCode
    name: Name
    kind: AgencyKind
    parent: Code | None = Field(
        default=None,
        description="Mã cơ quan cấp trên, hiểu theo ngày đầu tiên của đơn vị mới; chỉ quản trị "
        "toàn hệ thống mới để trống.",
    )
    valid_from: Day | None = None
    valid_to: LastDay | None = None
    identifier: Identifier | None = None
    successors: Successors = Field(default_factory=list)


class AgencyPatch(Input):
    """Changes of an agency. Omitted fields do not change; null clears a field.

    The code of an agency cannot change.
    """

    model_config = examples({"valid_to": "2025-06-30", "successors": ["15499"]})

    name: Name | MISSING = MISSING
    kind: AgencyKind | MISSING = MISSING
    parent: Code | MISSING = MISSING
    valid_from: Day | MISSING | None = MISSING
    valid_to: LastDay | MISSING | None = MISSING
    identifier: Identifier | MISSING | None = MISSING
    successors: Successors | MISSING = MISSING


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

    plan: str
    agency: str
    position: int
    title: str
    text: str
