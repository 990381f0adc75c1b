"""Schedules (chế độ báo cáo), reporting periods (kỳ báo cáo) and working days."""

from datetime import date

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.models.base import Base, Instant, Key, Versioned
from app.vocabulary import DueDay, Frequency, NonWorkingDay, PeriodState, WorkingDayChange


class Schedule(Versioned, Base):
    """The rule from which periods are generated; see `app.services.deadlines.rules.DueRule`."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
        CheckConstraint("day BETWEEN 1 AND 31", name="day"),
        CheckConstraint("cutoff_day BETWEEN 1 AND 28", name="cutoff_day"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    frequency: Mapped[Frequency]
    ordinals: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """The periods of the year that are reported: only 1 for the first six months."""
    month: Mapped[int] = mapped_column(Integer)
    """The month within the period, from 1."""
    day: Mapped[int] = mapped_column(Integer)
    due_day: Mapped[DueDay]
    due_text: Mapped[str | None] = mapped_column(Text)
    """The due date in the plan's own words, such as `trước ngày 15 tháng cuối quý`."""
    non_working_day: Mapped[NonWorkingDay]
    cutoff_day: Mapped[int] = mapped_column(Integer)
    """The last day of the data window in its month."""
    applies_from: Mapped[date | None] = mapped_column(Date)
    """Periods that are due before this day are not generated."""


class ScheduleReporter(Base):
    """An agency that has to report under a schedule."""

    __tablename__ = "schedule_reporter"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)
    money_only: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether it reports disbursements alone, which are compared with those of others."""


class ReportingPeriod(Versioned, Base):
    """A reporting period of a plan, with its data window and due date."""

    __tablename__ = "reporting_period"
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("data_from <= data_to", name="window"),
        Index("reporting_period_code_idx", "code"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    code: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer, index=True)
    frequency: Mapped[Frequency]
    ordinal: Mapped[int] = mapped_column(Integer)
    data_from: Mapped[date] = mapped_column(Date)
    data_to: Mapped[date] = mapped_column(Date)
    due_date: Mapped[date] = mapped_column(Date)
    late_from: Mapped[Instant]
    """The first instant at which a report is late."""
    state: Mapped[PeriodState]
    generated_at: Mapped[Instant | None]
    """When it was generated; null in databases from before this was recorded."""
    due_text: Mapped[str | None] = column_property(
        select(Schedule.due_text).where(Schedule.id == schedule_id).scalar_subquery()
    )
    """The due date in the plan's own words, of its schedule."""


class DueDateHistory(Base):
    """An earlier due date of a period, in force until `valid_until`. Append-only."""

    __tablename__ = "due_date_history"
    __table_args__ = (Index("due_date_history_period_idx", "period_id", "valid_until"),)

    id: Mapped[Key]
    period_id: Mapped[int] = mapped_column(ForeignKey("reporting_period.id"))
    due_date: Mapped[date] = mapped_column(Date)
    late_from: Mapped[Instant]
    valid_until: Mapped[Instant]


class WorkingDay(Versioned, Base):
    """An exception of a plan's owner to public holidays and weekends (hoán đổi ngày làm việc)."""

    __tablename__ = "working_day"

    owner_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    change: Mapped[WorkingDayChange]
    note: Mapped[str] = mapped_column(Text)
