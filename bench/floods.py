"""What a stranger sends without end, and what others notice of it.

While a flood runs, one client reads a list and asks whether the service is ready, each on a new
connection. The server may open 1,024 files at first, as is usual.
"""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from bench.drill import DrillResult, failed_claims
from bench.load import quantile
from bench.servers import measured_service
from bench.testbed import COORDINATOR, Testbed

HEADER_BYTES, TARGET_BYTES = 300_000_000, 57_000_000
CONNECTIONS = 1_100
SENDERS, BODY = 8, b"[" + b"[]," * 349_000 + b"1]"
FLOOD_SECONDS, CALM_SECONDS = 15.0, 5.0
TIMEOUT_SECONDS = 10.0
OPEN_FILES = 1_024
MAX_GROWTH, MAX_SECONDS = 150e6, 2.0
MEGABYTE = 1e6


@dataclass
class Impact:
    """What the client noticed during a flood, and the server's memory."""

    memory_before: int
    memory_peak: int = 0
    reads: list[float] = field(default_factory=list)
    """Seconds of each answered read."""
    failed_reads: int = 0
    ready: int = 0
    not_ready: int = 0
    seconds: float = 0.0

    def figures(self) -> str:
        """One line of figures."""
        ordered = sorted(self.reads) or [float("nan")]
        asked, times = len(self.reads) + self.failed_reads, self.ready + self.not_ready
        return (
            f"memory {self.memory_before / MEGABYTE:.0f} to {self.memory_peak / MEGABYTE:.0f} MB; "
            f"{len(self.reads)} of {asked} reads answered in {self.seconds:.0f} s, "
            f"p50 {1000 * quantile(ordered, 0.5):.0f} ms, slowest {1000 * ordered[-1]:.0f} ms; "
            f"ready {self.ready} of {times} times"
        )

    def failures(self) -> list[str]:
        """The claims that do not hold."""
        return failed_claims(
            {
                "every read is answered": self.failed_reads == 0,
                f"each within {MAX_SECONDS:.0f} s": max(self.reads, default=0) <= MAX_SECONDS,
                "always ready": self.not_ready == 0,
                f"memory grows by at most {MAX_GROWTH / MEGABYTE:.0f} MB": (
                    self.memory_peak - self.memory_before <= MAX_GROWTH
                ),
            }
        )


def run_drill(testbed: Testbed) -> Sequence[DrillResult]:
    """Run each flood against a server of its own."""
    floods: dict[str, Callable[[int], str]] = {
        "no flood": _calm,
        "300 MB of header lines": _send_headers,
        "a request line of 57 MB": _send_target,
        "1,100 silent connections": _hold_connections,
        "1 MB bodies without credentials, 8 at a time": _send_bodies,
    }
    return [
        _run(testbed, f"flood{position}", name, flood)
        for position, (name, flood) in enumerate(floods.items())
    ]


def _run(testbed: Testbed, database: str, name: str, flood: Callable[[int], str]) -> DrillResult:
    notes: list[str] = []
    with measured_service(testbed, testbed.clone(database), OPEN_FILES) as (port, process_id):
        read = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/obligations?limit=50",
            headers={"Authorization": f"Bearer {testbed.tokens[COORDINATOR]}"},
        )
        ready = urllib.request.Request(f"http://127.0.0.1:{port}/health/ready")
        _seconds(read)  # the first read opens database connections
        process = psutil.Process(process_id)
        impact = Impact(process.memory_info().rss)
        flooding = threading.Thread(target=lambda: notes.append(flood(port)), daemon=True)
        with _watched_memory(process, impact):
            started = time.perf_counter()
            flooding.start()
            while flooding.is_alive():
                _observe(impact, read, ready)
            impact.seconds = time.perf_counter() - started
    return DrillResult(name, [*notes, impact.figures()], impact.failures())


def _observe(impact: Impact, read: urllib.request.Request, ready: urllib.request.Request) -> None:
    seconds = _seconds(read)
    if seconds is None:
        impact.failed_reads += 1
    else:
        impact.reads.append(seconds)
    if _seconds(ready) is None:
        impact.not_ready += 1
    else:
        impact.ready += 1


def _seconds(request: urllib.request.Request) -> float | None:
    """The time of a request; None if it was not answered with 200 in time."""
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - a local server
            answer.read()
    except OSError:
        return None
    return time.perf_counter() - started


@contextmanager
def _watched_memory(process: psutil.Process, impact: Impact) -> Iterator[None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            impact.memory_peak = max(impact.memory_peak, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


# The floods. Each returns a note on what the server took.


def _calm(_: int) -> str:
    time.sleep(CALM_SECONDS)
    return f"{CALM_SECONDS:.0f} s without a flood"


def _send_headers(port: int) -> str:
    return _send(port, b"GET /health/live HTTP/1.1\r\n", b"a: b\r\n" * 10_000, HEADER_BYTES)


def _send_target(port: int) -> str:
    return _send(port, b"GET /", b"a" * 60_000, TARGET_BYTES)


def _send(port: int, start: bytes, part: bytes, size: int) -> str:
    sent = 0
    with _connection(port) as connection, suppress(OSError):
        connection.sendall(start)
        while sent < size:
            connection.sendall(part)
            sent += len(part)
        connection.recv(1)
    return f"the server took {sent / MEGABYTE:.0f} MB"


def _hold_connections(port: int) -> str:
    held = []
    with suppress(OSError):
        held = [_connection(port) for _ in range(CONNECTIONS)]
    time.sleep(FLOOD_SECONDS)
    for connection in held:
        connection.close()
    return f"{len(held)} connections opened"


def _send_bodies(port: int) -> str:
    ends = time.perf_counter() + FLOOD_SECONDS
    statuses: list[int] = []

    def send() -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/reports/2024-Q2/15493/draft",
            data=BODY,
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        while time.perf_counter() < ends:
            try:
                urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()  # noqa: S310 - as above
            except urllib.error.HTTPError as answer:
                statuses.append(answer.code)
            except OSError:
                statuses.append(0)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    counts = ", ".join(f"{status}: {statuses.count(status)}" for status in sorted(set(statuses)))
    return f"bodies by status: {counts}"


def _connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
