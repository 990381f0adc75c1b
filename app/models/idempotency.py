"""Answers that were given to a key, so that a retry gets them again."""

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant


class IdempotencyRecord(Base):
    """One key of one principal; kept for a day, in the transaction of what it stands for."""

    __tablename__ = "idempotency_record"

    principal: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of method, path, query and body."""
    created_at: Mapped[Instant] = mapped_column(index=True)
    version: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str | None] = mapped_column(Text)
