"""A person's own sessions: access tokens that are still valid, on this device and on others."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.accounts import AccessToken
from app.policy import Principal
from app.security import digest
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.vocabulary import AuditAction


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session. current: it is the one of this request."""

    created_at: datetime
    expires_at: datetime
    current: bool


async def list_all(
    session: AsyncSession, principal: Principal, secret: str, now: datetime
) -> list[OwnSession]:
    """The valid sessions of a person, the latest first: at most `access_tokens.MOST_TOKENS`."""
    tokens = await session.scalars(
        select(AccessToken)
        .where(AccessToken.account_id == principal.account_id, AccessToken.expires_at > now)
        .order_by(AccessToken.created_at.desc(), AccessToken.token_hash)
    )
    current = digest(secret)
    return [
        OwnSession(token.created_at, token.expires_at, token.token_hash == current)
        for token in tokens
    ]


async def end_others(session: AsyncSession, action: Action, secret: str) -> int:
    """End a person's sessions other than that of `secret`; return how many were valid."""
    principal = action.principal
    ended = await session.scalars(
        delete(AccessToken)
        .where(
            AccessToken.account_id == principal.account_id,
            AccessToken.token_hash != digest(secret),
        )
        .returning(AccessToken.expires_at)
    )
    count = sum(expires_at > action.now for expires_at in ended)
    if count:
        await record_event(
            session,
            action,
            AuditAction.ACCOUNT_SESSIONS_ENDED,
            f"users/{principal.name}",
            agency_id=principal.agency_id,
            after={"sessions": count},
        )
    return count
