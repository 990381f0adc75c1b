"""The profile of the principal of a request."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Statement
from app.models.accounts import Account, ApiKey
from app.models.agencies import Agency
from app.policy import Principal
from app.services.accounts import ended_agency
from app.text.names import official_name
from app.text.writing import Language
from app.vocabulary import AgencyKind, Role, Scope


@dataclass(frozen=True, slots=True)
class Profile:
    """The account or API key of a principal.

    An account has a `username`, `full_name`, `email` and `role`; an API key has a `name` and
    `scopes`. The other fields are None.
    """

    username: str | None
    full_name: str | None
    email: str | None
    role: Role | None
    agency: str | None
    agency_name: str | None
    agency_ended_on: date | None
    notice: str | None
    permissions: list[str]
    name: str | None
    scopes: list[Scope] | None


# The names of a person and of the person's agency.
GET_NAMES = Statement("""
SELECT account.full_name, agency.code AS agency, agency.name, agency.kind
FROM account LEFT JOIN agency ON agency.id = account.agency_id
WHERE account.id = :account_id
""")


@dataclass(frozen=True, slots=True)
class Names:
    """A person's name, and the code and the official name of the agency, if there is one."""

    full_name: str
    agency: str | None
    agency_name: str | None


async def get_names(connection: Connection, account_id: int) -> Names:
    """The names of an account that exists."""
    row = (await GET_NAMES.fetch_all(connection, {"account_id": account_id}))[0]
    name = official_name(row["name"], AgencyKind(row["kind"])) if row["agency"] else None
    return Names(row["full_name"], row["agency"], name)


async def get(
    session: AsyncSession, principal: Principal, *, today: date, language: Language
) -> Profile:
    """The profile of a principal, with a notice in this language if its agency has ended."""
    agency = await session.get(Agency, principal.agency_id) if principal.agency_id else None
    account = await session.get(Account, principal.account_id) if principal.account_id else None
    key = await session.get(ApiKey, principal.api_key_id) if principal.api_key_id else None
    ended = await ended_agency.find(session, principal.agency_id, today)
    return Profile(
        username=account.username if account else None,
        full_name=account.full_name if account else None,
        email=account.email if account else None,
        role=principal.role,
        agency=agency.code if agency else None,
        agency_name=agency.name if agency else None,
        agency_ended_on=ended.last_day if ended else None,
        notice=ended.notice(language) if ended else None,
        permissions=sorted(permission.value for permission in principal.permissions),
        name=key.name if key else None,
        scopes=[Scope(scope) for scope in key.scopes] if key else None,
    )
