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
    "due_text": "trước ngày 15 tháng cuối quý",
    "non_working_day": "none",
    "cutoff_day": 14,
    "applies_from": None,
    "reporters": ["15493", "15499", "395-LDTBXH", "395-TCKH"],
    "money_only": ["395-TCKH"],
    "version": 1,
}


class ScheduleOut(Output):
    """A schedule (chế độ báo cáo): the rule from which a year's periods are generated."""

    model_config = examples(SCHEDULE)

    plan: str = Field(description="The code of the plan.")
    code: str = Field(description="The code.")
    name: str = Field(description="The name.")
    frequency: Frequency = Field(description="How often a report is due.")
    ordinals: list[int] = Field(description="The periods of the year that are reported.")
    month: int = Field(description="The month within the period: 3 is the last one of a quarter.")
    day: int = Field(description="The due day of that month.")
    due_day: DueDay = Field(description="Whether the named day itself is still on time.")
    due_text: str | None = Field(
        description="The due date in the plan's own words, which `due_day` interprets."
    )
    non_working_day: NonWorkingDay = Field(
        description="What happens to a due date on a non-working day."
    )
    cutoff_day: int = Field(
        description="The last day of the data window (Nghị định 09/2019/NĐ-CP, Điều 12)."
    )
    applies_from: date | None = Field(
        description="The first day on which the schedule applies; null: always."
    )
    reporters: list[str] = Field(description="The codes of the agencies that have to report.")
    money_only: list[str] = Field(
        description="The codes of those reporters that report disbursements alone, of any project. "
        "These are shown beside what the other agencies report, with the difference, and never "
        "added to it."
    )
    version: Version


class ChangedScheduleOut(ScheduleOut):
    """A schedule after a change."""

    model_config = examples(SCHEDULE | {"day": 17, "kept_periods": ["2024-Q3", "2024-Q4"]})

    kept_periods: list[str] = Field(
        description="The open periods that keep a due date which the schedule would not give;"
        " `move_open_periods` moves them."
    )


class SchedulePatch(Input):
    """Changes of a schedule; omitted fields stay."""

    model_config = examples({"day": 17, "move_open_periods": True})

    name: Name | MISSING = Field(default=MISSING, description="The name.")
    month: Annotated[int, Field(strict=True, ge=1, le=12), Whole] | MISSING = Field(
        default=MISSING, description="The month within the period."
    )
    day: Annotated[int, Field(strict=True, ge=1, le=31), Whole] | MISSING = Field(
        default=MISSING, description="The day."
    )
    due_day: DueDay | MISSING = Field(
        default=MISSING, description="Whether the named day itself is still on time."
    )
    due_text: Line | MISSING | None = Field(
        default=MISSING, description="The due date in the plan's own words."
    )
    non_working_day: NonWorkingDay | MISSING = Field(
        default=MISSING, description="What happens to a due date on a non-working day."
    )
    cutoff_day: Annotated[int, Field(strict=True, ge=1, le=28), Whole] | MISSING = Field(
        default=MISSING, description="The last day of the data window."
    )
    applies_from: Day | MISSING | None = Field(
        default=MISSING, description="The first day on which the schedule applies; null: always."
    )
    reporters: Annotated[list[Code], Field(min_length=1, max_length=2000)] | MISSING = Field(
        default=MISSING, description="The codes of the agencies that have to report."
    )
    money_only: Annotated[list[Code], Field(max_length=2000)] | MISSING = Field(
        default=MISSING,
        description="The codes of those reporters that report disbursements alone. Reports that "
        "were submitted stay as they are. Without it, reporters stay what they are.",
    )
    move_open_periods: Annotated[
        Flag | MISSING,
        Field(
            description="Whether open periods move to the new due date. They move to a later day,"
            " or to an earlier one that is not before today."
        ),
    ] = MISSING


class MovedObligation(Output):
    """An obligation whose due date a move changes."""

    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    due_date: date = Field(description="The last day that is on time.")
    new_due_date: date = Field(
        description="The new due date; an extended one stays if it is later."
    )
    timeliness: Timeliness = Field(description="The timeliness.")
    new_timeliness: Timeliness = Field(description="The timeliness after the move.")


class MovedPeriod(Output):
    """A period whose due date a move changes."""

    period: str = Field(description="The code of the period.")
    due_date: date = Field(description="The last day that is on time.")
    new_due_date: date = Field(description="The due date after the move.")
    late_from: Instant = Field(description="The first instant that is late.")
    new_late_from: Instant = Field(description="The first instant that is late, after the move.")
    obligations: list[MovedObligation] = Field(
        description="Only the obligations whose due date changes."
    )


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

    plan: str = Field(description="The code of the plan.")
    code: str = Field(description="The code.")
    periods: list[MovedPeriod] = Field(description="The periods.")


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
            "due_text": "trước ngày 15 tháng cuối quý",
            "state": "open",
        }
    )

    plan: str = Field(description="The code of the plan.")
    code: str = Field(description="The code.")
    year: int = Field(description="The year.")
    frequency: Frequency = Field(description="How often a report is due.")
    data_from: date = Field(description="The first day of the data window.")
    data_to: date = Field(description="The last day of the data window.")
    due_date: date = Field(description="The last day that is on time.")
    late_from: Instant = Field(description="The first instant that is late.")
    due_text: str | None = Field(description="The due date in the plan's own words.")
    state: PeriodState = Field(description="The state.")


class PeriodExemptionOut(Output):
    """The exempt agencies of a period, after a change for all of them."""

    model_config = examples(
        {"plan": "tho-xuan-2024", "period": "2024-Q1", "exempt": 0, "changed": 35}
    )

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    exempt: int = Field(description="The agencies that are exempt now and have sent no report.")
    changed: int = Field(description="The agencies that this call changed; 0 if it is repeated.")


class GenerateYear(Input):
    """The year of the periods to generate."""

    model_config = examples({"year": 2025})

    year: Annotated[int, Field(strict=True, ge=2000, le=2100), Whole] = Field(
        description="The year."
    )


class GeneratedYear(Output):
    """The periods that were created. Existing periods keep their dates."""

    model_config = examples(
        {
            "plan": "tho-xuan-2024",
            "year": 2025,
            "created": ["2025-H1", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025-Y"],
            "added_obligations": 0,
        }
    )

    plan: str = Field(description="The code of the plan.")
    year: int = Field(description="The year.")
    created: list[str] = Field(description="The codes of the created periods.")
    added_obligations: int = Field(
        description="How many obligations were added to periods that existed before, for new "
        "reporters of a schedule."
    )


class WorkingDayIn(Input):
    """A new exception to the calendar of a plan's owner, or a changed one."""

    model_config = examples({"change": "worked", "note": "Làm bù ngày 29/4/2024"})

    change: WorkingDayChange = Field(description="Whether the day is off or worked.")
    note: Line = Field(description="A note.")


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

    owner: str = Field(description="The code of the agency that issued the plan.")
    district: str | None = Field(description="The code of the district; null if it is none.")
    day: date = Field(description="The day.")
    change: WorkingDayChange = Field(description="Whether the day is off or worked.")
    note: str = Field(description="A note.")
    version: Version
