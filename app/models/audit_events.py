"""Tables of audit events, and of the ledgers that order them."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key


class Ledger(Base):
    """The ledger of a plan; `plan_id` is null in the ledger of changes that belong to no plan.

    A change locks the row, advances `last_at` and holds the lock until the commit. So the instants
    of a ledger are in commit order, and everything up to `last_at` is settled.
    """

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("plan_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[Key]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    last_at: Mapped[Instant]
    figures_at: Mapped[Instant]
    """The last change that aggregates can show."""
    last_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEvent(Base):
    """An audit event. Rows are only inserted; each hash covers the hash of the row before."""

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
    """The event is visible within the reach of this agency; null: to admins of the whole system."""
    origin: Mapped[str | None] = mapped_column(Text)
    """The network address of the request."""
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
