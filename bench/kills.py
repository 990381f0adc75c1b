"""Two workers deliver 5,000 mails, and each is killed twenty times while it does.

The dead give back what they held when their leases have run out. Nobody waits for that here: at the
end, when nobody else works, a last worker comes whose clock is that much ahead.
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

import asyncpg

from app.clock import LOCAL
from app.db.database import Database
from app.services.notifications.delivery import AT_ONCE, LEASE
from app.services.reminders.sweep import sweep
from app.settings import Settings
from bench.country import create_country, reminder_time
from bench.drill import DrillResult, failed_claims
from bench.smtp_server import AcceptedMail, MailPort, MailServer, mail_server
from bench.testbed import Testbed

MAILS = 5_000
WORKERS, KILLS_OF_EACH = 2, 20
LIFETIME_SECONDS = (0.2, 2.5)
"""From the first mail on."""
IN_FLIGHT_SECONDS = 2.0
"""So long before its death a worker may have handed over what it could not write down any more."""
TIMEOUT_SECONDS = 600.0
"""For each stretch of the way: the machine may be busy with something else."""
SEED = "BENCH_SEED"
"""The variable that repeats the random numbers of another run."""
TIENDO = Path(sys.executable).with_name("tiendo")

MESSAGES = "SELECT id, attempts, state FROM message WHERE channel = 'email'"
UNSENT = "SELECT count(*) FROM message WHERE state = ANY($1::text[])"


@dataclass
class WorkerRun:
    """One worker process: the port of its mails, and when it was killed, if it was."""

    process: Process
    port: MailPort
    killed_at: float | None = None


@dataclass
class DeliveryTest:
    """Where the drill takes place, and all who lived in it; a worker's number is its port's."""

    url: str
    folder: Path
    server: MailServer
    connection: asyncpg.Connection
    offset: timedelta
    workers: list[WorkerRun] = field(default_factory=list)

    async def start_worker(self, ahead: timedelta = timedelta(0)) -> WorkerRun:
        """Start a worker as the command line does; its clock may be ahead of the others'."""
        port = await self.server.open_port()
        settings = {
            "TIENDO_DATABASE_URL": self.url,
            "TIENDO_DATA_DIR": str(self.folder / "data"),
            "TIENDO_SMTP_URL": f"smtp://127.0.0.1:{port.number}",
            "TIENDO_CLOCK_OFFSET_SECONDS": str((self.offset + ahead).total_seconds()),
        }
        # One job at once, so that no worker has both deliveries while the other one stands idle.
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
    """What the server has taken, who lived, and what the database says in the end."""

    accepted: Sequence[AcceptedMail]
    workers: Sequence[WorkerRun]
    messages: Mapping[int, tuple[int, str]]
    """Attempts and state, by the message's number."""
    seconds: float


def run_drill(testbed: Testbed) -> list[DrillResult]:
    """Kill, and count what came."""
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
    """A worker that has begun to deliver."""
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
    """What came, and whether the service kept its word."""
    times_accepted = Counter(mail.message_id for mail in result.accepted)
    repeated = _repeated(result.accepted)
    in_flight = [mail for mail in repeated if _is_in_flight(mail, result.workers)]
    in_flight_per_worker = Counter(mail.port_index for mail in in_flight)
    kills = sum(worker.killed_at is not None for worker in result.workers)
    ids_per_message = Counter(_number(message_id) for message_id in times_accepted)
    attempts = sorted(attempts for attempts, _ in result.messages.values())
    missing = len(result.messages.keys() - ids_per_message.keys())
    figures = [
        f"{kills} kills, {len(result.accepted)} mails taken in {result.seconds:.0f} s",
        f"{len(times_accepted)} Message-IDs, {missing} missing",
        f"{sum(each > 1 for each in attempts)} held at a death, {attempts[-1]} attempts at most",
        f"{len(in_flight)} taken just before a death and again after it",
        f"{len(repeated) - len(in_flight)} sent twice by choice",
    ]
    claims = {
        f"{MAILS} mails were planned": len(result.messages) == MAILS,
        f"each worker was killed {KILLS_OF_EACH} times": kills == WORKERS * KILLS_OF_EACH,
        "no mail is missing": ids_per_message.keys() == result.messages.keys(),
        "a mail keeps its Message-ID": set(ids_per_message.values()) == {1},
        "the database knows that all were sent": {state for _, state in result.messages.values()}
        == {"sent"},
        "nothing is sent again by choice": len(repeated) == len(in_flight),
        f"a death leaves no more than {AT_ONCE}": max(in_flight_per_worker.values(), default=0)
        <= AT_ONCE,
        "each sending was an attempt": all(
            result.messages[_number(message_id)][0] >= times
            for message_id, times in times_accepted.items()
        ),
    }
    return DrillResult(name, figures, failed_claims(claims))


def _repeated(accepted: Sequence[AcceptedMail]) -> list[AcceptedMail]:
    """Those after which the same mail came once more."""
    by_id: dict[str, list[AcceptedMail]] = defaultdict(list)
    for mail in accepted:
        by_id[mail.message_id].append(mail)
    return [mail for same in by_id.values() for mail in same[:-1]]


def _is_in_flight(mail: AcceptedMail, workers: Sequence[WorkerRun]) -> bool:
    """Whether whoever sent it died before it can have written that down."""
    killed_at = workers[mail.port_index].killed_at
    return killed_at is not None and killed_at - mail.at < IN_FLIGHT_SECONDS


def _number(message_id: str) -> int:
    """Which message a Message-ID names: `<tiendo.NUMBER.…@…>`."""
    return int(message_id.split(".")[1])
