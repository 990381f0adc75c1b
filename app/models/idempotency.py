"""Table of idempotency keys and their stored responses."""

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant


class IdempotencyRecord(Base):
    """An idempotency key of a principal, and the response that a retry receives.

    Stored in the transaction of the request and kept for a day.
    """

    __tablename__ = "idempotency_record"

    principal: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of method, path, query and body."""
    created_at: Mapped[Instant] = mapped_column(index=True)
    version: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str | None] = mapped_column(Text)
