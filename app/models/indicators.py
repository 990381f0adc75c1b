"""Indicators (chỉ tiêu): defined by a programme, adopted by plans, reported or derived."""

from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned
from app.vocabulary import Frequency, IndicatorKind


class Indicator(Versioned, Base):
    """An indicator that a programme defines: what a figure means.

    `plan_id` is null, or the plan that defines the indicator for itself. A derived indicator has a
    `formula`, such as `KQ.02 - KQ.03` or `100 * KQ.06 / KQ.01`.
    """

    __tablename__ = "indicator"
    __table_args__ = (
        UniqueConstraint("programme_id", "plan_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("decimals BETWEEN 0 AND 2", name="decimals"),
    )

    id: Mapped[Key]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    kind: Mapped[IndicatorKind]
    decimals: Mapped[int] = mapped_column(Integer)
    formula: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


HAS_COMPARED = "compared_by <> '{}'"


class PlanIndicator(Versioned, Base):
    """An indicator as a plan adopts it: who reports it, how often, up to which value.

    `filled_by` contains selectors of the agencies that report it: `communes`, `leads` (the lead
    agencies of its project, except communes) or the code of an agency. It is empty for a derived
    indicator. `compared_by` contains codes of agencies that report it too, whose figures are shown
    beside the sum and never added to it.
    """

    __tablename__ = "plan_indicator"
    __table_args__ = (
        Index("plan_indicator_compared_idx", "plan_id", postgresql_where=text(HAS_COMPARED)),
    )

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    indicator_id: Mapped[int] = mapped_column(
        ForeignKey("indicator.id"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(Integer)
    frequencies: Mapped[list[Frequency]] = mapped_column(ARRAY(Text))
    filled_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    compared_by: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    maximum: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
