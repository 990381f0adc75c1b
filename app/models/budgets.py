"""Budget lines (khoản vốn), in whole VND."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned, Vnd
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource


class BudgetLine(Versioned, Base):
    """Money of one source, origin and nature for a plan's project, with its decision.

    The line without an agency is undistributed. Distributing money to an agency moves it from that
    line, so the sum of a project's lines is always the project's budget.
    """

    __tablename__ = "budget_line"
    __table_args__ = (
        CheckConstraint("amount_vnd >= 0", name="amount"),
        CheckConstraint("cardinality(origin_years) > 0", name="origin_years"),
        ForeignKeyConstraint(
            ["plan_id", "project_id"], ["plan_project.plan_id", "plan_project.project_id"]
        ),
        Index(
            "budget_line_once",
            "plan_id",
            "project_id",
            "agency_id",
            "source",
            "origin",
            "origin_years",
            "nature",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("budget_line_source_idx", "source"),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(BigInteger)
    project_id: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    source: Mapped[BudgetSource]
    origin: Mapped[BudgetOrigin]
    origin_years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    nature: Mapped[BudgetNature | None]
    """Null where the plan does not state it."""
    amount_vnd: Mapped[Vnd]
    decision: Mapped[str | None] = mapped_column(Text)


class BudgetChange(Base):
    """A change of the money of an agency (null: undistributed). Append-only.

    A trigger on `budget_line` writes it at the commit, with the instant of the plan's ledger. The
    sum up to an instant is the amount allocated at that instant.
    """

    __tablename__ = "budget_change"

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    source: Mapped[BudgetSource]
    origin: Mapped[BudgetOrigin]
    nature: Mapped[BudgetNature | None]
    change_vnd: Mapped[Vnd]
    recorded_at: Mapped[Instant]
