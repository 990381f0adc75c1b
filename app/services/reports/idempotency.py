"""Idempotency keys: a retried submission makes no second revision."""

from dataclasses import dataclass
from datetime import timedelta

from app.db.driver import Connection, Statement
from app.errors import KeyReused
from app.services.audit.action import Action

KEPT_FOR = timedelta(hours=24)

# The request for which a principal has used a key, unless that was too long ago.
FIND_REQUEST = Statement("""
SELECT fingerprint, revision, version FROM idempotency_record
WHERE principal = :principal AND key = :key AND created_at > :expired
""")


@dataclass(frozen=True)
class IdempotentRequest:
    """A request that may be repeated.

    key: the idempotency key; None for a request without one.
    fingerprint: a digest of method, address and body.
    """

    key: str | None
    fingerprint: str


@dataclass(frozen=True)
class EarlierRequest:
    """The result of an earlier request: revision number and report version."""

    revision: int
    version: int


async def find_earlier(
    connection: Connection, action: Action, request: IdempotentRequest
) -> EarlierRequest | None:
    """The earlier request with the same key, if there is one.

    Raises:
        KeyReused: the key was used for another request.
    """
    if request.key is None:
        return None
    parameters = {
        "principal": action.principal.name,
        "key": request.key,
        "expired": action.now - KEPT_FOR,
    }
    earlier = await FIND_REQUEST.fetch_one(connection, parameters)
    if earlier is None:
        return None
    if earlier["fingerprint"] != request.fingerprint:
        raise KeyReused
    return EarlierRequest(earlier["revision"], earlier["version"])
