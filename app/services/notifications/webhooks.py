"""Webhooks: addresses of gateways that receive messages for the accounts at and below an agency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.errors import DeliveryError
from app.channels.public_address import is_public_url
from app.channels.webhook import Post, WebhookSender, generate_secret
from app.db.database import Database
from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.accounts import Account
from app.models.agencies import Agency
from app.models.notifications import Webhook
from app.policy import Principal
from app.services import lookup
from app.services.accounts.secrets import Allowance
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.notifications import reasons
from app.services.notifications.payloads import compose_test_payload
from app.settings import Environment, Settings
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.writing import Language
from app.vocabulary import AuditAction

ALLOWANCE = Allowance(most=20, most_hourly=20)
"""The webhooks of one agency."""

NOT_PUBLIC = Bilingual(
    "Khi vận hành chính thức, phải là địa chỉ https công khai.",
    "In production the address must be public and https.",
)


@dataclass(frozen=True, slots=True)
class WebhookDetails:
    """A webhook with its agency's code; `secret` is None except when it was just created."""

    id: int
    agency: str
    url: str
    active: bool
    created_at: datetime
    version: int
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TestResult:
    """The outcome of a test; `error` is None if the gateway accepted it."""

    ok: bool
    error: str | None
    sent_at: datetime


def _query(principal: Principal) -> Select[Webhook, str]:
    """The webhooks within the principal's reach, with the codes of their agencies."""
    return (
        select(Webhook, Agency.code)
        .join(Agency, Agency.id == Webhook.agency_id)
        .where(lookup.within_reach(principal, Agency.path))
    )


def _details(webhook: Webhook, agency: str, secret: str | None = None) -> WebhookDetails:
    return WebhookDetails(
        id=webhook.id,
        agency=agency,
        url=webhook.url,
        active=webhook.active,
        created_at=webhook.created_at,
        version=webhook.version,
        secret=secret,
    )


async def list_page(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[WebhookDetails], str | None]:
    """A page of the webhooks within the principal's reach, oldest first."""
    rows, next_cursor = await page(
        session, _query(principal), [Webhook.id], limit=limit, cursor=cursor
    )
    return [_details(*row[:2]) for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, webhook_id: int) -> WebhookDetails:
    """One webhook.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    return _details(*await _get(session, principal, webhook_id))


async def _get(session: AsyncSession, principal: Principal, webhook_id: int) -> tuple[Webhook, str]:
    query = _query(principal).where(Webhook.id == webhook_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.WEBHOOK, id=webhook_id)
    return row[0], row[1]


async def create(
    session: AsyncSession,
    action: Action,
    settings: Settings,
    *,
    agency: str,
    url: str,
    active: bool,
) -> WebhookDetails:
    """Create a webhook and the secret that signs its posts.

    Raises:
        ValidationFailed: the agency is not within the principal's reach, or in production the
            address is not public.
        StateConflict, TooManyRequests: the agency has, or has lately got, the most webhooks
            allowed.
    """
    owner = await lookup.get_body_agency(session, action.principal, agency, action.now)
    _ensure_public(settings, url)
    await session.refresh(owner, with_for_update={"key_share": True})
    await ALLOWANCE.ensure(
        session,
        owner=Webhook.agency_id == owner.id,
        is_valid=true(),
        created_at=Webhook.created_at,
        now=action.now,
    )
    webhook = Webhook(
        agency_id=owner.id,
        url=url,
        secret=generate_secret(),
        active=active,
        created_at=action.now,
    )
    session.add(webhook)
    await session.flush()
    change = Change.created({"agency": owner.code, "host": _host(url), "active": active})
    await _record(session, action, AuditAction.WEBHOOK_CREATED, webhook, change)
    return _details(webhook, owner.code, webhook.secret)


async def change(
    session: AsyncSession,
    action: Action,
    settings: Settings,
    webhook_id: int,
    values: Mapping[str, Any],
    *,
    check_version: VersionCheck,
) -> WebhookDetails:
    """Change the address of a webhook, or switch it on or off.

    Raises:
        NotFound: there is none within the principal's reach.
        PreconditionRequired, Stale: the client has not read this version.
        ValidationFailed: in production the address is not public.
    """
    webhook, agency = await _get(session, action.principal, webhook_id)
    check_version(webhook.version)
    if "url" in values:
        _ensure_public(settings, values["url"])
    old_url = webhook.url
    change = changes.apply(webhook, values, hidden={"url"})
    if webhook.url != old_url:
        # Recorded even if the host is the same, because the path has changed.
        change = Change(
            {**change.before, "host": _host(old_url)}, {**change.after, "host": _host(webhook.url)}
        )
    if change:
        await _record(session, action, AuditAction.WEBHOOK_CHANGED, webhook, change)
        await session.flush()
    return _details(webhook, agency)


async def delete(
    session: AsyncSession, action: Action, webhook_id: int, *, check_version: VersionCheck
) -> None:
    """Delete a webhook; pending messages go to the next one above it, if any.

    Raises:
        NotFound: there is none within the principal's reach.
        PreconditionRequired, Stale: the client has not read this version.
    """
    webhook, agency = await _get(session, action.principal, webhook_id)
    check_version(webhook.version)
    change = Change.deleted(
        {"agency": agency, "host": _host(webhook.url), "active": webhook.active}
    )
    await _record(session, action, AuditAction.WEBHOOK_DELETED, webhook, change)
    await session.delete(webhook)
    await session.flush()


async def try_out(
    database: Database,
    sender: WebhookSender,
    principal: Principal,
    webhook_id: int,
    *,
    language: Language,
    now: datetime,
) -> TestResult:
    """Send a signed test to a webhook, active or not, and return the outcome.

    No database connection is held while the gateway answers.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    async with database.reading() as session:
        webhook, _ = await _get(session, principal, webhook_id)
        account = await session.get_one(Account, principal.account_id)
        recipient = {
            "username": account.username,
            "full_name": account.full_name,
            "email": account.email,
        }
        test_id = f"test-{uuid4()}"
        payload = compose_test_payload(test_id, now, recipient)
        post = Post(test_id, webhook.url, webhook.secret, payload)
    try:
        await sender.send(post, now)
    except DeliveryError as error:
        description = reasons.describe(error.reason, error.detail, language)
        return TestResult(ok=False, error=description, sent_at=now)
    return TestResult(ok=True, error=None, sent_at=now)


def _ensure_public(settings: Settings, url: str) -> None:
    """Raise ValidationFailed for an address that is not public, in production."""
    if settings.environment is Environment.PRODUCTION and not is_public_url(url):
        raise ValidationFailed([FieldError("/url", "not_public", NOT_PUBLIC)])


def _host(url: str) -> str:
    """The part of an address that is recorded: its path may contain a secret of the gateway."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _record(
    session: AsyncSession, action: Action, name: AuditAction, webhook: Webhook, change: Change
) -> None:
    await record_change(
        session, action, name, f"webhooks/{webhook.id}", change, agency_id=webhook.agency_id
    )
