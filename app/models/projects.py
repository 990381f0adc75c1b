"""Projects (dự án, tiểu dự án): defined by a programme, adopted by plans, assigned to agencies."""

from datetime import date

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned
from app.vocabulary import AssignmentRole


class Project(Versioned, Base):
    """A project that a programme defines, or a sub-project, which has a parent.

    `plan_id` is null, or the plan that defines the project for itself.
    """

    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("programme_id", "plan_id", "code", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[Key]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)


class PlanProject(Versioned, Base):
    """A project as a plan adopts it: the plan's texts and dates."""

    __tablename__ = "plan_project"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer)
    objective: Mapped[str | None] = mapped_column(Text)
    target_group: Mapped[str | None] = mapped_column(Text)
    support_content: Mapped[str | None] = mapped_column(Text)
    completion_date: Mapped[date | None] = mapped_column(Date)
    completion_text: Mapped[str | None] = mapped_column(Text)
    lead_note: Mapped[str | None] = mapped_column(Text)
    coordination_note: Mapped[str | None] = mapped_column(Text)


class Assignment(Versioned, Base):
    """The assignment of an agency to a project of a plan (phân công)."""

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "project_id"], ["plan_project.plan_id", "plan_project.project_id"]
        ),
    )

    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)
    role: Mapped[AssignmentRole]
