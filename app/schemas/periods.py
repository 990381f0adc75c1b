"""Schemas of schedules, reporting periods and working days."""

from datetime import date
from typing import Annotated, Any

from pydantic import MISSING, Field

from app.schemas.base import (
    Code,
    Day,
    Flag,
    Input,
    Instant,
    Line,
    Name,
    Output,
    Version,
    Whole,
    examples,
)
from app.vocabulary import (
    DueDay,
    Frequency,
    NonWorkingDay,
    PeriodState,
    Timeliness,
    WorkingDayChange,
)

SCHEDULE: dict[str, Any] = {
    "plan": "tho-xuan-2024",
    "code": "quarterly",
    "name": "Báo cáo quý",
    "frequency": "quarter",
    "ordinals": [1, 2, 3, 4],
    "month": 3,
    "day": 15,
    "due_day": "included",
    "non_working_day": "none",
    "cutoff_day": 14,
    "applies_from": None,
    "reporters": ["15493", "15499", "395-LDTBXH"],
    "version": 1,
}


class ScheduleOut(Output):
    """A schedule (chế độ báo cáo): the rule from which a year's periods are generated."""

    model_config = examples(SCHEDULE)

    plan: str
    code: str
    name: str
    frequency: Frequency
    ordinals: list[int] = Field(description="Các kỳ trong năm phải báo cáo.")
    month: int = Field(description="Tháng thứ mấy của kỳ: 3 là tháng cuối quý.")
    day: int = Field(description="Ngày đến hạn trong tháng đó.")
    due_day: DueDay = Field(description="Ngày nêu tên còn tính là đúng hạn hay không.")
    non_working_day: NonWorkingDay
    cutoff_day: int = Field(description="Ngày chốt số liệu (Nghị định 09/2019/NĐ-CP, Điều 12).")
    applies_from: date | None
    reporters: list[str] = Field(description="Mã các đơn vị phải báo cáo.")
    version: Version


class ChangedScheduleOut(ScheduleOut):
    """A schedule after a change."""

    model_config = examples(SCHEDULE | {"day": 17, "kept_periods": ["2024-Q3", "2024-Q4"]})

    kept_periods: list[str] = Field(
        description="Các kỳ đang mở vẫn giữ hạn cũ, khác hạn mà chế độ này cho; để chuyển sang "
        "hạn mới thì gửi move_open_periods."
    )


class SchedulePatch(Input):
    """Changes of a schedule; omitted fields stay."""

    model_config = examples({"day": 17, "move_open_periods": True})

    name: Name | MISSING = MISSING
    month: Annotated[int, Field(strict=True, ge=1, le=12), Whole] | MISSING = MISSING
    day: Annotated[int, Field(strict=True, ge=1, le=31), Whole] | MISSING = MISSING
    due_day: DueDay | MISSING = MISSING
    non_working_day: NonWorkingDay | MISSING = MISSING
    cutoff_day: Annotated[int, Field(strict=True, ge=1, le=28), Whole] | MISSING = MISSING
    applies_from: Day | MISSING | None = MISSING
    reporters: Annotated[list[Code], Field(min_length=1, max_length=2000)] | MISSING = MISSING
    move_open_periods: Annotated[
        Flag | MISSING,
        Field(
            description="Các kỳ đang mở chuyển sang hạn mới (true) hay giữ hạn cũ (false, hoặc bỏ "
            "trống). Kỳ chỉ chuyển sang ngày muộn hơn, hoặc sớm hơn nhưng không "
            "trước hôm nay."
        ),
    ] = MISSING


class MovedObligation(Output):
    """An obligation whose due date a move changes."""

    agency: str
    agency_name: str
    due_date: date
    new_due_date: date = Field(description="Hạn mới; đơn vị được gia hạn giữ ngày muộn hơn.")
    timeliness: Timeliness
    new_timeliness: Timeliness


class MovedPeriod(Output):
    """A period whose due date a move changes."""

    period: str
    due_date: date
    new_due_date: date
    late_from: Instant
    new_late_from: Instant
    obligations: list[MovedObligation] = Field(description="Chỉ những nghĩa vụ có hạn thay đổi.")


class SchedulePreview(Output):
    """The open periods that a change of a schedule can move."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "code": "quarterly",
            "periods": [
                {
                    "period": "2024-Q2",
                    "due_date": "2024-06-15",
                    "new_due_date": "2024-06-17",
                    "late_from": "2024-06-16T00:00:00+07:00",
                    "new_late_from": "2024-06-18T00:00:00+07:00",
                    "obligations": [
                        {
                            "agency": "15493",
                            "agency_name": "Xã Xuân Hồng",
                            "due_date": "2024-06-15",
                            "new_due_date": "2024-06-17",
                            "timeliness": "late",
                            "new_timeliness": "on_time",
                        }
                    ],
                }
            ],
        }
    )

    plan: str
    code: str
    periods: list[MovedPeriod]


class PeriodOut(Output):
    """A reporting period (kỳ báo cáo), with its data window and due date."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "code": "2024-Q2",
            "year": 2024,
            "frequency": "quarter",
            "data_from": "2024-03-15",
            "data_to": "2024-06-14",
            "due_date": "2024-06-15",
            "late_from": "2024-06-16T00:00:00+07:00",
            "state": "open",
        }
    )

    plan: str
    code: str
    year: int
    frequency: Frequency
    data_from: date = Field(description="Ngày đầu của kỳ số liệu.")
    data_to: date = Field(description="Ngày chốt số liệu.")
    due_date: date = Field(description="Ngày cuối cùng còn đúng hạn.")
    late_from: Instant = Field(description="Thời điểm đầu tiên bị tính là muộn.")
    state: PeriodState


class GenerateYear(Input):
    """The year of the periods to generate."""

    model_config = examples({"year": 2025})

    year: Annotated[int, Field(strict=True, ge=2000, le=2100), Whole]


class GeneratedYear(Output):
    """The periods that were created. Existing periods do not change."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "year": 2025,
            "created": ["2025-H1", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025-Y"],
        }
    )

    plan: str
    year: int
    created: list[str]


class WorkingDayIn(Input):
    """A new exception to the calendar of a plan's owner, or a changed one."""

    model_config = examples({"change": "worked", "note": "Làm bù ngày 29/4/2024"})

    change: WorkingDayChange
    note: Line


class WorkingDayOut(Output):
    """An owner's extra day off, or a weekend day that is worked (hoán đổi ngày làm việc)."""

    model_config = examples(
        {
            "owner": "395",
            "district": "395",
            "day": "2024-05-04",
            "change": "worked",
            "note": "Làm bù ngày 29/4/2024",
            "version": 1,
        }
    )

    owner: str = Field(description="Mã đơn vị ban hành kế hoạch.")
    district: str | None = Field(description="Mã huyện; null khi đó không phải huyện.")
    day: date
    change: WorkingDayChange
    note: str
    version: Version
