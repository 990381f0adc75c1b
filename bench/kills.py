"""Two workers deliver 5,000 mails, and each is killed with SIGKILL twenty times.

Messages held by a killed worker become available when their lease expires. The drill does not wait
for that: at the end it starts one more worker whose clock is ahead by more than the lease.
"""

import asyncio
import os
import random
import secrets
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from app.clock import LOCAL
from app.db.database import Database
from app.services.notifications.delivery import AT_ONCE, LEASE
from app.services.reminders.sweep import sweep
from app.settings import Settings
from bench.copies import create_country, reminder_time
from bench.drill import DrillResult, failed_claims
from bench.smtp_server import AcceptedMail, MailPort, MailServer, mail_server
from bench.testbed import Testbed

MAILS = 5_000
WORKERS, KILLS_OF_EACH = 2, 20
LIFETIME_SECONDS = (0.2, 2.5)
"""Range of the time from a worker's first mail to its kill."""
IN_FLIGHT_SECONDS = 2.0
"""A mail accepted this shortly before a kill may not have been recorded as sent."""
TIMEOUT_SECONDS = 600.0
"""Limit for each step; generous, because the machine may be busy."""
SEED = "BENCH_SEED"
"""Environment variable with the random seed, to repeat a run."""
TIENDO = Path(sys.executable).with_name("tiendo")

MESSAGES = "SELECT id, attempts, state FROM message WHERE channel = 'email'"
UNSENT = "SELECT count(*) FROM message WHERE state = ANY($1::text[])"


@dataclass
class WorkerRun:
    """One worker process, its SMTP port, and when it was killed (time.monotonic)."""

    process: Process
    port: MailPort
    killed_at: float | None = None


@dataclass
class DeliveryTest:
    """The database, the mail server and every worker; a worker has the index of its port."""

    url: str
    folder: Path
    server: MailServer
    connection: asyncpg.Connection
    offset: timedelta
    workers: list[WorkerRun] = field(default_factory=list)

    async def start_worker(self, ahead: timedelta = timedelta(0)) -> WorkerRun:
        """Start `tiendo worker`, with its clock ahead of the other workers' clocks."""
        port = await self.server.open_port()
        settings = {
            "TIENDO_DATABASE_URL": self.url,
            "TIENDO_DATA_DIR": str(self.folder / "data"),
            "TIENDO_SMTP_URL": f"smtp://127.0.0.1:{port.number}",
            "TIENDO_CLOCK_OFFSET_SECONDS": str((self.offset + ahead).total_seconds()),
        }
        # One job at a time, so that one worker cannot run both deliveries while the other is idle.
        process = await asyncio.create_subprocess_exec(
            TIENDO, "worker", "--concurrency", "1", env=os.environ | settings, stdout=DEVNULL
        )
        worker = WorkerRun(process, port)
        self.workers.append(worker)
        return worker

    async def wait_until_no_message_is(self, *states: str) -> None:
        """Wait until no message is in one of these states."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while await self.connection.fetchval(UNSENT, states):  # noqa: ASYNC110 - others send
                await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Result:
    """The accepted mails, the workers, and the final state of the messages."""

    accepted: Sequence[AcceptedMail]
    workers: Sequence[WorkerRun]
    messages: Mapping[UUID, tuple[int, str]]
    """Attempts and state by message id."""
    seconds: float


def run_drill(testbed: Testbed) -> list[DrillResult]:
    """Run the drill with the seed in BENCH_SEED, or a random one."""
    seed = int(os.environ.get(SEED) or secrets.randbelow(1_000_000))
    print(f"{SEED}={seed}", flush=True)
    url = create_country(testbed, "kills", MAILS)
    result = asyncio.run(_run(testbed, url, random.Random(seed)))  # noqa: S311 - no secret
    name = f"{MAILS} mails, {WORKERS} workers killed {KILLS_OF_EACH} times each ({SEED}={seed})"
    return [evaluate(name, result)]


async def _run(testbed: Testbed, url: str, rng: random.Random) -> Result:
    start = time.monotonic()
    await _plan(url)
    connection = await asyncpg.connect(url)
    async with mail_server() as server:
        offset = reminder_time(-7) - datetime.now(LOCAL)
        test = DeliveryTest(url, testbed.folder, server, connection, offset)
        try:
            await _deliver(test, rng)
        finally:
            await _stop(test.workers, kill=True)
        rows = await connection.fetch(MESSAGES)
    await connection.close()
    messages = {row["id"]: (row["attempts"], row["state"]) for row in rows}
    return Result(server.accepted, test.workers, messages, time.monotonic() - start)


async def _plan(url: str) -> None:
    database = Database(url, Settings())
    async with database.transaction() as session:
        await sweep(session, reminder_time(-7))
    await database.close()


async def _deliver(test: DeliveryTest, rng: random.Random) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            first = await _start_delivering(test)
            group.create_task(_kill_repeatedly(test, first, rng))
    survivors = [await _start_delivering(test) for _ in range(WORKERS)]
    await test.wait_until_no_message_is("waiting")
    await _stop(survivors)
    last = await test.start_worker(ahead=LEASE + timedelta(minutes=1))
    await test.wait_until_no_message_is("waiting", "sending")
    await _stop([last])


async def _start_delivering(test: DeliveryTest) -> WorkerRun:
    """Start a worker and wait for its first mail."""
    worker = await test.start_worker()
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await worker.port.used.wait()
    return worker


async def _kill_repeatedly(test: DeliveryTest, worker: WorkerRun, rng: random.Random) -> None:
    for time_left in range(KILLS_OF_EACH, 0, -1):
        await asyncio.sleep(rng.uniform(*LIFETIME_SECONDS))
        worker.process.kill()
        worker.killed_at = time.monotonic()
        await worker.process.wait()
        if time_left > 1:
            worker = await _start_delivering(test)


async def _stop(workers: Sequence[WorkerRun], *, kill: bool = False) -> None:
    for worker in workers:
        if worker.process.returncode is None:
            (worker.process.kill if kill else worker.process.terminate)()
    for worker in workers:
        await worker.process.wait()


def evaluate(name: str, result: Result) -> DrillResult:
    """Check at-least-once delivery: nothing lost, repeats only for mails in flight at a kill."""
    times_accepted = Counter(mail.message_id for mail in result.accepted)
    repeated = _repeated(result.accepted)
    in_flight = [mail for mail in repeated if _is_in_flight(mail, result.workers)]
    in_flight_per_worker = Counter(mail.port_index for mail in in_flight)
    kills = sum(worker.killed_at is not None for worker in result.workers)
    message_of = {mail.message_id: mail.message for mail in result.accepted}
    ids_per_message = Counter(message_of.values())
    attempts = sorted(attempts for attempts, _ in result.messages.values())
    missing = len(result.messages.keys() - ids_per_message.keys())
    figures = [
        f"{kills} kills, {len(result.accepted)} mails accepted in {result.seconds:.0f} s",
        f"{len(times_accepted)} Message-IDs, {missing} missing",
        f"{sum(each > 1 for each in attempts)} held at a kill, {attempts[-1]} attempts at most",
        f"{len(in_flight)} accepted just before a kill and again after it",
        f"{len(repeated) - len(in_flight)} repeated without a kill",
    ]
    claims = {
        f"{MAILS} mails were planned": len(result.messages) == MAILS,
        f"each worker was killed {KILLS_OF_EACH} times": kills == WORKERS * KILLS_OF_EACH,
        "no mail is missing": ids_per_message.keys() == result.messages.keys(),
        "a mail keeps its Message-ID": set(ids_per_message.values()) == {1},
        "every message is recorded as sent": {state for _, state in result.messages.values()}
        == {"sent"},
        "no mail is repeated without a kill": len(repeated) == len(in_flight),
        f"a kill repeats at most {AT_ONCE} mails": max(in_flight_per_worker.values(), default=0)
        <= AT_ONCE,
        "every accepted mail was counted as an attempt": all(
            result.messages[message_of[message_id]][0] >= times
            for message_id, times in times_accepted.items()
        ),
    }
    return DrillResult(name, figures, failed_claims(claims))


def _repeated(accepted: Sequence[AcceptedMail]) -> list[AcceptedMail]:
    """The accepted mails that were accepted again later."""
    by_id: dict[str, list[AcceptedMail]] = defaultdict(list)
    for mail in accepted:
        by_id[mail.message_id].append(mail)
    return [mail for same in by_id.values() for mail in same[:-1]]


def _is_in_flight(mail: AcceptedMail, workers: Sequence[WorkerRun]) -> bool:
    """Whether its worker was killed before it could record the mail as sent."""
    killed_at = workers[mail.port_index].killed_at
    return killed_at is not None and killed_at - mail.at < IN_FLIGHT_SECONDS
