"""The wire format of targets."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from app.schemas.base import (
    Input,
    Number,
    Output,
    Version,
    examples,
    plain_number,
    require_number,
)
from app.vocabulary import TargetMeasure

TargetNumber = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4),
    BeforeValidator(require_number),
    PlainSerializer(plain_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 10**14}),
]
"""A number of a target: not negative, with at most 4 decimals."""

BASELINE = (
    "The indicator's figure at the start of the year, where the target is a decrease; null until "
    "it is entered."
)
TARGET: dict[str, Any] = {
    "code": "poverty_rate_reduction",
    "name": "Giảm tỷ lệ hộ nghèo",
    "unit": "điểm phần trăm",
    "value": 0.31,
    "project": None,
    "indicator": "KQ.07",
    "measure": "decrease",
    "baseline": 1.95,
    "version": 2,
}
AGENCY_TARGET: dict[str, Any] = {
    "agency": "15493",
    "agency_name": "Xã Xuân Hồng",
    "value": 0.5,
    "baseline": 2.4,
    "version": 1,
}


class TargetOut(Output):
    """A target of the plan (mục tiêu), as it is in force for the whole plan."""

    code: str = Field(description="The code.")
    name: str = Field(description="The name.")
    unit: str = Field(description="The unit.")
    value: Number = Field(description="The value.")
    project: str | None = Field(
        description="The code of the project, if the target belongs to one."
    )
    indicator: str | None = Field(description="The indicator that shows the progress; null: none.")
    measure: TargetMeasure = Field(
        description="How the progress follows from the indicator's figure: `value` is the figure; "
        "`decrease` is the baseline minus the figure; `share` is the figure in percent of the "
        "indicator's maximum."
    )
    baseline: Number | None = Field(description=BASELINE)
    version: Version


class AgencyTarget(Output):
    """A target for one agency, such as a commune's share of the plan's target."""

    model_config = examples(AGENCY_TARGET)

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    value: Number | None = Field(description="The value; null if the agency has no target.")
    baseline: Number | None = Field(description=BASELINE)
    version: Version


class TargetWithAgencies(TargetOut):
    """A target of the plan, with what is set for single agencies."""

    model_config = examples(TARGET | {"agencies": [AGENCY_TARGET]})

    agencies: list[AgencyTarget] = Field(
        description="The agencies within your horizon that were given a value or a baseline."
    )


class TargetIn(Input):
    """The value and the baseline of a target."""

    model_config = examples({"value": 180, "baseline": None})

    value: TargetNumber | None = Field(
        description="The value. Null, for an agency only: it has no target."
    )
    baseline: TargetNumber | None = Field(None, description=BASELINE)
