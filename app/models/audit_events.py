"""The record of every change, and the order in which changes are committed."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key


class Ledger(Base):
    """One row a plan, and one (`plan_id` null) for what belongs to no plan.

    A change takes the row's lock, moves `last_at` on and keeps the lock until it commits: the
    instants of a ledger are in commit order, and all up to `last_at` is settled.
    """

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("plan_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[Key]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    last_at: Mapped[Instant]
    last_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEvent(Base):
    """Who did what, when, from where. Rows are only added, each hashed over the one before."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("audit_event_ledger_idx", "ledger_id", "id"),
        Index("audit_event_subject_idx", "subject"),
        Index("audit_event_action_idx", "action", "id"),
        Index("audit_event_at_idx", "at", "id"),
        Index("audit_event_actor_idx", "actor", "at"),
    )

    id: Mapped[Key]
    ledger_id: Mapped[int] = mapped_column(ForeignKey("ledger.id"))
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    """Whose it is: only who sees that agency sees the event."""
    origin: Mapped[str | None] = mapped_column(Text)
    """The network address from which it was asked."""
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
