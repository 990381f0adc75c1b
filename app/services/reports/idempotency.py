"""Idempotency keys: a retried request gets the answer to the first one."""

from dataclasses import dataclass
from datetime import timedelta

from app.db.driver import DriverTransaction, Statement
from app.errors import KeyReused
from app.services.audit.action import Action
from app.services.reports.working_copy import ReportAnswer

KEPT_FOR = timedelta(hours=24)

# Claim a key for a request; no row where an unexpired request has it. A second request with the
# same key waits here for the first one's commit, and takes over where that one failed.
CLAIM_KEY = Statement("""
INSERT INTO idempotency_record AS earlier (principal, key, fingerprint, created_at)
VALUES (:principal, :key, :fingerprint, :now)
ON CONFLICT (principal, key) DO UPDATE SET (fingerprint, created_at, version, body)
    = (excluded.fingerprint, excluded.created_at, NULL, NULL)
WHERE earlier.created_at <= :expired
RETURNING key
""")

# The request that has claimed a key, and its answer.
GET_EARLIER = Statement("""
SELECT fingerprint, version, body FROM idempotency_record
WHERE principal = :principal AND key = :key
""")


@dataclass(frozen=True)
class IdempotentRequest:
    """A request that may be repeated.

    key: the idempotency key; None for a request without one.
    fingerprint: a digest of method, address and body.
    """

    key: str | None
    fingerprint: str


async def claim(
    connection: DriverTransaction, action: Action, request: IdempotentRequest
) -> ReportAnswer | None:
    """Claim the key in the transaction of the request's work.

    Returns the answer to an earlier request with this key, or None where this is the first one or
    has no key. The first one has to store its answer with the key in the same transaction.

    Raises:
        KeyReused: the key was used for another request within the last 24 hours.
    """
    if request.key is None:
        return None
    parameters = {
        "principal": action.principal.name,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "now": action.now,
        "expired": action.now - KEPT_FOR,
    }
    if await CLAIM_KEY.fetch_one(connection, parameters):
        return None
    earlier = (await GET_EARLIER.fetch_all(connection, parameters))[0]
    if earlier["fingerprint"] != request.fingerprint:
        raise KeyReused
    return ReportAnswer(earlier["body"] or "", earlier["version"] or 0)
