"""One outage of the database: the service under load before, during and after it."""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.servers import first_answer, free_port

OK = 200
PASSWORD = "mat-khau-quan-tri"  # noqa: S105 - of a service that exists during the drill
READERS = 2
WRITERS = [f"drill-{number}" for number in range(12)]
"""User names of the accounts that change; more than a pool has connections."""
ACCOUNT = {"full_name": "Drill 0", "role": "viewer", "agency": "395", "password": PASSWORD}
PAUSE_SECONDS = 0.05
SECONDS_BEFORE, SECONDS_AFTER = 3.0, 6.0
MAX_RECOVERY_SECONDS = 60.0
"""How long the drill waits for the service to write again."""
MAX_STOP_SECONDS = 60.0
"""How long the drill waits for the process to end after SIGTERM."""
NO_ANSWER = 0
"""The status of a request whose connection failed."""
UNFINISHED = -1
"""The status of a request that still waited when the run ended."""


@dataclass(frozen=True)
class Answer:
    """A response: when the request was sent, in seconds of the run, and how long it took."""

    sent: float
    seconds: float
    status: int

    @property
    def received(self) -> float:
        """When the response arrived, in seconds of the run."""
        return self.sent + self.seconds


@dataclass
class Observation:
    """What clients and the operator saw. All times are in seconds of the run."""

    began: float = 0.0
    ended: float = 0.0
    """When the cause of the outage was removed."""
    readiness: list[Answer] = field(default_factory=list)
    writes: list[Answer] = field(default_factory=list)
    reads: list[Answer] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    """The last acknowledged change of each account."""
    memory_before: int = 0
    memory_most: int = 0
    written: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first write after the outage."""

    @property
    def recovery(self) -> float | None:
        """Seconds from the end of the cause to the first write; None if none succeeded."""
        later = [
            each
            for each in self.writes
            if self.ended and each.sent > self.ended and each.status == OK
        ]
        return min(each.received for each in later) - self.ended if later else None

    @property
    def slowest(self) -> float:
        """The longest time of an answer."""
        return max(each.seconds for each in self.writes + self.reads + self.readiness)

    @property
    def statuses(self) -> Counter[int]:
        """Answers to reads and writes, by status."""
        answers = self.writes + self.reads
        return Counter(each.status for each in answers if each.status != UNFINISHED)

    def readiness_line(self) -> str:
        """The changes of readiness over the run."""
        parts = []
        answers = [each for each in self.readiness if each.status != UNFINISHED]
        answers.sort(key=lambda each: each.received)
        for status, group in groupby(answers, key=lambda each: each.status):
            times = [each.received for each in group]
            parts.append(f"{status or 'none'} {times[0]:.1f}-{times[-1]:.1f}")
        return ", ".join(parts)


class ServedProcess:
    """A running `tiendo serve`, with its output in a file."""

    def __init__(self, tiendo: Path, folder: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.output = folder / f"output-{self.port}"
        environment = {name: value for name, value in os.environ.items() if "TIENDO" not in name}
        environment |= {
            "TIENDO_PORT": str(self.port),
            "TIENDO_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - no outside input
                [tiendo, "serve"],
                env=environment,
                cwd=folder,  # not a checkout, whose files another version would find
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        first_answer(f"http://127.0.0.1:{self.port}/health/live", self.process)

    @property
    def log(self) -> list[str]:
        """The lines that the process has printed."""
        return self.output.read_text(errors="replace").splitlines()

    @property
    def memory(self) -> int:
        """Resident bytes of the process and its workers, without the database's processes."""
        total = 0
        for process in [psutil.Process(self.process.pid), *self._workers()]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def _workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if child.name().startswith("python")]

    def stop(self) -> float:
        """Send SIGTERM; return the seconds until the process ended, at most MAX_STOP_SECONDS."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(MAX_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - start

    def kill(self) -> None:
        """Kill the process and its workers."""
        for process in [*self._workers(), psutil.Process(self.process.pid)]:
            process.kill()
        self.process.wait()


@contextmanager
def serving(tiendo: Path, folder: Path, settings: dict[str, str]) -> Iterator[ServedProcess]:
    """Run `tiendo serve` inside the block."""
    served = ServedProcess(tiendo, folder, settings)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()


def observe(
    served: ServedProcess, begin: Callable[[], None], end: Callable[[], None], seconds: float
) -> Observation:
    """Load the service, begin an outage, end it after some seconds, and wait for a write."""
    return asyncio.run(_observe(served, begin, end, seconds))


async def _observe(
    served: ServedProcess, begin: Callable[[], None], end: Callable[[], None], seconds: float
) -> Observation:
    seen = Observation(memory_before=served.memory)
    origin = f"http://127.0.0.1:{served.port}"
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=origin, timeout=120, limits=limits) as client:
        form = {"username": "admin", "password": PASSWORD}
        token = (await client.post("/api/v1/auth/token", data=form)).raise_for_status()
        client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        for username in WRITERS:
            account = ACCOUNT | {"username": username}
            (await client.post("/api/v1/users", json=account)).raise_for_status()
        load = _Load(served, client, seen)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in load.clients()]
            await asyncio.sleep(SECONDS_BEFORE)
            seen.began = load.now()
            await asyncio.to_thread(begin)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(end)
            seen.ended = load.now()
            await load.wait_for_write(seen.ended + MAX_RECOVERY_SECONDS)
            await asyncio.sleep(SECONDS_AFTER)
            for task in tasks:
                task.cancel()
    return seen


class _Load:
    """The clients of a run."""

    def __init__(self, served: ServedProcess, client: httpx.AsyncClient, seen: Observation) -> None:
        self._served = served
        self._client = client
        self._seen = seen
        self._start = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._start

    def clients(self) -> Sequence[Any]:
        return [
            self._ask_readiness(),
            *(self._read() for _ in range(READERS)),
            *(self._write(username) for username in WRITERS),
        ]

    async def wait_for_write(self, until: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(until - self.now()):
                await self._seen.written.wait()

    async def _send(self, answers: list[Answer], method: str, path: str, **more: Any) -> Answer:
        sent = self.now()
        status = UNFINISHED
        try:
            status = (await self._client.request(method, path, **more)).status_code
        except httpx.TransportError:
            status = NO_ANSWER
        finally:
            answer = Answer(sent, self.now() - sent, status)
            answers.append(answer)
        await asyncio.sleep(PAUSE_SECONDS)
        return answer

    async def _ask_readiness(self) -> None:
        while True:
            await self._send(self._seen.readiness, "GET", "/health/ready")
            if self._served.process.poll() is None:
                self._seen.memory_most = max(self._seen.memory_most, self._served.memory)

    async def _read(self) -> None:
        while True:
            await self._send(self._seen.reads, "GET", "/api/v1/obligations?limit=20")

    async def _write(self, username: str) -> None:
        """Rename an account again and again: its name counts the changes."""
        for number in count(1):
            answer = await self._send(
                self._seen.writes,
                "PATCH",
                f"/api/v1/users/{username}",
                json={"full_name": f"Drill {number}"},
                headers={"If-Match": "*"},
            )
            if answer.status == OK:
                self._seen.acknowledged[username] = number
                if self._seen.recovery is not None:
                    self._seen.written.set()
