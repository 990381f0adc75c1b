"""Tables of accounts, access tokens and API keys."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key, Versioned
from app.vocabulary import LinkDelivery, LinkPurpose, Role, Scope


class Account(Versioned, Base):
    """An account of a person. Only an admin may have no agency, and then reaches all of them."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("agency_id IS NOT NULL OR role = 'admin'", name="agency"),)

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(Text, unique=True)
    full_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    role: Mapped[Role]
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    password_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[Instant]
    mail_key: Mapped[UUID] = mapped_column(unique=True, server_default=func.gen_random_uuid())
    """Part of the links in mails, so stored in plain text; opens only the preferences page."""


class AccessToken(Base):
    """A bearer token, stored as a hash."""

    __tablename__ = "access_token"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class SignInFailure(Base):
    """The latest wrong passwords for a user name from a network, until their window is over."""

    __tablename__ = "sign_in_failure"

    name_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    """Unknown names may be mistyped passwords, so a name is stored as a hash."""
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    origin: Mapped[str | None] = mapped_column(Text)
    failed_at: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    unrecorded: Mapped[int] = mapped_column(Integer)
    """Failures that no audit event contains yet."""
    recorded_at: Mapped[Instant | None]


class PasswordRequest(Base):
    """A request of a person who has forgotten the password; the account is looked up later."""

    __tablename__ = "password_request"
    __table_args__ = (Index("password_request_network_idx", "network", "requested_at"),)

    id: Mapped[Key]
    name_hash: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[Instant]
    handled_at: Mapped[Instant | None]


class PasswordLink(Base):
    """A single-use link or code by which a person sets the own password."""

    __tablename__ = "password_link"
    __table_args__ = (
        CheckConstraint("delivery = 'email' OR secret_hash IS NOT NULL", name="code"),
        Index("password_link_secret_idx", "secret_hash", unique=True),
        Index(
            "password_link_to_send_idx",
            "not_before",
            postgresql_where=text("delivery = 'email' AND sent_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[LinkPurpose]
    delivery: Mapped[LinkDelivery]
    secret_hash: Mapped[str | None] = mapped_column(Text)
    """SHA-256 of a link's key, made when its e-mail is sent; Argon2id of a code, which is short."""
    created_at: Mapped[Instant]
    created_by: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How often a code was typed for the account."""
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    not_before: Mapped[Instant]
    """The next attempt to send the e-mail."""
    sent_at: Mapped[Instant | None]


class ApiKey(Base):
    """A key of another system: scopes within the subtree of an agency, optionally until a day."""

    __tablename__ = "api_key"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[str] = mapped_column(Text, unique=True)
    hint: Mapped[str] = mapped_column(Text)
    """The first characters of the key, to recognise it in a list."""
    scopes: Mapped[list[Scope]] = mapped_column(ARRAY(Text))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    expires_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[Instant]
    created_by: Mapped[str] = mapped_column(Text)
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
