"""Projects (dự án, tiểu dự án) and the agencies assigned to them."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned
from app.vocabulary import AssignmentRole


class Project(Versioned, Base):
    """A project that is financed, or a sub-project, which has a parent."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    objective: Mapped[str | None] = mapped_column(Text)
    target_group: Mapped[str | None] = mapped_column(Text)
    support_content: Mapped[str | None] = mapped_column(Text)
    completion_date: Mapped[date | None] = mapped_column(Date)
    completion_text: Mapped[str | None] = mapped_column(Text)
    lead_note: Mapped[str | None] = mapped_column(Text)
    coordination_note: Mapped[str | None] = mapped_column(Text)


class Assignment(Versioned, Base):
    """The assignment of an agency to a project (phân công)."""

    __tablename__ = "assignment"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)
    role: Mapped[AssignmentRole]
