"""API keys: other systems' way in, over a subtree, with scopes, until a day."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.accounts import ApiKey
from app.models.agencies import Agency
from app.policy import Principal
from app.security import HINT_LENGTH, digest, new_key
from app.services.accounts.accounts import find_place
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from app.services.lookup import within_reach
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import Scope

PAST = Bilingual("Ngày này đã qua.", "This day has passed.")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key and its agency's code; `secret` is there only when it was just made."""

    key: ApiKey
    agency: str
    secret: str | None = None


def _within(principal: Principal) -> Select[ApiKey, str]:
    return (
        select(ApiKey, Agency.code)
        .join(Agency, Agency.id == ApiKey.agency_id)
        .where(within_reach(principal, Agency.path))
    )


async def find_all(
    session: AsyncSession, principal: Principal, *, limit: int, cursor: str | None
) -> tuple[list[IssuedKey], str | None]:
    """A page of the keys within the principal's reach, the revoked ones too, oldest first."""
    rows, next_cursor = await page(
        session, _within(principal), [(ApiKey.id, int)], limit=limit, cursor=cursor
    )
    return [IssuedKey(*row[:2]) for row in rows], next_cursor


async def create(
    session: AsyncSession,
    principal: Principal,
    *,
    name: str,
    scopes: list[Scope],
    agency: str,
    expires_on: date | None,
    now: datetime,
    actor: Actor,
) -> IssuedKey:
    """A new key.

    Raises:
        ValidationFailed: the agency is not within the principal's reach, or the day has passed.
    """
    place = await find_place(session, principal, agency, now)
    if expires_on is not None and expires_on < local_day(now):
        raise ValidationFailed([FieldError("/expires_on", "past", PAST)])
    secret = new_key()
    key = ApiKey(
        name=name,
        key_hash=digest(secret),
        hint=secret[:HINT_LENGTH],
        scopes=scopes,
        agency_id=place.id,
        expires_on=expires_on,
        created_at=now,
        created_by=principal.name,
    )
    session.add(key)
    await session.flush()
    key.created_at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="api_key.created",
        subject=f"api-keys/{key.id}",
        agency_id=place.id,
        after={
            "name": name,
            "hint": key.hint,
            "scopes": list(scopes),
            "agency": place.code,
            "expires_on": expires_on.isoformat() if expires_on else None,
        },
    )
    return IssuedKey(key, place.code, secret)


async def revoke(
    session: AsyncSession, principal: Principal, key_id: int, *, now: datetime, actor: Actor
) -> None:
    """End a key at once. One that was revoked before stays so.

    Raises:
        NotFound: there is none within the principal's reach.
    """
    query = _within(principal).where(ApiKey.id == key_id).with_for_update(of=ApiKey)
    key = await session.scalar(query)
    if key is None:
        raise NotFound(terms.API_KEY, id=key_id)
    if key.revoked_at is not None:
        return
    key.revoked_at = await ledger.record(
        session,
        now=now,
        actor=actor,
        action="api_key.revoked",
        subject=f"api-keys/{key.id}",
        agency_id=key.agency_id,
    )
