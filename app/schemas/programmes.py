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

    code: str = Field(description="The code of the programme.")
    name: str = Field(description="The name of the programme.")
    first_year: int = Field(description="The first year.")
    last_year: int = Field(description="The last year.")


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

    programme: str = Field(description="The code of the programme.")
    code: str = Field(description="The code of the project as the programme numbers it.")
    parent: str | None = Field(description="The code of the project of a sub-project.")
    position: int = Field(description="The place in the order of the programme.")
    name: str = Field(description="The name of the project.")


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

    programme: str = Field(description="The code of the programme.")
    code: str = Field(
        description="The code in the office's own catalogue; DA2.02.1 is a group of the total"
        " DA2.02."
    )
    name: str = Field(description="The name of the indicator.")
    project: str | None = Field(
        description="The code of the project; null: an indicator of the whole programme."
    )
    position: int = Field(description="The place in the order of the catalogue.")
    unit: str = Field(description="The unit.")
    kind: IndicatorKind = Field(
        description="flow: within the data window; cumulative: since 1 January; stock: on the"
        " last day of the window; ratio: always of sums."
    )
    decimals: int = Field(description="The number of decimal places.")
    formula: str | None = Field(description="The formula, if the service computes it.")
    note: str | None = Field(description="How to fill it in.")
    official: Literal[False] = Field(
        default=False,
        description="Always false: the catalogue is the office's own, without official codes "
        "of a ministry.",
    )
