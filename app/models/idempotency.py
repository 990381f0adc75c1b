"""Idempotency keys, so that a retried submission makes no second revision."""

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant


class IdempotencyRecord(Base):
    """A key that a principal has used; stored in the transaction of the submission, for a day."""

    __tablename__ = "idempotency_record"

    principal: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of method, path, query and body."""
    revision: Mapped[int] = mapped_column(Integer)
    """The number of the revision that the request made."""
    version: Mapped[int] = mapped_column(BigInteger)
    """The version of the report after it: the ETag of the answer."""
    created_at: Mapped[Instant] = mapped_column(index=True)
