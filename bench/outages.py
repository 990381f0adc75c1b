"""Outages of the database: killed, stopped, unplugged, without disk space, a locked row."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from app.server.cluster import Cluster, RunningServer
from bench import isolation
from bench.drill import DrillResult, failed_claims
from bench.outage import NO_ANSWER, UNFINISHED, Observation, ServedProcess, observe, serving
from bench.testbed import Testbed

OUTAGE_SECONDS = 8.0
MAX_RECOVERY_SECONDS = 10.0
MAX_ANSWER_SECONDS = 10.0
MAX_LOCKED_ANSWER_SECONDS = 5.0
MAX_STOP_SECONDS = 25.0
MAX_LOG_LINES = 20
SHOWN_LOG_LINES = 12
ADDRESS = "http://"
"""In the last line of a start."""
DISK_BYTES = 200_000_000
FIRST_START_DISK_BYTES = 20_000_000
LOCK_LEDGERS = "SELECT FROM ledger FOR UPDATE"
INTERNAL_ERROR, INSUFFICIENT_STORAGE = 500, 507
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Outage:
    """An outage: how it begins and ends, and what holds for it."""

    name: str
    begin: Callable[[], None]
    end: Callable[[], None]
    seconds: float = OUTAGE_SECONDS
    max_answer: float = MAX_ANSWER_SECONDS
    stays_ready: bool = False
    stops_during: bool = False
    """Whether a second outage is begun, during which the service is stopped."""


@dataclass(frozen=True)
class Installation:
    """A service to drill: its command and settings, and where its database is."""

    tiendo: Path
    folder: Path
    """For the output of the process."""
    settings: dict[str, str]

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.settings["TIENDO_DATA_DIR"])

    @property
    def url(self) -> str:
        """The URL of the database, which runs."""
        if "TIENDO_DATABASE_URL" in self.settings:
            return self.settings["TIENDO_DATABASE_URL"]
        return _server(self.data).url

    def serving(self) -> AbstractContextManager[ServedProcess]:
        """Run `tiendo serve` inside the block."""
        return serving(self.tiendo, self.folder, self.settings)


def nothing() -> None:
    """The end of an outage whose cause the service itself removes."""


def run_killed(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Kill the embedded database: its postmaster, then one of its backends."""
    results = []
    for victim in ("postmaster", "backend"):
        service = _with_embedded(testbed, tiendo, testbed.folder / f"killed-{victim}")

        def kill(folder: Path = service.data, victim: str = victim) -> None:
            postmaster = _server(folder).process
            target = postmaster if victim == "postmaster" else _backend(postmaster)
            target.kill()

        outage = Outage(f"{victim} of the embedded database killed", kill, nothing, seconds=0)
        results.append(_run(service, outage))
    return results


def run_stopped(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Stop all processes of a PostgreSQL with SIGSTOP, and continue them."""

    def send(which: signal.Signals) -> None:
        postmaster = _server(testbed.folder).process
        for process in [postmaster, *postmaster.children()]:
            process.send_signal(which)

    outage = Outage(
        "own PostgreSQL stopped (SIGSTOP)",
        lambda: send(signal.SIGSTOP),
        lambda: send(signal.SIGCONT),
        stops_during=True,
    )
    return [_run(_with_url(testbed, tiendo, testbed.create_empty("stopped")), outage)]


def run_unplugged(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Unplug the network between the service and its PostgreSQL, and plug it in again."""
    name = "own PostgreSQL unplugged"
    if not isolation.is_permitted():
        return [DrillResult(name, ["skipped: needs root and network namespaces"], [])]
    with isolation.remote_server() as remote:
        outage = Outage(name, remote.unplug, remote.plug_in, stops_during=True)
        return [_run(_with_url(testbed, tiendo, remote.url), outage)]


def run_full(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Fill the disk of the embedded database, and free it; start on a disk that is full."""
    if not isolation.is_permitted():
        return [DrillResult("disk full", ["skipped: needs root and mounts"], [])]
    with isolation.small_disk(testbed.folder / "disk", DISK_BYTES) as disk:
        ballast = Ballast(disk / "ballast")
        outage = Outage("disk full", ballast.start, ballast.remove)
        result = _run(_with_embedded(testbed, tiendo, disk / "var"), outage)
    with isolation.small_disk(testbed.folder / "disk", FIRST_START_DISK_BYTES) as disk:
        return [result, _start_on_full_disk(tiendo, disk / "var")]


def run_locked(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Hold the row that every write of a plan needs."""
    service = _with_url(testbed, tiendo, testbed.create_empty("locked"))
    release = threading.Event()
    holder = threading.Thread(target=lambda: asyncio.run(_hold_lock(service.url, release)))

    def end() -> None:
        release.set()
        holder.join()

    outage = Outage(
        "a row locked", holder.start, end, max_answer=MAX_LOCKED_ANSWER_SECONDS, stays_ready=True
    )
    return [_run(service, outage)]


def _with_embedded(testbed: Testbed, tiendo: Path, data: Path) -> Installation:
    return Installation(tiendo, testbed.folder, {"TIENDO_DATA_DIR": str(data)})


def _with_url(testbed: Testbed, tiendo: Path, url: str) -> Installation:
    settings = {"TIENDO_DATABASE_URL": url, "TIENDO_DATA_DIR": str(testbed.folder / "data")}
    return Installation(tiendo, testbed.folder, settings)


def _run(service: Installation, outage: Outage) -> DrillResult:
    with service.serving() as served:
        seen = observe(served, outage.begin, outage.end, outage.seconds)
        stop = _stop_during(served, outage) if outage.stops_during else served.stop()
    with service.serving():
        lost = asyncio.run(_lost(service.url, seen.acknowledged))
    log = served.log
    log = log[next(n for n, line in enumerate(log, 1) if ADDRESS in line) :]
    recovery = seen.recovery
    answers = [f"{status or 'no answer'} x {n}" for status, n in sorted(seen.statuses.items())]
    figures = [
        f"outage {seen.began:.1f}-{seen.ended:.1f} s; readiness {seen.readiness_line()}",
        "first write after it: " + ("never" if recovery is None else f"{recovery:.1f} s"),
        f"answers: {', '.join(answers)}; slowest {seen.slowest:.1f} s",
        f"log: {len(log)} lines, {sum(map(len, log)) / 1000:.1f} kB",
        *[f"  {line[:160]}" for line in log if line.startswith("20")][:SHOWN_LOG_LINES],
        f"memory: {seen.memory_before // MEGABYTE} MB, at most {seen.memory_most // MEGABYTE} MB",
        f"acknowledged writes lost: {lost} of {sum(seen.acknowledged.values())}",
        f"SIGTERM{' in a second outage' * outage.stops_during}: ended after {stop:.1f} s",
    ]
    claims = _claims(outage, seen, lost, log) | {
        f"stopped within {MAX_STOP_SECONDS:.0f} s": stop <= MAX_STOP_SECONDS
    }
    return DrillResult(outage.name, figures, failed_claims(claims))


def _claims(outage: Outage, seen: Observation, lost: int, log: Sequence[str]) -> dict[str, bool]:
    ready = {each.status for each in seen.readiness} - {UNFINISHED}
    return {
        f"writes again within {MAX_RECOVERY_SECONDS:.0f} s": (
            seen.recovery is not None and seen.recovery <= MAX_RECOVERY_SECONDS
        ),
        f"every answer within {outage.max_answer:.0f} s": seen.slowest <= outage.max_answer,
        "no internal error": INTERNAL_ERROR not in seen.statuses,
        "every request answered": NO_ANSWER not in seen.statuses,
        f"at most {MAX_LOG_LINES} log lines": len(log) <= MAX_LOG_LINES,
        "no acknowledged write lost": lost == 0,
        "ready throughout": not outage.stays_ready or ready == {200},
    }


def _stop_during(served: ServedProcess, outage: Outage) -> float:
    outage.begin()
    try:
        time.sleep(1)
        return served.stop()
    finally:
        outage.end()


def _server(data: Path) -> RunningServer:
    server = Cluster(data / "postgres").find_server()
    if server is None:
        raise RuntimeError(f"no database runs in {data}")
    return server


def _backend(postmaster: psutil.Process) -> psutil.Process:
    """A process that serves a connection."""
    return next(each for each in postmaster.children() if "[local]" in " ".join(each.cmdline()))


async def _lost(url: str, acknowledged: Mapping[str, int]) -> int:
    """How many acknowledged changes are not in the database."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT username, full_name FROM account")
    await connection.close()
    names = {row["username"]: row["full_name"] for row in rows}
    return sum(
        max(0, number - int(names[username].removeprefix("Drill ")))
        for username, number in acknowledged.items()
    )


async def _hold_lock(url: str, release: threading.Event) -> None:
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute(LOCK_LEDGERS)
        await asyncio.to_thread(release.wait)
    await connection.close()


class Ballast:
    """A file that takes all free space of a disk, also what others free meanwhile."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Fill the disk."""
        self._fill()
        self._thread.start()

    def remove(self) -> None:
        """Free the disk."""
        self._stopping.set()
        self._thread.join()
        self._file.unlink()

    def _run(self) -> None:
        while not self._stopping.wait(0.1):
            self._fill()

    def _fill(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            for size in (1_000_000, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))


def _start_on_full_disk(tiendo: Path, data: Path) -> DrillResult:
    done = subprocess.run(  # noqa: S603 - no outside input
        [tiendo, "serve"],
        env=os.environ | {"TIENDO_DATA_DIR": str(data)},
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines()
    claims = {
        "ends with a status other than 0": done.returncode != 0,
        "one line": len(lines) == 1,
        "the line states the reason": "disk" in done.stderr and "full" in done.stderr,
    }
    return DrillResult("first start on a full disk", lines, failed_claims(claims))
