"""The wire format of the catalogue of indicators."""

from typing import Annotated, Any, Literal

from pydantic import MISSING, AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import (
    Code,
    Figure,
    Input,
    Name,
    NewCode,
    Number,
    Output,
    Prose,
    Version,
    Whole,
    examples,
    one_line,
)
from app.vocabulary import Frequency, IndicatorKind


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) == len(values):
        return values
    raise PydanticCustomError("not_unique", "Name each value once")


def _unique_by_length(values: list[Frequency]) -> list[Frequency]:
    _unique(list(values))
    return sorted(values, key=list(Frequency).index)


Frequencies = Annotated[list[Frequency], Field(min_length=1), AfterValidator(_unique_by_length)]
FilledBy = Annotated[
    list[Code],
    Field(
        max_length=50,
        description="communes: các xã, thị trấn; leads: cơ quan chủ trì dự án không phải xã, thị "
        "trấn; hoặc mã của một cơ quan. Để trống khi có formula.",
    ),
    AfterValidator(_unique),
]
Unit = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, strip_whitespace=True),
    AfterValidator(one_line),
]
FormulaText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, strip_whitespace=True),
    Field(
        description="Tổng, như KQ.02 - KQ.03 + KQ.04, hoặc tỷ lệ, như 100 * KQ.06 / KQ.01; quanh "
        "dấu + và - phải có dấu cách."
    ),
]
Decimals = Annotated[int, Field(strict=True, ge=0, le=2), Whole]
Position = Annotated[int, Field(strict=True, ge=1, le=10_000), Whole]

INDICATOR: dict[str, Any] = {
    "code": "DA2.02",
    "name": "Số hộ tham gia mô hình, dự án giảm nghèo",
    "project": "DA2",
    "unit": "hộ",
    "kind": "flow",
    "decimals": 0,
    "frequencies": ["quarter", "half_year", "year"],
    "filled_by": ["communes"],
    "formula": None,
    "maximum": None,
    "note": "Hộ bắt đầu tham gia trong kỳ, mỗi hộ một lần.",
}
RATIO: dict[str, Any] = {
    "code": "KQ.11",
    "name": "Tỷ lệ hộ cận nghèo",
    "unit": "%",
    "kind": "ratio",
    "decimals": 2,
    "frequencies": ["year"],
    "formula": "100 * KQ.09.5 / KQ.01",
}


class IndicatorOut(Output):
    """An indicator (chỉ tiêu): defined by the programme, or by the plan for itself."""

    model_config = examples(
        {"plan": "tho-xuan-2024", "position": 20, **INDICATOR}
        | {"own": False, "official": False, "version": 1}
    )

    plan: str
    code: str = Field(description="Mã của phòng; DA2.02.1 là một nhóm trong tổng số DA2.02.")
    name: str
    project: str | None = Field(description="null: chỉ tiêu chung của kế hoạch.")
    position: int = Field(description="Thứ tự trong danh mục.")
    unit: str = Field(description="Đơn vị tính.")
    kind: IndicatorKind = Field(
        description="flow: phát sinh trong kỳ; cumulative: lũy kế từ đầu năm; stock: có tại ngày "
        "chốt số liệu; ratio: tỷ lệ, luôn là tỷ lệ của các tổng."
    )
    decimals: int = Field(description="Số chữ số thập phân.")
    frequencies: list[Frequency]
    filled_by: list[str] = Field(
        description="Ai ghi: communes, leads, hoặc mã cơ quan; rỗng khi hệ thống tự tính."
    )
    formula: str | None = Field(description="Cách tính, khi hệ thống tự tính.")
    maximum: Number | None = Field(description="Giá trị lớn nhất có thể có.")
    note: str | None
    own: bool = Field(description="Chỉ tiêu riêng của kế hoạch, chương trình không có.")
    official: Literal[False] = Field(
        default=False,
        description="Luôn là false: mã và tên là danh mục riêng của phòng, không phải mã chính "
        "thức của bộ, ngành.",
    )
    version: Version


class IndicatorIn(Input):
    """A new indicator: reported by agencies, or derived by a formula."""

    model_config = examples(INDICATOR | {"code": "DA2.06"}, RATIO)

    code: NewCode
    name: Name
    project: Code | None = None
    position: Position | None = Field(default=None, description="Bỏ trống: xếp sau cùng.")
    unit: Unit
    kind: IndicatorKind
    decimals: Decimals = 0
    frequencies: Frequencies
    filled_by: FilledBy = Field(default_factory=list)
    formula: FormulaText | None = None
    maximum: Figure | None = None
    note: Prose | None = None


class IndicatorPatch(Input):
    """Changes of an indicator. Omitted fields do not change; null clears a field.

    Project, unit, kind and formula cannot change after figures were reported.
    """

    model_config = examples({"note": "Mỗi hộ chỉ ghi một lần trong năm."})

    name: Name | MISSING = MISSING
    project: Code | MISSING | None = MISSING
    position: Position | MISSING = MISSING
    unit: Unit | MISSING = MISSING
    kind: IndicatorKind | MISSING = MISSING
    decimals: Decimals | MISSING = MISSING
    frequencies: Frequencies | MISSING = MISSING
    filled_by: FilledBy | MISSING = MISSING
    formula: FormulaText | MISSING | None = MISSING
    maximum: Figure | MISSING | None = MISSING
    note: Prose | MISSING | None = MISSING
