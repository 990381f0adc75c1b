"""The shape of each file: its fields, their types, and what was expected instead."""

import re
import unicodedata
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import ErrorDetails, PydanticCustomError

from app.schemas.base import LARGEST_VND
from app.vocabulary import (
    AgencyKind,
    AssignmentRole,
    Audience,
    BudgetOrigin,
    BudgetSource,
    Channel,
    DayKind,
    DueDay,
    Frequency,
    IndicatorKind,
    NonWorkingDay,
    WorkingDayChange,
)

_EXPECTED = {
    "missing": "cần có trường này",
    "extra_forbidden": "không có trường nào tên như vậy; xem lại tên trường",
    "enum": "cần một trong: {expected}",
    "greater_than_equal": "cần từ {ge} trở lên",
    "less_than_equal": "cần không quá {le}",
    "string_too_short": "không được để trống",
    "string_too_long": "cần không quá {max_length} ký tự",
    "too_short": "cần ít nhất {min_length} mục",
    "list_type": "cần một danh sách, mỗi mục bắt đầu bằng dấu gạch ngang",
    "model_type": "cần các trường dạng «tên: giá trị»",
}
_FORBIDDEN = {"Cc", "Cs", "Cn"}


def expected(error: ErrorDetails) -> str:
    """What was expected, in Vietnamese."""
    if error["type"] == "expected":
        return str(error["msg"])
    facts = {name: str(value) for name, value in error.get("ctx", {}).items()}
    facts["expected"] = facts.get("expected", "").replace(" or ", ", ").replace("'", "")
    return _EXPECTED.get(error["type"], "giá trị không hợp lệ").format_map(facts)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{message}", {"message": message})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("cần chữ")
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(letter) in _FORBIDDEN and letter != "\n" for letter in text):
        raise _wrong("cần chữ bình thường, không có ký tự điều khiển (NUL, tab…)")
    return text


def _line(value: Any) -> str:
    text = _text(value)
    if "\n" in text:
        raise _wrong("cần viết trên một dòng")
    return text


def _code(value: Any, longest: int = 64) -> str:
    text = _line(value)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]*", text) or len(text) > longest:
        raise _wrong(
            f"cần một mã: tối đa {longest} chữ không dấu, chữ số, dấu chấm, gạch nối, gạch dưới"
        )
    return text


def _agency_code(value: Any) -> str:
    return _code(value, longest=35)


def _reference(value: Any) -> str:
    text = _line(value)
    return text if text == COMMUNES else _agency_code(text)


def _day(value: Any) -> date:
    text = _line(value)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _wrong("cần một ngày có thật, viết năm-tháng-ngày như 2024-06-30")


def _whole(value: Any) -> int:
    text = _line(value)
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise _wrong("cần số nguyên không âm, chỉ gồm chữ số")
    return int(text)


def _money(value: Any) -> int:
    try:
        amount = _whole(value)
    except PydanticCustomError:
        amount = -1
    if not 0 <= amount <= LARGEST_VND:
        raise _wrong(
            "cần số nguyên đồng, không âm, chỉ gồm chữ số: 126,45 triệu đồng ghi 126450000"
        )
    return amount


def _number(value: Any, places: int) -> Decimal:
    text = _line(value)
    try:
        number = Decimal(text) if re.fullmatch(r"[0-9.]{1,16}", text) else None
    except InvalidOperation:
        number = None
    if number is None or number != round(number, places):
        raise _wrong(f"cần số không âm, dấu thập phân là dấu chấm, tối đa {places} chữ số sau dấu")
    return number


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _list(value: Any) -> Any:
    """A cell's items stand between semicolons."""
    if isinstance(value, str):
        value = [item.strip() for item in value.split(";")] if value.strip() else []
    if isinstance(value, list) and len({str(item) for item in value}) < len(value):
        raise _wrong("mỗi giá trị chỉ được ghi một lần")
    return value


COMMUNES = "@communes"
"""Stands for all communes and townships of the plan's district."""

Item = TypeVar("Item")
Maybe = Annotated[Item | None, BeforeValidator(_blank_is_none)]
Several = Annotated[list[Item], BeforeValidator(_list)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), BeforeValidator(_line)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000), BeforeValidator(_text)]
Code = Annotated[str, BeforeValidator(_code)]
AgencyCode = Annotated[str, BeforeValidator(_agency_code)]
Reference = Annotated[str, BeforeValidator(_reference)]
"""An agency's code, or `@communes`."""
Day = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, BeforeValidator(_whole)]
Year = Annotated[int, Field(ge=2000, le=2100), BeforeValidator(_whole)]
Money = Annotated[int, BeforeValidator(_money)]
TwoPlaces = Annotated[Decimal, BeforeValidator(lambda value: _number(value, 2))]
FourPlaces = Annotated[Decimal, BeforeValidator(lambda value: _number(value, 4))]


class Row(BaseModel):
    """A row of a CSV file, or an item of a YAML file: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LegalDocumentRow(Row):
    """A document on which the plan rests."""

    number: Line
    issued_on: Maybe[Day]
    issuer: Line
    subject: Annotated[str, BeforeValidator(_text)]


class TargetRow(Row):
    """A figure that the plan wants to reach."""

    code: Code
    name: Line
    unit: Line
    value: FourPlaces
    project: Maybe[Code] = None


class SectionRow(Row):
    """A numbered part of the plan's text; the number and the title may be missing in it."""

    number: Maybe[Whole]
    title: Maybe[Line]
    text: Prose


class SignerRow(Row):
    """Who signed."""

    authority: Maybe[Line]
    position: Line
    name: Line


class PlanRow(Row):
    """`plan.yaml`."""

    code: Code
    title: Line
    year: Year
    district: AgencyCode
    general_goal: Prose
    purposes: list[Prose]
    requirements: list[Prose]
    legal_basis: list[LegalDocumentRow]
    targets: list[TargetRow]
    solutions: list[SectionRow]
    funding: list[SectionRow]
    recipients: list[Line]
    signer: SignerRow | None = None
    reporting_duty: Prose
    due_soon_days: Annotated[Whole, Field(ge=1, le=90)] | None = None


class AgencyRow(Row):
    """A row of `agencies.csv`."""

    code: AgencyCode
    name: Line
    kind: AgencyKind
    parent: Maybe[AgencyCode]
    valid_from: Maybe[Day]
    valid_to: Maybe[Day]


class ProjectRow(Row):
    """An item of `projects.yaml`."""

    code: Code
    parent: Maybe[Code]
    name: Line
    objective: Maybe[Prose] = None
    target_group: Maybe[Prose] = None
    support_content: Maybe[Prose] = None
    completion_date: Maybe[Day] = None
    completion_text: Maybe[Line] = None
    lead_note: Maybe[Prose] = None
    coordination_note: Maybe[Prose] = None


class AssignmentRow(Row):
    """A row of `assignments.csv`."""

    project: Code
    agency: Reference
    role: AssignmentRole


class ResponsibilityRow(Row):
    """An item of `responsibilities.yaml`."""

    agency: Reference
    title: Line
    items: Annotated[list[Prose], Field(min_length=1)]


class BudgetLineRow(Row):
    """A row of `budget_lines.csv`."""

    project: Code
    agency: Maybe[AgencyCode]
    source: BudgetSource
    origin: BudgetOrigin
    origin_years: Annotated[Several[Year], Field(min_length=1)]
    amount_vnd: Money
    decision: Maybe[Line]


class IndicatorRow(Row):
    """A row of `indicators.csv`."""

    code: Code
    name: Line
    project: Maybe[Code]
    unit: Line
    kind: IndicatorKind
    decimals: Annotated[Whole, Field(le=2)]
    frequencies: Annotated[Several[Frequency], Field(min_length=1)]
    filled_by: Several[AgencyCode]
    formula: Maybe[Line]
    maximum: Maybe[TwoPlaces]
    note: Maybe[Prose]


class ScheduleRow(Row):
    """An item of `schedules.yaml`."""

    code: Code
    name: Line
    frequency: Frequency
    ordinals: Annotated[Several[Whole], Field(min_length=1)]
    month: Annotated[Whole, Field(ge=1)]
    day: Annotated[Whole, Field(ge=1, le=31)]
    due_day: DueDay
    non_working_day: NonWorkingDay
    cutoff_day: Annotated[Whole, Field(ge=1, le=28)]
    applies_from: Maybe[Day]
    reporters: Annotated[Several[Reference], Field(min_length=1)]


class WorkingDayRow(Row):
    """A row of `working_days.csv`."""

    date: Day
    change: WorkingDayChange
    note: Line


class ReminderRuleRow(Row):
    """An item of `reminders.yaml`: a rule for the schedules named, or for all of the plan."""

    code: Code
    schedules: Several[Code] = []
    offset_days: Annotated[int, Field(ge=-60, le=60)]
    day_kind: DayKind = DayKind.CALENDAR
    repeat_days: Annotated[int, Field(ge=1, le=60)] | None = None
    repeat_times: Annotated[int, Field(ge=0, le=30)] = 0
    audience: Audience
    channels: Annotated[Several[Channel], Field(min_length=1)]
    send_time: time = time(8)
    quiet_from: time = time(21)
    quiet_until: time = time(6)
    template: Literal["reminder", "escalation"] = "reminder"
