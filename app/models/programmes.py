"""Programmes (chương trình): national target programmes of several years."""

from sqlalchemy import CheckConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned


class Programme(Versioned, Base):
    """A national target programme. Its projects and indicators are defined once for all plans."""

    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("first_year <= last_year", name="years"),)

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    first_year: Mapped[int] = mapped_column(Integer)
    last_year: Mapped[int] = mapped_column(Integer)
