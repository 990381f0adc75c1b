"""The audit events of a simulated plan, chained as `record_event` chains them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from app.clock import LOCAL
from seed.simulation.tables import TableRows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int) -> str:
    """An instant after 1970 in ISO 8601, with the local offset."""
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(LOCAL).isoformat()


def jsonb(values: Mapping[str, Any]) -> str:
    """A JSON object as PostgreSQL shows it: shorter keys first, then in order of bytes."""
    keys = sorted(values, key=lambda key: (len(key), key))
    return json.dumps({key: values[key] for key in keys}, ensure_ascii=False)


class Chain:
    """Continues the chain of one ledger; `last_at` is in microseconds after 1970."""

    def __init__(self, ledger_id: int, last_at: int, last_hash: bytes, events: TableRows) -> None:
        self.ledger_id = ledger_id
        self.last_at, self.last_hash = last_at, last_hash
        self._events = events

    @property
    def position(self) -> tuple[int, str, bytes]:
        """The ledger, and the instant and hash of its last event."""
        return self.ledger_id, instant(self.last_at), self.last_hash

    def add(
        self,
        at: int,
        actor: str,
        action: str,
        subject: str,
        agency_id: int,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Add an event, which must be later than the one before it."""
        was, then = jsonb(before), jsonb(after)
        epoch = f"{at // 1_000_000}.{at % 1_000_000:06}"
        parts = (epoch, actor, action, subject, str(agency_id), "", was, then)
        self.last_hash = sha256(self.last_hash + "\x1f".join(parts).encode()).digest()
        self.last_at = at
        self._events.add(
            self.ledger_id,
            instant(at),
            actor,
            action,
            subject,
            agency_id,
            was,
            then,
            self.last_hash,
        )
