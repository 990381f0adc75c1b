"""Budget lines (dòng vốn): integers of VND."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned, Vnd
from app.vocabulary import BudgetOrigin, BudgetSource


class BudgetLine(Versioned, Base):
    """Money of one source and origin for a project, with the decision that grants it.

    A line without an agency has not been given on yet; what is given to an agency is taken
    from it, so the lines of a project always add up to the project's money.
    """

    __tablename__ = "budget_line"
    __table_args__ = (
        CheckConstraint("amount_vnd >= 0", name="amount"),
        CheckConstraint("cardinality(origin_years) > 0", name="origin_years"),
        Index(
            "budget_line_once",
            "project_id",
            "agency_id",
            "source",
            "origin",
            "origin_years",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("budget_line_source_idx", "source"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    source: Mapped[BudgetSource]
    origin: Mapped[BudgetOrigin]
    origin_years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    amount_vnd: Mapped[Vnd]
    decision: Mapped[str | None] = mapped_column(Text)


class BudgetChange(Base):
    """By how much the money of an agency (null: not given on yet) grew or shrank, and when.

    Written by a trigger on `budget_line` when a transaction commits, in the instant that the
    plan's ledger has then; never changed.
    Its sum up to an instant is what was allocated then.
    """

    __tablename__ = "budget_change"

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    source: Mapped[BudgetSource]
    origin: Mapped[BudgetOrigin]
    change_vnd: Mapped[Vnd]
    recorded_at: Mapped[Instant]
