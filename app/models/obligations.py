"""Obligations (nghĩa vụ báo cáo): the reports that are expected, and when."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key


class Obligation(Base):
    """Agency × period.

    `due_date` and `late_from` are those in force, an extension's included; they and
    `exempted_at` repeat the newest row of the histories below, to be searched by.
    """

    __tablename__ = "obligation"
    __table_args__ = (
        UniqueConstraint("period_id", "agency_id"),
        Index("obligation_agency_idx", "agency_id"),
        Index("obligation_late_from_idx", "late_from", "first_submitted_at"),
    )

    id: Mapped[Key]
    period_id: Mapped[int] = mapped_column(ForeignKey("reporting_period.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    due_date: Mapped[date] = mapped_column(Date)
    late_from: Mapped[Instant]
    exempted_at: Mapped[Instant | None]
    first_submitted_at: Mapped[Instant | None]
    """The instant at which the first revision was received; it decides timeliness for ever."""
    added_at: Mapped[Instant | None]
    """When it was added to a period that had been made without it; null: with the period."""


class Extension(Base):
    """A later due date (gia hạn). Rows are only added; the newest counts."""

    __tablename__ = "extension"

    id: Mapped[Key]
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligation.id"), index=True)
    due_date: Mapped[date] = mapped_column(Date)
    late_from: Mapped[Instant]
    reason: Mapped[str] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Instant]


class Exemption(Base):
    """No report is due (miễn), or is due again. Rows are only added; the newest counts."""

    __tablename__ = "exemption"

    id: Mapped[Key]
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligation.id"), index=True)
    exempt: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Instant]
