"""The migrations on a simulated country: how long each takes, how long readers wait meanwhile.

The drill downgrades the database, then applies one migration after another, as a start of a newer
version does. Meanwhile a reader asks for one row of each large table, over and over.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory

from app.db.migration import configuration
from bench.drill import DrillResult, failed_claims
from bench.testbed import Testbed

FIRST = "0029"
"""The first migration that is measured."""
PAUSE_SECONDS = 0.002
MAX_WAIT_SECONDS = 5.0
"""A request that waits longer is answered 503."""
LEAST_SHOWN_SECONDS = 0.1
# One for each large table: a statement over several could deadlock with a migration.
READS = (
    "SELECT id FROM obligation LIMIT 1",
    "SELECT id FROM report LIMIT 1",
    "SELECT id FROM revision LIMIT 1",
    "SELECT revision_id FROM revision_entry LIMIT 1",
    "SELECT revision_id FROM revision_disbursement LIMIT 1",
    "SELECT id FROM audit_event LIMIT 1",
    "SELECT id FROM agency LIMIT 1",
)


@dataclass(frozen=True)
class Step:
    """One migration: its duration, and the longest time that a reader waited meanwhile."""

    revision: str
    seconds: float
    wait_seconds: float


def run_drill(testbed: Testbed, database: str) -> DrillResult:
    """Measure the migrations from FIRST on with the rows of a database, which is copied."""
    asyncio.run(_copy(testbed.server_url, database))
    url = testbed.urls(f"{database}_upgraded").owner
    revisions = _revisions(url)
    command.downgrade(configuration(url), _before(url))
    steps = [asyncio.run(_apply(url, revision)) for revision in revisions]
    slow = [each for each in steps if each.seconds >= LEAST_SHOWN_SECONDS]
    figures = [
        f"{each.revision}: {each.seconds:.1f} s, readers waited {each.wait_seconds:.1f} s at most"
        for each in slow
    ]
    total = sum(each.seconds for each in steps)
    figures.append(f"all {len(steps)}: {total:.1f} s; not shown: below {LEAST_SHOWN_SECONDS} s")
    longest = max(each.wait_seconds for each in steps)
    claims = {
        f"no reader waits {MAX_WAIT_SECONDS:.0f} s": longest < MAX_WAIT_SECONDS,
    }
    return DrillResult(f"migrations from {FIRST} on", figures, failed_claims(claims))


def _revisions(url: str) -> Sequence[str]:
    """The revisions from FIRST on, the oldest first."""
    scripts = ScriptDirectory.from_config(configuration(url))
    newer = scripts.iterate_revisions(scripts.get_current_head(), _before(url))
    return [each.revision for each in newer][::-1]


def _before(url: str) -> str:
    scripts = ScriptDirectory.from_config(configuration(url))
    return str(scripts.get_revision(FIRST).down_revision)


async def _copy(server_url: str, database: str) -> None:
    connection = await asyncpg.connect(server_url)
    await connection.execute(
        f"CREATE DATABASE {database}_upgraded TEMPLATE {database} STRATEGY file_copy"
    )
    await connection.close()


async def _apply(url: str, revision: str) -> Step:
    """Apply one migration in a thread while a reader asks."""
    begun = time.perf_counter()
    migration = asyncio.create_task(
        asyncio.to_thread(command.upgrade, configuration(url), revision)
    )
    longest = await _longest_wait(url, migration)
    await migration
    return Step(revision, time.perf_counter() - begun, longest)


async def _longest_wait(url: str, migration: asyncio.Task[None]) -> float:
    connection = await asyncpg.connect(url)
    longest = 0.0
    while not migration.done():
        for statement in READS:
            begun = time.perf_counter()
            await connection.fetchrow(statement)
            longest = max(longest, time.perf_counter() - begun)
        await asyncio.sleep(PAUSE_SECONDS)
    await connection.close()
    return longest
