"""API keys of other systems: scopes within a subtree of agencies, optionally until a day."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.accounts import ApiKey
from app.models.agencies import Agency
from app.policy import Principal
from app.security import HINT_LENGTH, digest, new_key
from app.services.accounts.secrets import Allowance
from app.services.audit.action import Action
from app.services.audit.changes import Change, record_change
from app.services.audit.ledger import record_event
from app.services.lookup import get_body_agency, within_reach
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, Scope

PAST = Bilingual(
    "Ngày hết hạn đã qua; phải từ hôm nay trở đi.",
    "The expiry date is in the past.",
)

ALLOWANCE = Allowance(most=100, most_hourly=100)
"""The API keys of one agency."""

COLUMNS = (
    ApiKey.id,
    ApiKey.name,
    ApiKey.hint,
    ApiKey.scopes,
    Agency.code.label("agency"),
    ApiKey.expires_on,
    ApiKey.created_at,
    ApiKey.created_by,
    ApiKey.last_used_at,
    ApiKey.revoked_at,
)
"""The fields of an API key in rows."""


@dataclass(frozen=True, slots=True)
class ApiKeyValues:
    """The values of a new API key; `agency` is a code, `expires_on` the last valid day."""

    name: str
    scopes: list[Scope]
    agency: str
    expires_on: date | None


async def list_page(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """A page of the API keys within reach, oldest first, including revoked ones."""
    query = _select(principal, *COLUMNS)
    rows, next_cursor = await page(session, query, [ApiKey.id], limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def create(session: AsyncSession, action: Action, values: ApiKeyValues) -> tuple[Row, str]:
    """Create an API key; returns it and its secret, of which only the hash is stored.

    Raises:
        ValidationFailed: the agency is not within reach, or `expires_on` is in the past.
        StateConflict, TooManyRequests: the agency has, or has lately got, the most keys allowed.
    """
    agency = await get_body_agency(session, action.principal, values.agency, action.now)
    if values.expires_on is not None and values.expires_on < action.today:
        raise ValidationFailed([FieldError("/expires_on", "past", PAST)])
    await session.refresh(agency, with_for_update={"key_share": True})
    await ALLOWANCE.ensure(
        session,
        owner=ApiKey.agency_id == agency.id,
        is_valid=ApiKey.revoked_at.is_(None)
        & (ApiKey.expires_on.is_(None) | (ApiKey.expires_on >= action.today)),
        created_at=ApiKey.created_at,
        now=action.now,
    )
    secret = new_key()
    hint = secret[:HINT_LENGTH]
    key = ApiKey(
        name=values.name,
        key_hash=digest(secret),
        hint=hint,
        scopes=values.scopes,
        agency_id=agency.id,
        expires_on=values.expires_on,
        created_at=action.now,
        created_by=action.actor,
    )
    session.add(key)
    await session.flush()  # the event's subject needs the id
    change = Change.created({**asdict(values), "hint": hint})
    key.created_at = await record_change(
        session,
        action,
        AuditAction.API_KEY_CREATED,
        f"api-keys/{key.id}",
        change,
        agency_id=agency.id,
    )
    await session.flush()
    query = _select(action.principal, *COLUMNS).where(ApiKey.id == key.id)
    return (await session.execute(query)).one()._asdict(), secret


async def revoke(session: AsyncSession, action: Action, key_id: int) -> None:
    """Revoke an API key with immediate effect. A revoked key stays as it is.

    Raises:
        NotFound: there is none within reach.
    """
    query = _select(action.principal, ApiKey).where(ApiKey.id == key_id)
    key = await session.scalar(query.with_for_update(of=ApiKey))
    if key is None:
        raise NotFound(terms.API_KEY, id=key_id)
    if key.revoked_at is None:
        key.revoked_at = await record_event(
            session,
            action,
            AuditAction.API_KEY_REVOKED,
            f"api-keys/{key.id}",
            agency_id=key.agency_id,
        )


def _select(principal: Principal, *columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(ApiKey)
        .join(Agency, Agency.id == ApiKey.agency_id)
        .where(within_reach(principal, Agency.path))
    )
