"""Indicators (chỉ tiêu): the figures that agencies report, and those derived from them."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned
from app.vocabulary import Frequency, IndicatorKind


class Indicator(Versioned, Base):
    """An indicator of a plan's catalogue.

    `filled_by` contains selectors of the agencies that report it: `communes`, `leads` (the lead
    agencies of its project, except communes) or the code of an agency. It is empty for an indicator
    that is derived by `formula`, such as `KQ.02 - KQ.03` or `100 * KQ.06 / KQ.01`.
    """

    __tablename__ = "indicator"
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("decimals BETWEEN 0 AND 2", name="decimals"),
        CheckConstraint("(formula IS NULL) = (cardinality(filled_by) > 0)", name="formula"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    kind: Mapped[IndicatorKind]
    decimals: Mapped[int] = mapped_column(Integer)
    frequencies: Mapped[list[Frequency]] = mapped_column(ARRAY(Text))
    filled_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    formula: Mapped[str | None] = mapped_column(Text)
    maximum: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    note: Mapped[str | None] = mapped_column(Text)
