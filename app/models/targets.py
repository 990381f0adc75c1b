"""Targets of plans (mục tiêu), for the plan as a whole and for single agencies."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key
from app.vocabulary import TargetMeasure


class Target(Base):
    """A target of a plan: what is to be reached, and the indicator that shows how far it is."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    indicator_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id"), index=True)
    measure: Mapped[TargetMeasure] = mapped_column(
        default=TargetMeasure.VALUE, server_default=TargetMeasure.VALUE.value
    )
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)


class TargetValue(Base):
    """The value of a target from an instant on, for the plan or for one agency. Append-only.

    number: counts the values of the same target and agency; the last one is in force. value: null
    for an agency that has no target any more. baseline: the indicator's figure at the start of the
    year, where the target is a change of it.
    """

    __tablename__ = "target_value"
    __table_args__ = (
        UniqueConstraint("target_id", "agency_id", "number", postgresql_nulls_not_distinct=True),
        CheckConstraint("value >= 0 AND value <> 'NaN'::numeric", name="value"),
        CheckConstraint("baseline >= 0 AND baseline <> 'NaN'::numeric", name="baseline"),
        CheckConstraint("agency_id IS NOT NULL OR value IS NOT NULL", name="plan_value"),
    )

    id: Mapped[Key]
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    baseline: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    recorded_at: Mapped[Instant]
