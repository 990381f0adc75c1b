"""Processor time of one request in uvicorn's protocols and in the service's own.

The application answers with constant bytes, so that the protocol is most of the work. Processor
time depends less on what else the machine does than a rate.
"""

import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any, Self

import psutil

from bench.drill import DrillResult, failed_claims
from bench.request import ApiRequest
from bench.servers import first_answer, free_port
from bench.testbed import Testbed

OWN = "app.server.protocol:LimitedProtocol"
PROTOCOLS = ("httptools", OWN, "h11")
LAPS, REQUESTS = 7, 4_000
BODY = b"x" * 8_000
MAX_EXTRA = 10e-6
"""Seconds of a request that the limits may cost; a read of a report takes some 500e-6."""


def measure(_: Testbed) -> Sequence[DrillResult]:
    """Send the same requests to a server of each protocol, lap by lap."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_Server(name)) for name in PROTOCOLS}
        laps = [{name: server.seconds() for name, server in servers.items()} for _ in range(LAPS)]
    seconds = {name: median(lap[name] for lap in laps) for name in PROTOCOLS}
    figures = [f"{name}: {1e6 * each:.0f} µs a request" for name, each in seconds.items()]
    cheap = seconds[OWN] - seconds["httptools"] <= MAX_EXTRA
    claims = {f"the limits cost at most {1e6 * MAX_EXTRA:.0f} µs": cheap}
    return [DrillResult("processor time of protocols", figures, failed_claims(claims))]


class _Server:
    """A server process with one protocol."""

    def __init__(self, protocol: str) -> None:
        self._port = free_port()
        command = [sys.executable, "-m", "bench.protocols", protocol, str(self._port)]
        self._process = subprocess.Popen(command)  # noqa: S603 - no outside input

    def __enter__(self) -> Self:
        first_answer(f"http://127.0.0.1:{self._port}/", self._process)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def seconds(self) -> float:
        """Processor time of one request, of many on one connection."""
        request = ApiRequest("GET", "/api/v1/reports/2024-Q2/15493", "t" * 43).raw()
        process = psutil.Process(self._process.pid)
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            before = sum(process.cpu_times()[:2])
            for _ in range(REQUESTS):
                connection.sendall(request)
                received = b""
                while not received.endswith(BODY):
                    received += connection.recv(65536)
            return (sum(process.cpu_times()[:2]) - before) / REQUESTS


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer every request with the same bytes."""
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": BODY})


def _serve(protocol: str, port: int) -> None:
    import uvicorn  # noqa: PLC0415 - in the server processes only

    options: dict[str, Any] = {"http": protocol, "ws": "none", "lifespan": "off"}
    uvicorn.run(answer, port=port, log_level="warning", access_log=False, **options)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
