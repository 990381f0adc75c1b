"""Accounts for tests: every role, in agencies of every level."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import security
from app.models.accounts import AccessToken, Account
from app.models.agencies import Agency
from app.security import digest, hash_password
from app.vocabulary import Role

PASSWORD = "thử-nghiệm-2024"

PEOPLE: dict[str, tuple[Role, str | None]] = {
    "xuan-hong": (Role.REPORTER, "15493"),
    "bac-luong": (Role.REPORTER, "15502"),
    "labour-reporter": (Role.REPORTER, "395-LDTBXH"),
    "agriculture": (Role.REPORTER, "395-NNPTNT"),
    "health-centre": (Role.REPORTER, "395-TTYT"),
    "coordinator": (Role.COORDINATOR, "395-LDTBXH"),
    "vice-chairman": (Role.VIEWER, "395"),
    "province": (Role.VIEWER, "38"),
    "district-admin": (Role.ADMIN, "395"),
    "admin": (Role.ADMIN, None),
}
"""Role and agency by user name. Each has PASSWORD and an access token."""


@cache
def token_of(name: str) -> str:
    """The access token of one of PEOPLE."""
    body = security.TOKEN_PREFIX + sha256(name.encode()).hexdigest()[:32]
    return body + security._checksum(body)  # noqa: SLF001 - a predictable token


NEIGHBOURS: dict[str, tuple[Role, str | None]] = {
    "neighbour-reporter": (Role.REPORTER, "15901"),
    "neighbour-coordinator": (Role.COORDINATOR, "397-LDTBXH"),
}
"""The same in the second district; see `reference_calls.add_neighbour`."""


async def add_people(
    session: AsyncSession, now: datetime, people: Mapping[str, tuple[Role, str | None]] = PEOPLE
) -> None:
    """Add the accounts and their tokens, which expire later than any test sets its clock."""
    password_hash = await hash_password(PASSWORD)
    ids = dict((await session.execute(select(Agency.code, Agency.id))).all())
    for name, (role, agency) in people.items():
        account = Account(
            username=name,
            full_name=name.replace("-", " ").title(),
            email=f"{name}@example.vn",
            role=role,
            agency_id=ids[agency] if agency else None,
            password_hash=password_hash,
            created_at=now,
        )
        session.add(account)
        await session.flush()
        session.add(
            AccessToken(
                token_hash=digest(token_of(name)),
                account_id=account.id,
                created_at=now,
                expires_at=now + timedelta(days=3650),
            )
        )
