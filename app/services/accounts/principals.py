"""Principals: who a token or an API key stands for."""

from datetime import datetime

from asyncpg import Record

from app.clock import local_day
from app.db.driver import Connection, Statement
from app.policy import Principal, permissions_of
from app.security import KEY_PREFIX, digest, is_well_formed
from app.vocabulary import Role, Scope

# The district around an agency is the nearest of the ids in its path.
_PLACE = """
    coalesce(agency.path, '') AS agency_path,
    coalesce((
        SELECT district.path FROM agency AS district
        WHERE district.kind = 'district'
        AND district.id = ANY(string_to_array(trim(BOTH '/' FROM agency.path), '/')::bigint[])
        ORDER BY length(district.path) DESC LIMIT 1
    ), agency.path, '') AS district_path
"""
_BY_TOKEN = Statement(f"""
SELECT account.id, account.username, account.role, account.agency_id, {_PLACE}
FROM access_token
JOIN account ON account.id = access_token.account_id
LEFT JOIN agency ON agency.id = account.agency_id
WHERE token_hash = :hash AND expires_at > :now AND account.active
""")  # noqa: S608 - composed of constants
_BY_KEY = Statement(f"""
WITH key AS (
    SELECT * FROM api_key
    WHERE key_hash = :hash AND revoked_at IS NULL
    AND (expires_on IS NULL OR expires_on >= :today)
), used AS (
    UPDATE api_key SET last_used_at = :now FROM key
    WHERE api_key.id = key.id
    AND (key.last_used_at IS NULL
        OR key.last_used_at < CAST(:now AS timestamptz) - interval '1 minute')
)
SELECT key.id, key.scopes, key.agency_id, {_PLACE}
FROM key JOIN agency ON agency.id = key.agency_id
""")  # noqa: S608 - composed of constants


async def authenticate(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The principal that a token or key stands for; None when it is not, or no longer, good."""
    if not is_well_formed(secret):
        return None
    facts = {"hash": digest(secret), "now": now, "today": local_day(now)}
    if secret.startswith(KEY_PREFIX):
        row = await _BY_KEY.fetch_one(connection, facts)
        return _machine(row) if row else None
    row = await _BY_TOKEN.fetch_one(connection, facts)
    return _person(row) if row else None


def _person(row: Record) -> Principal:
    role = Role(row["role"])
    return Principal(
        name=row["username"],
        role=role,
        permissions=permissions_of(role, []),
        agency_id=row["agency_id"],
        agency_path=row["agency_path"],
        district_path=row["district_path"],
        account_id=row["id"],
    )


def _machine(row: Record) -> Principal:
    return Principal(
        name=f"api-key/{row['id']}",
        role=None,
        permissions=permissions_of(None, [Scope(scope) for scope in row["scopes"]]),
        agency_id=row["agency_id"],
        agency_path=row["agency_path"],
        district_path=row["district_path"],
        api_key_id=row["id"],
    )
