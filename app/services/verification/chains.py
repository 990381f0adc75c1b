"""The hash chains of audit events and budget changes, against ledgers and checkpoints."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.checkpoints import (
    STREAM_BUDGET_CHANGES,
    BudgetChain,
    Checkpoint,
    Expected,
    Position,
    ledger_name,
)
from app.services.verification.findings import Finding, Progress, stream

LIST_LEDGERS = text("""
SELECT l.id, plan.code AS plan, l.last_at, l.figures_at, l.last_hash
FROM ledger l LEFT JOIN plan ON plan.id = l.plan_id ORDER BY l.id
""")

# Every event with the parts that its hash covers, as `record_event` wrote them.
STREAM_EVENTS = text("""
SELECT id, ledger_id, at, hash, extract(epoch FROM at)::text AS epoch, actor, action, subject,
    coalesce(agency_id::text, '') AS agency_id, coalesce(origin, '') AS origin,
    coalesce(before::text, '') AS before, coalesce(after::text, '') AS after
FROM audit_event ORDER BY ledger_id, id
""")


def event_hash(previous: bytes, event: Row[Any]) -> bytes:
    """The hash of an event after another one, computed without the database's own function."""
    parts = (
        event.epoch,
        event.actor,
        event.action,
        event.subject,
        event.agency_id,
        event.origin,
        event.before,
        event.after,
    )
    return sha256(previous + "\x1f".join(parts).encode()).digest()


class EventChain:
    """The events of one ledger, as far as they were read."""

    def __init__(self) -> None:
        self.length = 0
        self.last_hash = b""
        self.last_at: datetime | None = None

    def add(self, event: Row[Any]) -> list[Finding]:
        """Add the next event; its contradictions."""
        findings = []
        where = f"audit event {event.id} ({event.action}, {event.subject})"
        if event.hash != (expected := event_hash(self.last_hash, event)):
            what = "hash of its content and of the event before it"
            findings.append(Finding(what, where, expected, event.hash))
        if self.last_at is not None and event.at <= self.last_at:
            findings.append(Finding("instant", where, f"after {self.last_at}", event.at))
        self.length += 1
        self.last_hash, self.last_at = event.hash, event.at
        return findings

    def compare(self, ledger: Row[Any]) -> list[Finding]:
        """The contradictions between the last event and the ledger."""
        findings = []
        where = f"ledger of {ledger_name(ledger.plan)}"
        if self.last_hash != ledger.last_hash:
            what = "hash of the last audit event"
            findings.append(Finding(what, where, ledger.last_hash, self.last_hash))
        if self.last_at is not None and ledger.last_at < self.last_at:
            findings.append(Finding("last instant", where, self.last_at, ledger.last_at))
        if ledger.figures_at > (last := ledger.last_at):
            what = "instant of its figures"
            findings.append(Finding(what, where, f"until {last}", ledger.figures_at))
        return findings


async def verify_events(
    session: AsyncSession, checkpoints: Sequence[Checkpoint], progress: Progress
) -> AsyncIterator[Finding]:
    """Recompute the chain of every ledger, and compare it with the ledger and checkpoints."""
    expected = Expected.events(checkpoints)
    chains: dict[int, EventChain] = defaultdict(EventChain)
    async for event in stream(session, STREAM_EVENTS, "audit events", progress):
        chain = chains[event.ledger_id]
        for finding in chain.add(event):
            yield finding
        for finding in expected.compare(
            event.ledger_id, Position(chain.length, chain.last_hash.hex())
        ):
            yield finding
    for ledger in await session.execute(LIST_LEDGERS):
        for finding in chains[ledger.id].compare(ledger):
            yield finding
    for finding in expected.unreached({key: chain.length for key, chain in chains.items()}):
        yield finding


async def verify_budget_changes(
    session: AsyncSession, checkpoints: Sequence[Checkpoint], progress: Progress
) -> AsyncIterator[Finding]:
    """Compare the history of budget lines with checkpoints."""
    expected = Expected.budgets(checkpoints)
    chains: dict[int, BudgetChain] = defaultdict(BudgetChain)
    async for row in stream(session, STREAM_BUDGET_CHANGES, "budget changes", progress):
        for finding in expected.compare(row.ledger_id, chains[row.ledger_id].add(row)):
            yield finding
    lengths = {key: chain.position.length for key, chain in chains.items()}
    for finding in expected.unreached(lengths):
        yield finding
