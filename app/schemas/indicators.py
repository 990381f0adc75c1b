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


Frequencies = Annotated[
    list[Frequency],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_unique_by_length),
]
FilledBy = Annotated[
    list[Code],
    Field(
        max_length=50,
        json_schema_extra={"uniqueItems": True},
        description="Who reports it: `communes` (communes and townships), `leads` (other "
        "agencies that lead the project), or codes of agencies. Empty with a "
        "formula.",
    ),
    AfterValidator(_unique),
]
ComparedBy = Annotated[
    list[Code],
    Field(
        max_length=50,
        json_schema_extra={"uniqueItems": True},
        description="Codes of further agencies that report it. Their figures are shown beside the "
        "sum, with the difference, and never added to it.",
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
        description="A sum, such as KQ.02 - KQ.03 + KQ.04, or a ratio, such as 100 * KQ.06 / "
        "KQ.01; with blanks around + and -."
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
    "compared_by": [],
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

    plan: str = Field(description="The code of the plan.")
    code: str = Field(
        description="The code in the office's own catalogue; DA2.02.1 is a group of the total"
        " DA2.02."
    )
    name: str = Field(description="The name.")
    project: str | None = Field(
        description="The code of the project; null: an indicator of the whole plan."
    )
    position: int = Field(description="The place in the order of the catalogue.")
    unit: str = Field(description="The unit.")
    kind: IndicatorKind = Field(
        description="flow: within the data window; cumulative: since 1 January; stock: on the"
        " last day of the window; ratio: always of sums."
    )
    decimals: int = Field(description="The number of decimal places.")
    frequencies: list[Frequency] = Field(description="The frequencies with which it is reported.")
    filled_by: list[str] = Field(
        description="Who reports it: `communes`, `leads`, or codes of agencies; empty if the "
        "service computes it."
    )
    compared_by: list[str] = Field(
        description="Codes of further agencies that report it, whose figures are shown beside the "
        "sum, with the difference, and never added to it."
    )
    formula: str | None = Field(description="The formula, if the service computes it.")
    maximum: Number | None = Field(description="The largest possible value.")
    note: str | None = Field(description="A note.")
    own: bool = Field(description="Whether the plan defines it, and not the programme.")
    official: Literal[False] = Field(
        default=False,
        description="Always false: the catalogue is the office's own, without official codes "
        "of a ministry.",
    )
    version: Version


class IndicatorIn(Input):
    """A new indicator: reported by agencies, or derived by a formula."""

    model_config = examples(INDICATOR | {"code": "DA2.06"}, RATIO)

    code: NewCode = Field(description="The code.")
    name: Name = Field(description="The name.")
    project: Code | None = Field(default=None, description="The code of the project.")
    position: Position | None = Field(
        default=None, description="The place in the order; without it the last one."
    )
    unit: Unit = Field(description="The unit.")
    kind: IndicatorKind = Field(description="How the figure relates to time.")
    decimals: Decimals = Field(default=0, description="The number of decimal places.")
    frequencies: Frequencies = Field(description="The frequencies with which it is reported.")
    filled_by: FilledBy = Field(default_factory=list)
    compared_by: ComparedBy = Field(default_factory=list)
    formula: FormulaText | None = Field(
        default=None, description="The formula, if the service computes it."
    )
    maximum: Figure | None = Field(default=None, description="The largest possible value.")
    note: Prose | None = Field(default=None, description="A note.")


class IndicatorPatch(Input):
    """Changes of an indicator. Omitted fields do not change; null clears a field.

    Project, unit, kind and formula cannot change after figures were reported.
    """

    model_config = examples({"note": "Mỗi hộ chỉ ghi một lần trong năm."})

    name: Name | MISSING = Field(default=MISSING, description="The name.")
    project: Code | MISSING | None = Field(default=MISSING, description="The code of the project.")
    position: Position | MISSING = Field(default=MISSING, description="The place in the order.")
    unit: Unit | MISSING = Field(default=MISSING, description="The unit.")
    kind: IndicatorKind | MISSING = Field(
        default=MISSING, description="How the figure relates to time."
    )
    decimals: Decimals | MISSING = Field(
        default=MISSING, description="The number of decimal places."
    )
    frequencies: Frequencies | MISSING = Field(
        default=MISSING, description="The frequencies with which it is reported."
    )
    filled_by: FilledBy | MISSING = Field(default=MISSING, description="Who reports it.")
    compared_by: ComparedBy | MISSING = Field(
        default=MISSING, description="Whose figures are compared with the sum instead of added."
    )
    formula: FormulaText | MISSING | None = Field(
        default=MISSING, description="The formula, if the service computes it."
    )
    maximum: Figure | MISSING | None = Field(
        default=MISSING, description="The largest possible value."
    )
    note: Prose | MISSING | None = Field(default=MISSING, description="A note.")
