"""The restore drill: back up while reports are submitted, restore elsewhere, and compare."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from app.db.roles import APPEND_ONLY, DatabaseUrls
from app.server import backup
from app.server.backup import Manifest
from app.server.restore import restore
from app.server.table_digests import digest_tables
from app.server.verifying import verify
from app.settings import Settings
from bench.drafts import Drafts, prepare, submission
from bench.drill import DrillResult, failed_claims
from bench.servers import service
from bench.testbed import NOW, Testbed

CLIENTS = 8
SECONDS_BEFORE, SECONDS_AFTER = 3.0, 2.0
"""How long reports are submitted before the backup begins, and after it ends."""

CHANGED = {"access_token", "audit_event", "ledger"}
"""Tables that a restore changes: it ends all tokens, and is an audit event itself."""

LIST_SUBMITTED = "SELECT DISTINCT report_id FROM revision"


@dataclass
class Load:
    """The reports that are submitted, with the instant of each answer by time.monotonic."""

    drafts: Iterable[dict[str, object]]
    answers: dict[object, float]
    ends: bool = False


@dataclass(frozen=True)
class Durations:
    """Seconds of a backup's start and end (time.monotonic), its check, and the restore."""

    begun: float
    ended: float
    check: float
    restore: float


def run_drill(testbed: Testbed) -> Sequence[DrillResult]:
    """Run the drill on a database with some 29,000 drafts."""
    drafts = prepare(testbed, "backed_up", 1)
    source = testbed.urls("backed_up")
    testbed.create_empty("restored")
    target = testbed.urls("restored")
    file = testbed.folder / "backup.zip"
    with service(testbed, drafts.url, 1) as port:
        answers, begun, ended = asyncio.run(
            _back_up_under_load(testbed, drafts, port, source, file)
        )
    checked = time.monotonic()
    manifest = backup.check(file, _ignore)
    restored = time.monotonic()
    restore(target, file, NOW, _ignore)
    durations = Durations(begun, ended, restored - checked, time.monotonic() - restored)
    return [_evaluate(answers, durations, manifest, file, source, target)]


async def _back_up_under_load(
    testbed: Testbed, drafts: Drafts, port: int, source: DatabaseUrls, file: Path
) -> tuple[dict[object, float], float, float]:
    load = Load(iter(drafts.rows), {})
    clients = [asyncio.create_task(_submit(testbed, load, port)) for _ in range(CLIENTS)]
    await asyncio.sleep(SECONDS_BEFORE)
    begun = time.monotonic()
    await asyncio.to_thread(backup.write, source, file, NOW, _ignore)
    ended = time.monotonic()
    await asyncio.sleep(SECONDS_AFTER)
    load.ends = True
    await asyncio.gather(*clients)
    return load.answers, begun, ended


async def _submit(testbed: Testbed, load: Load, port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for row in load.drafts:
            await submission(testbed, row).send(client)
            load.answers[row["report_id"]] = time.monotonic()
            if load.ends:
                return


def _evaluate(
    answers: dict[object, float],
    durations: Durations,
    manifest: Manifest,
    file: Path,
    source: DatabaseUrls,
    target: DatabaseUrls,
) -> DrillResult:
    """Compare the two databases with what was acknowledged."""
    earlier = {report for report, at in answers.items() if at < durations.begun}
    during = sum(durations.begun <= at <= durations.ended for at in answers.values())
    present = {row["report_id"] for row in asyncio.run(_fetch(target.owner, LIST_SUBMITTED))}
    foreign = {
        table: asyncio.run(_count_foreign_rows(table, source, target)) for table in APPEND_ONLY
    }
    restored = asyncio.run(_digest(target.owner))
    differing = {name for name in manifest.digests if restored[name] != manifest.digests[name]}
    findings = verify(Settings(), target.owner, [], _ignore_text, print)
    size, seconds = file.stat().st_size, durations.ended - durations.begun
    figures = [
        f"{sum(manifest.rows.values()):,} rows, archive of {size / 1e6:.1f} MB",
        f"backup {seconds:.1f} s, check {durations.check:.1f} s, restore {durations.restore:.1f} s",
        f"submissions acknowledged: {len(earlier):,} before the backup, {during:,} during it",
        f"{len(earlier - present):,} of those before it are missing",
        f"{len(restored) - len(differing)} of {len(restored)} tables are equal row by row",
        f"changed by the restore: {', '.join(sorted(differing))}",
    ]
    claims = {
        "reports were submitted before and during the backup": bool(earlier) and during > 0,
        "what was acknowledged before the backup is restored": earlier <= present,
        "what is restored was acknowledged or under way": present
        <= {row["report_id"] for row in asyncio.run(_fetch(source.owner, LIST_SUBMITTED))},
        "each table has the rows of the backup's snapshot": differing <= CHANGED,
        "each restored row that never changes is one of the source": foreign
        == {table: int(table == "audit_event") for table in APPEND_ONLY},
        "the restored record is intact": findings == 0,
    }
    return DrillResult("restore of a backup under load", figures, failed_claims(claims))


async def _digest(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        tables = await digest_tables(connection)
    await connection.close()
    return {name: table.digest for name, table in tables.items()}


async def _count_foreign_rows(table: str, source: DatabaseUrls, target: DatabaseUrls) -> int:
    """The number of rows of a table that are in the target only."""
    query = f'SELECT t::text AS row FROM public."{table}" AS t'  # noqa: S608 - a table's name
    known = {each["row"] for each in await _fetch(source.owner, query)}
    return sum(each["row"] not in known for each in await _fetch(target.owner, query))


async def _fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(query)
    await connection.close()
    return list(rows)


def _ignore(_: int) -> None:
    """Progress is not shown."""


def _ignore_text(_: str) -> None:
    """As above."""
