"""A closed-loop load generator: each client sends its next request after the last response.

It shares the machine with the measured server, so it implements only the HTTP/1.1 that these
servers use: keep-alive connections and Content-Length, no chunked encoding.
"""

import asyncio
import gc
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class LoadResult:
    """The result of one run: requests per second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    sent: int
    """Number of requests sent, including the warm-up."""


@dataclass(frozen=True)
class LoadProfile:
    """Requests, target port and duration; `once` forbids sending a request again."""

    port: int
    requests: Sequence[bytes]
    clients: int
    seconds: float
    warm_up: float
    once: bool = False


@dataclass
class _Run:
    """State shared by the clients of a run."""

    profile: LoadProfile
    started: float = field(default_factory=time.perf_counter)
    latencies: list[float] = field(default_factory=list)
    fault: str | None = None
    ended: float = 0.0
    sent: int = 0

    def __post_init__(self) -> None:
        requests = self.profile.requests
        self._left = iter(requests) if self.profile.once else cycle(requests)
        self.measured_from = self.started + self.profile.warm_up
        self.closes_at = self.measured_from + self.profile.seconds

    def next(self, now: float) -> bytes | None:
        if self.fault is not None or now >= self.closes_at:
            return None
        self.sent += 1
        return next(self._left, None)

    def answered(self, sent_at: float, now: float) -> None:
        if sent_at >= self.measured_from:
            self.latencies.append(now - sent_at)
            self.ended = now


class _Client(asyncio.Protocol):
    """One client connection."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's class is not a subclass
        self._send_next()

    def _send_next(self) -> None:
        now = time.perf_counter()
        request = self.run.next(now)
        if request is None:
            self.transport.close()
            return
        self.sent_at = now
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_length = self.buffer.find(END_OF_HEAD)
        if head_length < 0:
            return
        head = self.buffer[:head_length].lower()
        start = head.find(LENGTH)
        length = int(head[start + len(LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(self.buffer) < head_length + len(END_OF_HEAD) + length:
            return
        self.run.answered(self.sent_at, time.perf_counter())
        if not head.startswith((b"http/1.1 2", b"http/1.1 304")):
            self.run.fault = self.buffer.decode(errors="replace")
        self.buffer = b""
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.run.fault = f"connection lost: {exc}"
        self.finished.set_result(None)


async def _run(profile: LoadProfile) -> LoadResult:
    run = _Run(profile)
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(run), "127.0.0.1", profile.port))[1]
        for _ in range(profile.clients)
    ]
    await asyncio.wait_for(
        asyncio.gather(*(client.finished for client in clients)),
        profile.warm_up + profile.seconds + 60,
    )
    if run.fault is not None:
        raise RuntimeError(run.fault)
    if not run.latencies:
        raise RuntimeError("the requests ran out during the warm-up")
    return _lap(run)


def _lap(run: _Run) -> LoadResult:
    latencies = sorted(run.latencies)
    return LoadResult(
        rate=len(latencies) / (run.ended - run.measured_from),
        p50=1000 * quantile(latencies, 0.5),
        p99=1000 * quantile(latencies, 0.99),
        sent=run.sent,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def generate(profile: LoadProfile) -> LoadResult:
    """Send the load and measure it. Disables the garbage collector: run in a separate process."""
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(profile))
