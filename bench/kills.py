"""Two workers deliver 5,000 mails, and each is killed twenty times meanwhile.

The messages of a killed worker become available when its leases expire. Instead of waiting for
that, the drill ends with one more worker whose clock is ahead by the length of a lease.
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
from bench.country import country, morning
from bench.drill import Drill, faults
from bench.post_office import Door, PostOffice, Taking, post_office
from bench.stage import Stage

MAILS = 5_000
WORKERS, KILLS_OF_EACH = 2, 20
SECONDS_TO_LIVE = (0.2, 2.5)
"""The range of a worker's life in seconds, from its first mail on."""
SECONDS_IN_FLIGHT = 2.0
"""A mail sent in this time before the kill may not have been recorded as sent."""
PATIENCE = 600.0
"""The timeout in seconds of each phase; the machine may be busy."""
SEED = "BENCH_SEED"
"""The environment variable that repeats the random choices of another run."""
TIENDO = Path(sys.executable).with_name("tiendo")

MESSAGES = "SELECT id, attempts, state FROM message WHERE channel = 'email'"
UNSENT = "SELECT count(*) FROM message WHERE state = ANY($1::text[])"


@dataclass
class Life:
    """One worker process: the SMTP port of its mails, and when it was killed, if it was."""

    process: Process
    door: Door
    killed_at: float | None = None


@dataclass
class Scene:
    """The state of the drill. A life has the same number as its SMTP port."""

    url: str
    folder: Path
    office: PostOffice
    connection: asyncpg.Connection
    offset: timedelta
    lives: list[Life] = field(default_factory=list)

    async def born(self, ahead: timedelta = timedelta(0)) -> Life:
        """Start a worker process whose clock is `ahead` of the others'."""
        door = await self.office.door()
        settings = {
            "TIENDO_DATABASE_URL": self.url,
            "TIENDO_DATA_DIR": str(self.folder / "data"),
            "TIENDO_SMTP_URL": f"smtp://127.0.0.1:{door.port}",
            "TIENDO_CLOCK_OFFSET_SECONDS": str((self.offset + ahead).total_seconds()),
        }
        # One job at once, so that no worker runs both deliveries while the other one is idle.
        process = await asyncio.create_subprocess_exec(
            TIENDO, "worker", "--concurrency", "1", env=os.environ | settings, stdout=DEVNULL
        )
        life = Life(process, door)
        self.lives.append(life)
        return life

    async def until_none_is(self, *states: str) -> None:
        """Wait until no message is in one of these states."""
        async with asyncio.timeout(PATIENCE):
            while await self.connection.fetchval(UNSENT, states):  # noqa: ASYNC110 - others send
                await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Result:
    """The received mails, the worker processes, and the final state of the messages."""

    takings: Sequence[Taking]
    lives: Sequence[Life]
    messages: Mapping[int, tuple[int, str]]
    """Attempts and state by the message's id."""
    seconds: float


def drilled(stage: Stage) -> list[Drill]:
    """Run the drill and count the mails."""
    seed = int(os.environ.get(SEED) or secrets.randbelow(1_000_000))
    print(f"{SEED}={seed}", flush=True)
    url = country(stage, "kills", MAILS)
    result = asyncio.run(_killed(stage, url, random.Random(seed)))  # noqa: S311 - dice, no secret
    name = f"{MAILS} mails, {WORKERS} workers killed {KILLS_OF_EACH} times each ({SEED}={seed})"
    return [judged(name, result)]


async def _killed(stage: Stage, url: str, dice: random.Random) -> Result:
    start = time.monotonic()
    await _plan(url)
    connection = await asyncpg.connect(url)
    async with post_office() as office:
        offset = morning(-7) - datetime.now(LOCAL)
        scene = Scene(url, stage.folder, office, connection, offset)
        try:
            await _deliver(scene, dice)
        finally:
            await _end(scene.lives, kill=True)
        rows = await connection.fetch(MESSAGES)
    await connection.close()
    messages = {row["id"]: (row["attempts"], row["state"]) for row in rows}
    return Result(office.takings, scene.lives, messages, time.monotonic() - start)


async def _plan(url: str) -> None:
    database = Database(url, Settings())
    async with database.transaction() as session:
        await sweep(session, morning(-7))
    await database.close()


async def _deliver(scene: Scene, dice: random.Random) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            first = await _begun(scene)
            group.create_task(_die_often(scene, first, dice))
    survivors = [await _begun(scene) for _ in range(WORKERS)]
    await scene.until_none_is("waiting")
    await _end(survivors)
    last = await scene.born(ahead=LEASE + timedelta(minutes=1))
    await scene.until_none_is("waiting", "sending")
    await _end([last])


async def _begun(scene: Scene) -> Life:
    """Start a worker and wait for its first mail."""
    life = await scene.born()
    async with asyncio.timeout(PATIENCE):
        await life.door.used.wait()
    return life


async def _die_often(scene: Scene, life: Life, dice: random.Random) -> None:
    for time_left in range(KILLS_OF_EACH, 0, -1):
        await asyncio.sleep(dice.uniform(*SECONDS_TO_LIVE))
        life.process.kill()
        life.killed_at = time.monotonic()
        await life.process.wait()
        if time_left > 1:
            life = await _begun(scene)


async def _end(lives: Sequence[Life], *, kill: bool = False) -> None:
    for life in lives:
        if life.process.returncode is None:
            (life.process.kill if kill else life.process.terminate)()
    for life in lives:
        await life.process.wait()


def judged(name: str, result: Result) -> Drill:
    """The figures of the drill, and the claims that do not hold."""
    taken = Counter(taking.message_id for taking in result.takings)
    again = _taken_again(result.takings)
    in_flight = [taking for taking in again if _is_in_flight(taking, result.lives)]
    of_one_death = Counter(taking.door for taking in in_flight)
    kills = sum(life.killed_at is not None for life in result.lives)
    numbers = Counter(_number(message_id) for message_id in taken)
    attempts = sorted(attempts for attempts, _ in result.messages.values())
    figures = [
        f"{kills} kills, {len(result.takings)} mails taken in {result.seconds:.0f} s",
        f"{len(taken)} Message-IDs, {len(result.messages.keys() - numbers.keys())} missing",
        f"{sum(each > 1 for each in attempts)} held at a death, {attempts[-1]} attempts at most",
        f"{len(in_flight)} taken just before a death and again after it",
        f"{len(again) - len(in_flight)} sent twice by choice",
    ]
    claims = {
        f"{MAILS} mails were planned": len(result.messages) == MAILS,
        f"each worker was killed {KILLS_OF_EACH} times": kills == WORKERS * KILLS_OF_EACH,
        "no mail is missing": numbers.keys() == result.messages.keys(),
        "a mail keeps its Message-ID": set(numbers.values()) == {1},
        "the database knows that all were sent": {state for _, state in result.messages.values()}
        == {"sent"},
        "nothing is sent again by choice": len(again) == len(in_flight),
        f"a death leaves no more than {AT_ONCE}": max(of_one_death.values(), default=0) <= AT_ONCE,
        "each sending was an attempt": all(
            result.messages[_number(message_id)][0] >= times for message_id, times in taken.items()
        ),
    }
    return Drill(name, figures, faults(claims))


def _taken_again(takings: Sequence[Taking]) -> list[Taking]:
    """The mails that were received again later."""
    by_id: dict[str, list[Taking]] = defaultdict(list)
    for taking in takings:
        by_id[taking.message_id].append(taking)
    return [taking for same in by_id.values() for taking in same[:-1]]


def _is_in_flight(taking: Taking, lives: Sequence[Life]) -> bool:
    """Whether its worker may have been killed before it recorded the sending."""
    killed_at = lives[taking.door].killed_at
    return killed_at is not None and killed_at - taking.at < SECONDS_IN_FLIGHT


def _number(message_id: str) -> int:
    """The id of the message in a Message-ID `<tiendo.ID.…@…>`."""
    return int(message_id.split(".")[1])
