"""The keys in e-mails: each opens one person's page of channels, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.accounts import Account
from app.models.agencies import Agency
from app.policy import Principal
from app.services.audit.action import Action
from app.text import terms


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The person who has a key; their principal has no permissions."""

    principal: Principal
    full_name: str
    agency_name: str | None

    def action(self, now: datetime, origin: str | None) -> Action:
        """The context of a write by key; audit events tell it from one of a signed-in person."""
        return Action(self.principal, now, origin, f"mail-key/{self.principal.name}")


async def get_holder(session: AsyncSession, key: str) -> KeyHolder:
    """The person who has a key.

    Raises:
        NotFound: the key is unknown, or its account is inactive.
    """
    row = None
    if (mail_key := _parse(key)) is not None:
        query = select(Account, Agency).outerjoin(Agency, Agency.id == Account.agency_id)
        query = query.where(Account.mail_key == mail_key, Account.active)
        row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.PREFERENCES)
    account, agency = row
    path = agency.path if agency else ""
    principal = Principal(
        name=account.username,
        role=account.role,
        permissions=frozenset(),
        agency_id=account.agency_id,
        agency_path=path,
        area_path=path,
        horizon=path,
        account_id=account.id,
    )
    return KeyHolder(principal, account.full_name, agency.name if agency else None)


def _parse(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
