"""Wrong passwords: counted by user name and network, limited, and recorded in sums.

An attacker chooses names and addresses, so every failure costs the same, its row is deleted when
the window is over, and a network causes few audit events however often it tries.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Statement
from app.errors import TooManyAttempts
from app.models.accounts import Account
from app.policy import Principal
from app.security import digest
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.vocabulary import AuditAction

MOST = 10
WINDOW = timedelta(minutes=15)
"""So many failures in any such time. Successful sign-ins do not count."""
IPV6_PREFIX = 64
"""What a provider gives to one customer, who can use any address in it."""
UNKNOWN_NAMES = ""
"""Stands for all unknown names of a network, which are recorded together."""

ANONYMOUS = Principal(
    name="?",
    role=None,
    permissions=frozenset(),
    agency_id=None,
    agency_path="",
    area_path="",
    horizon="",
)
"""The principal of a sign-in. Unknown user names are not recorded: they may be passwords."""

# The latest failures of a name and a network, oldest first.
GET_FAILURES = Statement("""
SELECT failed_at FROM sign_in_failure WHERE name_hash = :name_hash AND network = :network
""")

# Count a failure. Only the latest ones are kept, as many as the limit needs.
COUNT_FAILURE = text("""
INSERT INTO sign_in_failure AS f (name_hash, network, account_id, origin, failed_at, unrecorded)
VALUES (:name_hash, :network, :account_id, :origin, ARRAY[CAST(:now AS timestamptz)], 1)
ON CONFLICT (name_hash, network) DO UPDATE SET
    account_id = excluded.account_id, origin = excluded.origin, unrecorded = f.unrecorded + 1,
    failed_at = (
        SELECT array_agg(at ORDER BY at) FROM (
            SELECT at FROM unnest(f.failed_at || excluded.failed_at) AS at
            WHERE at > :since ORDER BY at DESC LIMIT :most
        ) AS latest
    )
RETURNING cardinality(failed_at) AS recent, unrecorded,
    coalesce(recorded_at <= :since, true) AS is_first
""")

# Mark the failures of a row as recorded.
MARK_RECORDED = text("""
UPDATE sign_in_failure SET recorded_at = :now, unrecorded = 0
WHERE name_hash = :name_hash AND network = :network
""")

# Delete the rows whose window is over; those with failures that no event contains yet are returned.
DELETE_EXPIRED = text("""
WITH expired AS (
    DELETE FROM sign_in_failure WHERE failed_at[cardinality(failed_at)] <= :since RETURNING *
)
SELECT e.origin, e.network, e.unrecorded, a.username, a.agency_id
FROM expired e LEFT JOIN account a ON a.id = e.account_id
WHERE e.unrecorded > 0 AND (e.account_id IS NOT NULL OR e.name_hash = :unknown_names)
ORDER BY a.username, e.network
""")


@dataclass(frozen=True, slots=True)
class FailureKey:
    """A user name, as a hash because it may be a mistyped password, and a network."""

    name_hash: str
    network: str

    @classmethod
    def of(cls, name: str, origin: str | None) -> Self:
        """The key of a name and an address."""
        encodable = name.encode(errors="replace").decode()
        return cls(digest(encodable), network_of(origin))

    @classmethod
    def of_code(cls, name: str, origin: str | None) -> Self:
        """The key of codes for a name: wrong passwords do not lock out who has got a code."""
        return cls.of(f"{name} code", origin)


def network_of(origin: str | None) -> str:
    """The network that one client controls: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(origin or "")
    except ValueError:
        return origin or ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((int(address), IPV6_PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)


async def ensure_below_limit(connection: Connection, key: FailureKey, now: datetime) -> None:
    """Ensure that the name and network may try another password.

    Raises:
        TooManyAttempts: they failed MOST times within WINDOW.
    """
    parameters = {"name_hash": key.name_hash, "network": key.network}
    row = await GET_FAILURES.fetch_one(connection, parameters)
    recent = [at for at in row["failed_at"] if at > now - WINDOW] if row else []
    if len(recent) >= MOST:
        wait = recent[-MOST] + WINDOW - now
        raise TooManyAttempts(max(1, math.ceil(wait.total_seconds())))


async def count(
    session: AsyncSession, action: Action, key: FailureKey, account: Account | None
) -> None:
    """Count a failure, and record the first one of a window and the one that reaches the limit.

    The event contains the number of failures since the event before; `record_expired` records the
    rest.
    """
    failed = await _count(session, action, key, account)
    recorded_key = key
    if account is None:
        recorded_key = FailureKey(digest(UNKNOWN_NAMES), key.network)
        failed = await _count(session, action, recorded_key, None)
    if failed.is_first or (account is not None and failed.recent == MOST):
        await _record(session, action, account, key.network, failed.unrecorded)
        await session.execute(MARK_RECORDED, _parameters(action, recorded_key))


async def record_expired(session: AsyncSession, now: datetime) -> None:
    """Record the failures of windows that are over and that no event contains; delete the rows."""
    parameters = {"since": now - WINDOW, "unknown_names": digest(UNKNOWN_NAMES)}
    for row in await session.execute(DELETE_EXPIRED, parameters):
        action = Action(ANONYMOUS, now, row.origin, signature=row.username)
        await _record(session, action, row, row.network, row.unrecorded)


def _parameters(action: Action, key: FailureKey) -> dict[str, Any]:
    return {"name_hash": key.name_hash, "network": key.network, "now": action.now}


async def _count(
    session: AsyncSession, action: Action, key: FailureKey, account: Account | None
) -> Any:
    values = {
        "account_id": account.id if account else None,
        "origin": action.origin,
        "since": action.now - WINDOW,
        "most": MOST,
    }
    return (await session.execute(COUNT_FAILURE, _parameters(action, key) | values)).one()


async def _record(
    session: AsyncSession, action: Action, account: Any, network: str, failed: int
) -> None:
    await record_event(
        session,
        action,
        AuditAction.ACCOUNT_SIGN_IN_REFUSED,
        f"users/{action.actor}",
        agency_id=account.agency_id if account else None,
        after={"failures": failed, "network": network},
    )
