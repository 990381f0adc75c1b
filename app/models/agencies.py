"""Agencies: a tree. A code belongs to an agency for an interval of time."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Versioned
from app.vocabulary import AgencyKind


class Agency(Versioned, Base):
    """An agency (cơ quan, đơn vị), identified by `id`; another one may reuse its code later.

    `valid_from` and `valid_to` are its first and last day; null is unbounded.
    `path` lists the ids from the root to the agency, as `/1/2/7/`, so a subtree is a prefix.
    """

    __tablename__ = "agency"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_to", name="validity"),
        CheckConstraint("code ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,34}$'", name="code"),
        # Ranges of one code stand in for equality, which would need the extension btree_gist.
        ExcludeConstraint(
            (text("code_range(code, code, '[]')"), "&&"),
            (text("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="agency_code_once_at_a_time",
        ),
        Index("agency_path_idx", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("agency_code_idx", "code"),
    )

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[AgencyKind]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    path: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    identifier: Mapped[str | None] = mapped_column(Text, unique=True)
    """The electronic identifier (mã định danh điện tử, QĐ 20/2020/QĐ-TTg), if one was issued."""
    ended_by_id: Mapped[int | None] = mapped_column(
        # Reorganisations refer to agencies too.
        ForeignKey("reorganisation.id", name="agency_ended_by_id_fkey", use_alter=True)
    )
    """The reorganisation that ended it; null: none did."""
    taken_over_by_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    """The government that manages the plans of this one since it ended."""


class AgencySuccession(Base):
    """A successor of an agency after a merger or split; many to many."""

    __tablename__ = "agency_succession"

    predecessor_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), primary_key=True, index=True)
    whole: Mapped[bool]
    """Whether the successor took all of the predecessor, so that figures can be regrouped."""
    reorganisation_id: Mapped[int | None] = mapped_column(ForeignKey("reorganisation.id"))
    """The reorganisation that made the link; null if it was set on the agency by hand."""
