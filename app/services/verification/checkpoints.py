"""Checkpoints: how far a ledger's history had come, and the hash of it, kept outside the database.

The owner of the database can cut off the newest audit events, or change an event and compute all
later hashes again. The database alone then looks intact, but it contradicts each older checkpoint.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Self

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.findings import Finding

# The ledgers with the number of their events, and their last hash.
LIST_HEADS = text("""
SELECT l.id AS ledger, plan.code AS plan, l.last_at, encode(l.last_hash, 'hex') AS hash,
    (SELECT count(*) FROM audit_event e WHERE e.ledger_id = l.id) AS events
FROM ledger l LEFT JOIN plan ON plan.id = l.plan_id
ORDER BY l.id
""")

# The budget changes of every ledger, in the order of commits. Projects by their codes, because a
# migration may give one definition to the projects of several plans.
STREAM_BUDGET_CHANGES = text("""
SELECT l.id AS ledger_id, coalesce(plan.code, '-') AS plan, c.id, project.code AS project,
    c.agency_id, c.source, c.origin, c.nature, c.change_vnd,
    extract(epoch FROM c.recorded_at)::text AS recorded_at
FROM budget_change c JOIN project ON project.id = c.project_id
JOIN plan ON plan.id = c.plan_id JOIN ledger l ON l.plan_id = plan.id
ORDER BY l.id, c.recorded_at, c.id
""")


class Position(NamedTuple):
    """The length of a chain, and the hash of all that it contains (in hex)."""

    length: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one ledger at an instant. `ledger` is its id; `plan` None belongs to no plan."""

    taken_at: str
    ledger: int
    plan: str | None
    events: int
    hash: str
    budget_changes: int
    budget_hash: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line of a file of checkpoints.

        Raises:
            ValueError: the line is none.
        """
        values = json.loads(line)
        if not isinstance(values, dict) or values.keys() != set(cls.__dataclass_fields__):
            raise ValueError("not a checkpoint")
        return cls(**values)

    def __str__(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def content(self) -> tuple[Position, Position]:
        """What the checkpoint says, without when."""
        return Position(self.events, self.hash), Position(self.budget_changes, self.budget_hash)

    @property
    def name(self) -> str:
        """How findings name the checkpoint."""
        return f"checkpoint of {self.taken_at}, {ledger_name(self.plan)}"


def ledger_name(plan: str | None) -> str:
    """How findings name a ledger."""
    return f"plan {plan}" if plan else "no plan"


class BudgetChain:
    """The hash of a ledger's budget changes, one after the other."""

    def __init__(self) -> None:
        self.position = Position(0, "")

    def add(self, row: Row[Any]) -> Position:
        """Add a row of STREAM_BUDGET_CHANGES."""
        values = (row.id, row.project, row.agency_id, row.source, row.origin, row.change_vnd)
        # Checkpoints of earlier versions do not have the nature, which their changes do not state.
        values += () if row.nature is None else (row.nature,)
        content = "\x1f".join(map(str, (self.position.hash, *values, row.recorded_at)))
        digest = sha256(content.encode()).hexdigest()
        self.position = Position(self.position.length + 1, digest)
        return self.position


async def take(session: AsyncSession, now: datetime) -> list[Checkpoint]:
    """A checkpoint of every ledger, in the session's snapshot."""
    budgets: dict[int, BudgetChain] = defaultdict(BudgetChain)
    async for row in await session.stream(STREAM_BUDGET_CHANGES):
        budgets[row.ledger_id].add(row)
    return [
        Checkpoint(
            taken_at=now.isoformat(),
            ledger=head.ledger,
            plan=head.plan,
            events=head.events,
            hash=head.hash,
            budget_changes=budgets[head.ledger].position.length,
            budget_hash=budgets[head.ledger].position.hash,
        )
        for head in await session.execute(LIST_HEADS)
    ]


class Expected:
    """The positions that checkpoints state for the chains of one kind, by ledger and length."""

    def __init__(self, what: str, positions: Iterable[tuple[Checkpoint, Position]]) -> None:
        self._what = what
        self._waiting: dict[int, dict[int, list[tuple[Checkpoint, str]]]] = {}
        for checkpoint, position in positions:
            by_length = self._waiting.setdefault(checkpoint.ledger, {})
            by_length.setdefault(position.length, []).append((checkpoint, position.hash))

    @classmethod
    def events(cls, checkpoints: Iterable[Checkpoint]) -> "Expected":
        """The positions of the audit events."""
        positions = ((each, Position(each.events, each.hash)) for each in checkpoints)
        return cls("audit events", positions)

    @classmethod
    def budgets(cls, checkpoints: Iterable[Checkpoint]) -> "Expected":
        """The positions of the budget changes."""
        positions = (
            (each, Position(each.budget_changes, each.budget_hash)) for each in checkpoints
        )
        return cls("budget changes", positions)

    def compare(self, ledger: int, position: Position) -> Iterator[Finding]:
        """The checkpoints that state another hash of this length."""
        for checkpoint, expected in self._waiting.get(ledger, {}).pop(position.length, ()):
            if expected != position.hash:
                yield Finding(
                    f"hash of the first {position.length} {self._what}",
                    checkpoint.name,
                    expected,
                    position.hash,
                )

    def unreached(self, lengths: Mapping[int, int]) -> Iterator[Finding]:
        """The checkpoints that state more than the ledgers contain."""
        for ledger, by_length in self._waiting.items():
            for length, waiting in by_length.items():
                for checkpoint, _ in waiting:
                    if length > 0:
                        found = lengths.get(ledger, 0)
                        yield Finding(f"number of {self._what}", checkpoint.name, length, found)
