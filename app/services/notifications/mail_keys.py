"""The keys in mails: each opens the page on which one person chooses channels, nothing else."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.models.accounts import Account
from app.models.agencies import Agency
from app.policy import Principal
from app.services.audit.ledger import Actor
from app.text import terms


@dataclass(frozen=True, slots=True)
class Holder:
    """The person whose key it is; a principal without any permission, for the key proves little."""

    principal: Principal
    full_name: str
    agency_name: str | None

    def actor(self, origin: str | None) -> Actor:
        """As the record of changes names who came by the key: nobody has signed in."""
        return Actor(f"mail-key/{self.principal.name}", origin)


async def holder(session: AsyncSession, key: str) -> Holder:
    """The person whose key this is.

    Raises:
        NotFound: it is nobody's, or of an account that is no longer active.
    """
    row = None
    if known := _read(key):
        query = select(Account, Agency).outerjoin(Agency, Agency.id == Account.agency_id)
        query = query.where(Account.mail_key == known, Account.active)
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
        district_path=path,
        account_id=account.id,
    )
    return Holder(principal, account.full_name, agency.name if agency else None)


def _read(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
