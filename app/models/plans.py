"""Plans: a programme, its owner and a year."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned


class Plan(Versioned, Base):
    """A plan (kế hoạch): settings, and the texts of its sections, which are only displayed."""

    __tablename__ = "plan"

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(Text)
    issued_on: Mapped[date | None] = mapped_column(Date)
    issuer: Mapped[str | None] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer, index=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    preamble: Mapped[str | None] = mapped_column(Text)
    general_goal: Mapped[str] = mapped_column(Text)
    targets_text: Mapped[str | None] = mapped_column(Text)
    """Section II.2 in the plan's own words; `Target` has its figures."""
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    requirements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    solutions: Mapped[list[dict[str, Any]]]
    """`[{"number", "title", "text"}]`, section V."""
    funding: Mapped[list[dict[str, Any]]]
    """`[{"number", "title", "text"}]`, section IV."""
    reporting_duty: Mapped[str] = mapped_column(Text)
    closing: Mapped[str | None] = mapped_column(Text)
    recipients: Mapped[list[str]] = mapped_column(ARRAY(Text))
    signer: Mapped[dict[str, Any] | None]
    due_soon_days: Mapped[int] = mapped_column(Integer, default=7, server_default="7")
    effective_from: Mapped[date | None] = mapped_column(Date)
    """The day from which the plan applies; null if it is not known."""
    import_failed: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether the last import of the plan's files failed."""


class DueSoonHistory(Base):
    """An earlier value of `Plan.due_soon_days`, in force until `valid_until`. Append-only."""

    __tablename__ = "due_soon_history"
    __table_args__ = (Index("due_soon_history_plan_idx", "plan_id", "valid_until"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    due_soon_days: Mapped[int] = mapped_column(Integer)
    valid_until: Mapped[Instant]


class LegalDocument(Base):
    """A legal document that the plan cites: as its basis (căn cứ), or in one of its sections."""

    __tablename__ = "legal_document"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    position: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date | None] = mapped_column(Date)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    cited_in: Mapped[str | None] = mapped_column(Text)
    """The section that cites it first, such as `III.1.c`; null for a basis of the plan."""


class Target(Base):
    """A target of the plan (mục tiêu)."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))


class Responsibility(Base):
    """A responsibility of an agency under section VI of the plan (nhiệm vụ)."""

    __tablename__ = "responsibility"
    __table_args__ = (UniqueConstraint("plan_id", "agency_id", "position"),)

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
