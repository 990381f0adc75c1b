"""The fields of each file, with the wire format's types, and their error texts in Vietnamese."""

import re
from collections.abc import Collection, Mapping
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from app.schemas import base
from app.schemas.base import Amount, Count, Input, Line, Name, NewCode, Prose
from app.schemas.plans import LongText
from app.schemas.reminders import TimeOfDay
from app.vocabulary import (
    AgencyKind,
    AssignmentRole,
    Audience,
    BudgetNature,
    BudgetOrigin,
    BudgetSource,
    Channel,
    DayKind,
    DueDay,
    Frequency,
    IndicatorKind,
    NonWorkingDay,
    TargetMeasure,
    WorkingDayChange,
)

_CONTROL_CHARACTER = "cần chữ bình thường, không có ký tự điều khiển (NUL, tab…)"
_MESSAGES = {
    "missing": "cần có trường này",
    "extra_forbidden": "không có trường nào tên như vậy; xem lại tên trường",
    "enum": "cần một trong: {expected}",
    "literal_error": "cần một trong: {expected}",
    "greater_than_equal": "cần từ {ge} trở lên",
    "less_than_equal": "cần không quá {le}",
    "string_type": "cần chữ",
    "string_unicode": _CONTROL_CHARACTER,
    "control_character": _CONTROL_CHARACTER,
    "not_one_line": "cần viết trên một dòng, không có ký tự điều khiển (NUL, tab…)",
    "string_too_short": "không được để trống",
    "string_too_long": "cần không quá {max_length} ký tự",
    "int_type": "cần số nguyên, chỉ gồm chữ số",
    "too_short": "cần ít nhất {min_length} mục",
    "list_type": "cần một danh sách, mỗi mục bắt đầu bằng dấu gạch ngang",
    "model_type": "cần các trường dạng «tên: giá trị»",
}


def message_of(error: ErrorDetails) -> str:
    """The Vietnamese text of a validation error."""
    if error["type"] == "expected":
        return str(error["msg"])
    values = {name: str(value) for name, value in error.get("ctx", {}).items()}
    values["expected"] = values.get("expected", "").replace(" or ", ", ").replace("'", "")
    return _MESSAGES.get(error["type"], "giá trị không hợp lệ").format_map(values)


def _error(message: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{message}", {"message": message})


def expecting(message: str) -> WrapValidator:
    """Give this message instead of any error of the annotated type."""

    def validate(value: Any, validate_type: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate_type(value)
        except ValidationError:
            raise _error(message) from None

    return WrapValidator(validate)


# Files contain only text, so these functions convert it for types that expect a JSON number. Other
# text passes unchanged, and the type rejects it.
def _integer(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    return value


def _decimal(value: Any) -> Any:
    try:
        is_plain = isinstance(value, str) and re.fullmatch(r"[0-9.]{1,16}", value)
        return Decimal(value) if is_plain else value
    except InvalidOperation:
        return value


def _blank_is_none(value: Any) -> Any:
    return None if value == "" else value


def _list(value: Any) -> Any:
    """Split a CSV cell at its semicolons; refuse repeated items."""
    if isinstance(value, str):
        value = [item.strip() for item in value.split(";")] if value else []
    if isinstance(value, list) and len({str(item) for item in value}) < len(value):
        raise _error("mỗi giá trị chỉ được ghi một lần")
    return value


def _code_message(longest: int) -> str:
    return f"cần một mã: tối đa {longest} chữ không dấu, chữ số, dấu chấm, gạch nối, gạch dưới"


def _decimal_message(places: int) -> str:
    return f"cần số không âm, dấu thập phân là dấu chấm, tối đa {places} chữ số sau dấu"


COMMUNES = "@communes"
"""Refers to all communes, townships, wards and special zones in the area of the plan's owner."""
OFFICES: Mapping[str, Collection[AgencyKind]] = {
    "@departments": (AgencyKind.DEPARTMENT, AgencyKind.SERVICE_UNIT),
    "@mass_organisations": (AgencyKind.MASS_ORGANISATION,),
}
"""Selectors of the agencies of some kinds directly below the plan's owner."""

Item = TypeVar("Item")
Maybe = Annotated[Item | None, BeforeValidator(_blank_is_none)]
Several = Annotated[list[Item], BeforeValidator(_list)]
Code = Annotated[
    base.Code,
    StringConstraints(pattern=base.CODE_PATTERN),
    expecting(_code_message(64)),
]
AgencyCode = Annotated[NewCode, expecting(_code_message(35))]
Reference = Annotated[
    Literal["@communes", "@departments", "@mass_organisations"] | NewCode,
    expecting(_code_message(35)),
]
"""An agency's code, or a selector: `COMMUNES` or one of `OFFICES`."""
Day = Annotated[base.Day, expecting("cần một ngày có thật, viết năm-tháng-ngày như 2024-06-30")]
Integer = Annotated[Count, BeforeValidator(_integer)]
SignedInteger = Annotated[int, Field(strict=True), BeforeValidator(_integer)]
Year = Annotated[Integer, Field(ge=2000, le=2100)]
Money = Annotated[
    Amount,
    BeforeValidator(_integer),
    expecting("cần số nguyên đồng, không âm, chỉ gồm chữ số: 126,45 triệu đồng ghi 126450000"),
]
Figure = Annotated[base.Figure, BeforeValidator(_decimal), expecting(_decimal_message(2))]
TargetValue = Annotated[
    base.Number,
    Field(ge=0, decimal_places=4),
    BeforeValidator(_decimal),
    expecting(_decimal_message(4)),
]
Time = Annotated[TimeOfDay, expecting("cần giờ và phút, như 08:00")]


class Row(Input):
    """A row of a CSV file, or an item of a YAML file."""

    model_config = ConfigDict(frozen=True)


class LegalDocumentRow(Row):
    """A legal document that the plan is based on, or cites in one of its sections."""

    number: Line
    issued_on: Maybe[Day]
    issuer: Line
    subject: Prose
    cited_in: Maybe[Line] = None


class TargetRow(Row):
    """A target of the plan."""

    code: Code
    name: Name
    unit: Line
    value: TargetValue
    project: Maybe[Code] = None
    indicator: Maybe[Code] = None
    measure: TargetMeasure = TargetMeasure.VALUE
    baseline: TargetValue | None = None


class SectionRow(Row):
    """A section of the plan's text, with an optional number and title."""

    number: Maybe[Integer]
    title: Maybe[Line]
    text: LongText


class SignerRow(Row):
    """The signer of the plan."""

    authority: Maybe[Line]
    position: Line
    name: Name


class ProgrammeRow(Row):
    """`programme.yaml`."""

    code: Code
    name: Name
    first_year: Year
    last_year: Year


class ProjectDefinitionRow(Row):
    """An item of a programme's `projects.yaml`."""

    code: Code
    parent: Maybe[Code]
    name: Name


class IndicatorDefinitionRow(Row):
    """A row of a programme's `indicators.csv`."""

    code: Code
    name: Name
    project: Maybe[Code]
    unit: Line
    kind: IndicatorKind
    decimals: Annotated[Integer, Field(le=2)]
    formula: Maybe[Line]
    note: Maybe[LongText]


class PlanRow(Row):
    """`plan.yaml`."""

    code: Code
    programme: Code
    title: Line
    number: Maybe[Line] = None
    issued_on: Maybe[Day] = None
    issuer: Maybe[Line] = None
    effective_from: Maybe[Day] = None
    year: Year
    owner: AgencyCode
    preamble: Maybe[LongText] = None
    general_goal: LongText
    purposes: list[LongText]
    requirements: list[LongText]
    legal_basis: list[LegalDocumentRow]
    targets_text: Maybe[LongText] = None
    targets: list[TargetRow]
    solutions: list[SectionRow]
    funding: list[SectionRow]
    recipients: list[Line]
    signer: SignerRow | None = None
    reporting_duty: LongText
    closing: Maybe[LongText] = None
    due_soon_days: Annotated[Integer, Field(ge=1, le=90)] | None = None


class AgencyRow(Row):
    """A row of `agencies.csv`."""

    code: AgencyCode
    name: Name
    kind: AgencyKind
    parent: Maybe[AgencyCode]
    valid_from: Maybe[Day]
    valid_to: Maybe[Day]


class ProjectRow(ProjectDefinitionRow):
    """An item of a plan's `projects.yaml`, with its definition."""

    objective: Maybe[LongText] = None
    target_group: Maybe[LongText] = None
    support_content: Maybe[LongText] = None
    completion_date: Maybe[Day] = None
    completion_text: Maybe[Line] = None
    lead_note: Maybe[LongText] = None
    coordination_note: Maybe[LongText] = None


class AssignmentRow(Row):
    """A row of `assignments.csv`."""

    project: Code
    agency: Reference
    role: AssignmentRole


class ResponsibilityRow(Row):
    """An item of `responsibilities.yaml`."""

    agency: Reference
    title: Line
    items: Annotated[list[LongText], Field(min_length=1)]


class BudgetLineRow(Row):
    """A row of `budget_lines.csv`."""

    project: Code
    agency: Maybe[AgencyCode]
    source: BudgetSource
    origin: BudgetOrigin
    origin_years: Annotated[Several[Year], Field(min_length=1)]
    amount_vnd: Money
    decision: Maybe[Line]
    nature: Maybe[BudgetNature] = None


class IndicatorRow(IndicatorDefinitionRow):
    """A row of a plan's `indicators.csv`, with its definition."""

    frequencies: Annotated[Several[Frequency], Field(min_length=1)]
    filled_by: Several[AgencyCode]
    maximum: Maybe[Figure]
    compared_by: Several[AgencyCode] = Field(default_factory=list)


class ScheduleRow(Row):
    """An item of `schedules.yaml`."""

    code: Code
    name: Name
    frequency: Frequency
    ordinals: Annotated[Several[Integer], Field(min_length=1)]
    month: Annotated[Integer, Field(ge=1)]
    day: Annotated[Integer, Field(ge=1, le=31)]
    due_day: DueDay
    due_text: Maybe[Line] = None
    non_working_day: NonWorkingDay
    cutoff_day: Annotated[Integer, Field(ge=1, le=28)]
    applies_from: Maybe[Day]
    reporters: Annotated[Several[Reference], Field(min_length=1)]
    money_only: Several[Reference] = Field(default_factory=list)


class WorkingDayRow(Row):
    """A row of `working_days.csv`."""

    date: Day
    change: WorkingDayChange
    note: Line


class ReminderRuleRow(Row):
    """An item of `reminders.yaml`: a rule for the named schedules, or for all if none is named."""

    code: Code
    schedules: Several[Code] = Field(default_factory=list)
    offset_days: Annotated[SignedInteger, Field(ge=-60, le=60)]
    day_kind: DayKind = DayKind.CALENDAR
    repeat_days: Annotated[Integer, Field(ge=1, le=60)] | None = None
    repeat_times: Annotated[Integer, Field(ge=0, le=30)] = 0
    audience: Audience
    channels: Annotated[Several[Channel], Field(min_length=1)]
    send_time: Time = time(8)
    quiet_from: Time = time(21)
    quiet_until: Time = time(6)
    template: Literal["reminder", "escalation"] = "reminder"
