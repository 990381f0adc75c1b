"""The wire format of programmes and their catalogue."""

from typing import Any, Literal

from pydantic import Field

from app.schemas.base import Output, examples
from app.vocabulary import IndicatorKind

PROGRAMME: dict[str, Any] = {
    "code": "giam-ngheo-2021-2025",
    "name": "Chương trình mục tiêu quốc gia giảm nghèo bền vững giai đoạn 2021 - 2025",
    "first_year": 2021,
    "last_year": 2025,
}


class ProgrammeOut(Output):
    """A programme (chương trình): a national target programme of several years."""

    model_config = examples(PROGRAMME)

    code: str = Field(description="Mã chương trình.")
    name: str = Field(description="Tên chương trình.")
    first_year: int = Field(description="Năm đầu.")
    last_year: int = Field(description="Năm cuối.")


class ProgrammeProjectOut(Output):
    """A project or sub-project as its programme defines it."""

    model_config = examples(
        {
            "programme": "giam-ngheo-2021-2025",
            "code": "DA3.TDA2",
            "parent": "DA3",
            "position": 4,
            "name": "Cải thiện dinh dưỡng",
        }
    )

    programme: str = Field(description="Mã chương trình.")
    code: str = Field(description="Mã dự án theo cách đánh số của chương trình.")
    parent: str | None = Field(description="Mã dự án, khi đây là tiểu dự án.")
    position: int = Field(description="Thứ tự trong chương trình.")
    name: str = Field(description="Tên dự án.")


class ProgrammeIndicatorOut(Output):
    """An indicator (chỉ tiêu) as its programme defines it, for every plan."""

    model_config = examples(
        {
            "programme": "giam-ngheo-2021-2025",
            "code": "DA2.02",
            "name": "Số hộ tham gia mô hình, dự án giảm nghèo",
            "project": "DA2",
            "position": 20,
            "unit": "hộ",
            "kind": "flow",
            "decimals": 0,
            "formula": None,
            "note": "Hộ bắt đầu tham gia trong kỳ, mỗi hộ một lần.",
            "official": False,
        }
    )

    programme: str = Field(description="Mã chương trình.")
    code: str = Field(description="Mã của phòng; DA2.02.1 là một nhóm trong tổng số DA2.02.")
    name: str = Field(description="Tên chỉ tiêu.")
    project: str | None = Field(description="null: chỉ tiêu chung của chương trình.")
    position: int = Field(description="Thứ tự trong danh mục.")
    unit: str = Field(description="Đơn vị tính.")
    kind: IndicatorKind = Field(
        description="flow: phát sinh trong kỳ; cumulative: lũy kế từ đầu năm; stock: có tại ngày "
        "chốt số liệu; ratio: tỷ lệ, luôn là tỷ lệ của các tổng."
    )
    decimals: int = Field(description="Số chữ số thập phân.")
    formula: str | None = Field(description="Cách tính, khi hệ thống tự tính.")
    note: str | None = Field(description="Cách ghi.")
    official: Literal[False] = Field(
        default=False,
        description="Luôn là false: mã và tên là danh mục riêng của phòng, không phải mã chính "
        "thức của bộ, ngành.",
    )
