"""Webhooks: where messages go on to another gateway, for everybody at and below an agency."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.channels.errors import DeliveryError
from app.channels.webhook import Post, WebhookSender, is_public
from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.accounts import Account
from app.models.agencies import Agency
from app.models.notifications import Webhook
from app.policy import Principal
from app.services.accounts.accounts import find_place
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.lookup import within_reach
from app.services.notifications import reasons
from app.settings import Environment, Settings
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.writing import Language

SECRET_PREFIX = "whs_"  # noqa: S105 - the same for all
TEST_SUBJECT = "Thử kết nối Tiến độ"
TEST_TEXT = "Tin thử từ Tiến độ: cổng đã nhận được và chữ ký cần khớp với khóa của cổng.\n"

NOT_PUBLIC = Bilingual(
    "Khi vận hành thật, cần một địa chỉ https công khai.",
    "In production, a public https address is needed.",
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A webhook and its agency's code; `secret` is there only when it was just made."""

    webhook: Webhook
    agency: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test."""

    ok: bool
    error: str | None
    sent_at: datetime


def _within(principal: Principal) -> Select[Webhook, str]:
    return (
        select(Webhook, Agency.code)
        .join(Agency, Agency.id == Webhook.agency_id)
        .where(within_reach(principal, Agency.path))
    )


async def find_all(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[Gateway], str | None]:
    """A page of the webhooks within the principal's reach, oldest first."""
    rows, following = await page(
        session, _within(principal), [(Webhook.id, int)], limit=limit, cursor=cursor
    )
    return [Gateway(*row[:2]) for row in rows], following


async def find(session: AsyncSession, principal: Principal, webhook_id: int) -> Gateway:
    """One webhook.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    query = _within(principal).where(Webhook.id == webhook_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.WEBHOOK, id=webhook_id)
    return Gateway(*row)


async def create(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    *,
    agency: str,
    url: str,
    active: bool,
    now: datetime,
    actor: Actor,
) -> Gateway:
    """A new webhook, with the secret that its deliveries are signed with.

    Raises:
        ValidationFailed: the agency is not within the principal's reach, or the address is not
            for production.
    """
    place = await find_place(session, principal, agency, now)
    _see_address(settings, url)
    secret = SECRET_PREFIX + secrets.token_urlsafe(24)
    webhook = Webhook(agency_id=place.id, url=url, secret=secret, active=active, created_at=now)
    session.add(webhook)
    await session.flush()
    made = Gateway(webhook, place.code, secret)
    after = {"agency": place.code, "host": _host(url), "active": active}
    await _record(session, made, "created", None, after, now, actor)
    return made


async def change(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    webhook_id: int,
    wanted: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> Gateway:
    """Change the address, or switch it on or off.

    Raises:
        NotFound: there is none within the principal's reach.
        PreconditionRequired, Stale: the client has not read this version.
        ValidationFailed: the address is not for production.
    """
    gateway = await find(session, principal, webhook_id)
    webhook = gateway.webhook
    check_version(webhook.version)
    if "url" in wanted:
        _see_address(settings, wanted["url"])
    old_host = _host(webhook.url)
    url_changes = wanted.get("url", webhook.url) != webhook.url
    change = changes.apply(webhook, wanted, hidden={"url"})
    if not (change or url_changes):
        return gateway
    before, after = dict(change.before), dict(change.after)
    if url_changes:
        before["host"], after["host"] = old_host, _host(webhook.url)
    await _record(session, gateway, "changed", before, after, now, actor)
    await session.flush()
    return gateway


async def delete(
    session: AsyncSession,
    principal: Principal,
    webhook_id: int,
    *,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> None:
    """Drop a webhook; what waits for it goes to the next one above, if there is one.

    Raises:
        NotFound: there is none within the principal's reach.
        PreconditionRequired, Stale: the client has not read this version.
    """
    gateway = await find(session, principal, webhook_id)
    webhook = gateway.webhook
    check_version(webhook.version)
    before = {"agency": gateway.agency, "host": _host(webhook.url), "active": webhook.active}
    await _record(session, gateway, "deleted", before, None, now, actor)
    await session.delete(webhook)
    await session.flush()


async def try_out(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    webhook_id: int,
    *,
    language: Language,
    now: datetime,
) -> Tested:
    """Send a signed test to a webhook now, active or not, and tell what came of it.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    gateway = await find(session, principal, webhook_id)
    asking = await session.get_one(Account, principal.account_id)
    recipient = {
        "username": asking.username,
        "full_name": asking.full_name,
        "email": asking.email,
    }
    # The address may take its time; the connection to the database does not wait for it.
    await session.close()
    payload = {
        "message_id": 0,
        "sent_at": now.isoformat(),
        "recipient": recipient,
        "subject": TEST_SUBJECT,
        "text": TEST_TEXT,
        "obligations": [],
        "plans": [],
    }
    sender = WebhookSender(settings)
    try:
        await sender.send(Post(gateway.webhook.url, gateway.webhook.secret, payload), now)
    except DeliveryError as error:
        text = reasons.describe(error.reason, error.detail, language)
        return Tested(ok=False, error=text, sent_at=now)
    finally:
        await sender.close()
    return Tested(ok=True, error=None, sent_at=now)


def _see_address(settings: Settings, url: str) -> None:
    if settings.environment is Environment.PRODUCTION and not is_public(url):
        raise ValidationFailed([FieldError("/url", "not_public", NOT_PUBLIC)])


def _host(url: str) -> str:
    """What the record of changes keeps of an address: its path may hold a gateway's secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _record(
    session: AsyncSession,
    gateway: Gateway,
    what: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    now: datetime,
    actor: Actor,
) -> None:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"webhook.{what}",
        subject=f"webhooks/{gateway.webhook.id}",
        agency_id=gateway.webhook.agency_id,
        before=before,
        after=after,
    )
