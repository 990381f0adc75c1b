"""Reorganisations of governments (sắp xếp đơn vị hành chính)."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned


class Reorganisation(Versioned, Base):
    """A dated change of governments by a legal document; pending until it is applied."""

    __tablename__ = "reorganisation"
    __table_args__ = (
        UniqueConstraint("area_id", "number", "effective_on", postgresql_nulls_not_distinct=True),
        CheckConstraint("(applied_at IS NULL) = (effects IS NULL)", name="applied"),
    )

    id: Mapped[Key]
    effective_on: Mapped[date] = mapped_column(Date)
    """The first day of the new governments."""
    number: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date | None] = mapped_column(Date)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[dict[str, Any]]]
    """As they were entered: `[{"from", "to", "whole", "taken_over_by"}]`, with codes."""
    area_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    """The smallest subtree that contains all agencies that the changes name; null: the tree."""
    entered_at: Mapped[Instant]
    entered_by: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[Instant | None]
    effects: Mapped[dict[str, Any] | None]
    """What the application did; null until then."""
