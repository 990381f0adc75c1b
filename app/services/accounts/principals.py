"""Principals: authentication of tokens and API keys."""

from datetime import datetime

from app.clock import local_day
from app.db.driver import Connection, Row, Statement
from app.policy import Principal, permissions_of
from app.security import KEY_PREFIX, digest, is_well_formed
from app.vocabulary import Role, Scope

# The account of an access token, with its agency's path and the path of the area around it.
GET_ACCOUNT_BY_TOKEN = Statement("""
SELECT account.id, account.username, account.role, account.agency_id,
    coalesce(area.agency_path, '') AS agency_path, coalesce(area.area_path, '') AS area_path,
    coalesce(area.horizon_path, '') AS horizon_path,
    coalesce(agency.valid_to < CAST(:today AS date), false) AS agency_ended
FROM access_token
JOIN account ON account.id = access_token.account_id
LEFT JOIN agency ON agency.id = account.agency_id
LEFT JOIN agency_area area ON area.agency_id = account.agency_id
WHERE token_hash = :hash AND expires_at > :now AND account.active
""")

# A valid API key of an agency that exists. Its last use is kept to the minute, so that most
# requests write nothing.
USE_API_KEY = Statement("""
WITH key AS (
    SELECT api_key.* FROM api_key JOIN agency ON agency.id = api_key.agency_id
    WHERE key_hash = :hash AND revoked_at IS NULL
    AND (expires_on IS NULL OR expires_on >= :today) AND exists_on(agency, :today)
), used AS (
    UPDATE api_key SET last_used_at = :now FROM key
    WHERE api_key.id = key.id
    AND (key.last_used_at IS NULL
        OR key.last_used_at < CAST(:now AS timestamptz) - interval '1 minute')
)
SELECT key.id, key.scopes, key.agency_id, area.agency_path, area.area_path, area.horizon_path
FROM key JOIN agency_area area ON area.agency_id = key.agency_id
""")


async def authenticate(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The principal of an access token or API key; None where that is unknown or has expired."""
    if not is_well_formed(secret):
        return None
    parameters = {"hash": digest(secret), "now": now, "today": local_day(now)}
    if secret.startswith(KEY_PREFIX):
        row = await USE_API_KEY.fetch_one(connection, parameters)
        return _of_api_key(row) if row else None
    row = await GET_ACCOUNT_BY_TOKEN.fetch_one(connection, parameters)
    if row is None:
        return None
    return of_account(row).reading_only() if row["agency_ended"] else of_account(row)


def of_account(row: Row) -> Principal:
    """The principal of an account, from a row with the columns of GET_ACCOUNT_BY_TOKEN."""
    role = Role(row["role"])
    return Principal(
        name=row["username"],
        role=role,
        permissions=permissions_of(role, []),
        agency_id=row["agency_id"],
        agency_path=row["agency_path"],
        area_path=row["area_path"],
        horizon=row["horizon_path"],
        account_id=row["id"],
    )


def _of_api_key(row: Row) -> Principal:
    return Principal(
        name=f"api-key/{row['id']}",
        role=None,
        permissions=permissions_of(None, [Scope(scope) for scope in row["scopes"]]),
        agency_id=row["agency_id"],
        agency_path=row["agency_path"],
        area_path=row["area_path"],
        horizon=row["horizon_path"],
        api_key_id=row["id"],
    )
