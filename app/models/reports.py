"""Reports (báo cáo): one working draft and any number of revisions that never change."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.models.base import Base, Instant, Key, Versioned, Vnd
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource, ReportStatus

SETTLES = "value <> 'NaN'::numeric"
"""PostgreSQL takes NaN into numeric; a sum must never meet one."""


class Report(Versioned, Base):
    """What answers an obligation. `version` counts every change: it is the ETag."""

    __tablename__ = "report"

    id: Mapped[Key]
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligation.id"), unique=True)
    status: Mapped[ReportStatus] = mapped_column(index=True)
    draft: Mapped[dict[str, Any] | None]
    draft_saved_at: Mapped[Instant | None]
    draft_saved_by: Mapped[str | None] = mapped_column(Text)
    draft_writers: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    """Who has saved the current draft; an audit event records each of them once. Empty for a draft
    that a return has copied from the revision."""
    draft_agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    """The agency that typed the draft, which may read it beside the report's own one."""
    last_revision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    correction_due: Mapped[date | None] = mapped_column(Date)
    opened_at: Mapped[Instant | None]
    """When a reviewer first opened the last revision; a recall is possible until then."""


class Revision(Base):
    """One sent version (bản gửi). `recorded_at` is its place in the plan's order of commits."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("report_id", "number"),
        Index("revision_recorded_at_idx", "report_id", "recorded_at"),
    )

    id: Mapped[Key]
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    number: Mapped[int] = mapped_column(Integer)
    submitted_at: Mapped[Instant]
    received_at: Mapped[Instant]
    """When it came: `submitted_at`, or for a paper report the instant it was handed in."""
    recorded_at: Mapped[Instant]
    submitted_by: Mapped[str] = mapped_column(Text)
    warnings_note: Mapped[str | None] = mapped_column(Text)
    body: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of the body's canonical JSON (keys sorted, no spaces, UTF-8), in hex."""
    receipt_number: Mapped[str] = mapped_column(
        Text, unique=True, server_default=func.new_receipt_number()
    )
    """Random, so that a receipt cannot be made up; a public check asks for it."""


class RevisionOpening(Base):
    """The first time that a reviewer read a revision. Append-only."""

    __tablename__ = "revision_opening"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("revision.id"), primary_key=True, autoincrement=False
    )
    opened_at: Mapped[Instant]
    opened_by: Mapped[str] = mapped_column(Text)


class Arrival(Base):
    """A revision whose notifications are not planned yet."""

    __tablename__ = "arrival"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), primary_key=True)


class RevisionEntry(Base):
    """One indicator's figure in a revision."""

    __tablename__ = "revision_entry"
    __table_args__ = (
        CheckConstraint("value >= 0 AND " + SETTLES, name="value"),
        CheckConstraint("estimate >= 0 AND estimate <> 'NaN'::numeric", name="estimate"),
        Index("revision_entry_compared_idx", "revision_id", postgresql_where=text("compared")),
    )

    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), primary_key=True)
    indicator_id: Mapped[int] = mapped_column(
        ForeignKey("indicator.id"), primary_key=True, index=True
    )
    value: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    estimate: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    actual_to: Mapped[date | None] = mapped_column(Date)
    """The day to which the value is true; null: the last day of the data window."""
    compared: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether it is shown beside the sum instead of added to it: as it was when it was sent."""


class RevisionDisbursement(Base):
    """Money spent by the agency since 1 January, by project, source, origin and nature."""

    __tablename__ = "revision_disbursement"
    __table_args__ = (
        CheckConstraint("amount_vnd >= 0", name="amount"),
        CheckConstraint("estimate_year_end_vnd >= 0", name="estimate_year_end"),
        CheckConstraint("estimate_settlement_vnd >= 0", name="estimate_settlement"),
        Index(
            "revision_disbursement_once",
            "revision_id",
            "project_id",
            "source",
            "origin",
            "nature",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "revision_disbursement_compared_idx", "revision_id", postgresql_where=text("compared")
        ),
    )

    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    source: Mapped[BudgetSource]
    origin: Mapped[BudgetOrigin]
    nature: Mapped[BudgetNature | None]
    """Null where the report does not state it: it is that of the plan's only matching money."""
    amount_vnd: Mapped[Vnd]
    estimate_year_end_vnd: Mapped[int | None] = mapped_column(BigInteger)
    """What will be spent up to 31 December, in an annual report."""
    estimate_settlement_vnd: Mapped[int | None] = mapped_column(BigInteger)
    """What will be spent up to 31 January of the next year, when the money is settled."""
    compared: Mapped[bool] = mapped_column(default=False, server_default="false")
    """As for `RevisionEntry`: of an agency that reports only money."""

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        # A primary key of the table could not contain the nature, which may be null.
        return {"primary_key": ["revision_id", "project_id", "source", "origin", "nature"]}


class Decision(Base):
    """What the reviewer decided of a revision: accepted, returned or reopened. Only added to."""

    __tablename__ = "decision"
    __table_args__ = (Index("decision_recorded_at_idx", "report_id", "recorded_at"),)

    id: Mapped[Key]
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), index=True)
    action: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    comments: Mapped[list[dict[str, Any]]]
    correction_due: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Instant]
