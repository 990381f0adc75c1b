"""Obligations (báo cáo phải gửi), with the histories of their extensions and exemptions."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key
from app.vocabulary import ExemptionCause


class Obligation(Base):
    """The report that an agency owes for a period.

    `due_date` and `late_from` include an extension. They and `exempted_at` repeat the newest row of
    the histories below, so that indexes serve searches by them.
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
    """When the first revision was received. Timeliness depends on it, whatever follows."""
    reopened: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether the end of an exemption has opened the closed period for this agency alone."""
    added_at: Mapped[Instant | None]
    """When it was added to an existing period; null if it was created with the period."""
    moved_at: Mapped[Instant | None]
    """When a reorganisation moved it to the successors of its agency, which ended in the period."""


class Extension(Base):
    """A later due date (gia hạn). Rows are only added; the newest one is in force."""

    __tablename__ = "extension"

    id: Mapped[Key]
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligation.id"), index=True)
    due_date: Mapped[date] = mapped_column(Date)
    late_from: Mapped[Instant]
    reason: Mapped[str] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Instant]


class Exemption(Base):
    """An exemption (miễn), or its end. Rows are only added; the newest one is in force."""

    __tablename__ = "exemption"
    __table_args__ = (
        CheckConstraint("(cause = 'decision') = (reason IS NOT NULL)", name="reason"),
    )

    id: Mapped[Key]
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligation.id"), index=True)
    exempt: Mapped[bool]
    cause: Mapped[ExemptionCause] = mapped_column(
        default=ExemptionCause.DECISION, server_default=ExemptionCause.DECISION.value
    )
    reason: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Instant]
