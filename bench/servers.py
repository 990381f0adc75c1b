"""Start the measured servers, each in a process of its own."""

import os
import pickle
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from bench.floors import RECORDING, Recording
from bench.testbed import Testbed, offset_seconds

TIMEOUT_SECONDS = 120.0


TIENDO = [sys.executable, "-c", "from app.__main__ import main; main()", "serve"]


@contextmanager
def service(testbed: Testbed, database_url: str, workers: int = 1) -> Iterator[int]:
    """Run `tiendo serve` on a database and yield its port."""
    port = free_port()
    settings = _settings(testbed, database_url, port) | {"TIENDO_WORKERS": str(workers)}
    with _serving(TIENDO, _liveness(port), settings):
        yield port


@contextmanager
def service_in_real_time(testbed: Testbed, database_url: str) -> Iterator[tuple[int, int]]:
    """As `service`, with the clock of the machine; yield the port and the process id."""
    port = free_port()
    settings = _settings(testbed, database_url, port) | {"TIENDO_CLOCK_OFFSET_SECONDS": "0"}
    with _serving(TIENDO, _liveness(port), settings) as process:
        yield port, process.pid


@contextmanager
def measured_service(
    testbed: Testbed, database_url: str, open_files: int
) -> Iterator[tuple[int, int]]:
    """Run `tiendo serve` with a soft limit of open files; yield its port and its process id."""
    port = free_port()
    command = ["sh", "-c", f'ulimit -Sn {open_files} && exec "$@"', "sh", *TIENDO]
    with _serving(command, _liveness(port), _settings(testbed, database_url, port)) as process:
        yield port, process.pid


def _settings(testbed: Testbed, database_url: str, port: int) -> dict[str, str]:
    return {
        "TIENDO_DATABASE_URL": database_url,
        "TIENDO_DATA_DIR": str(testbed.folder / "data"),
        "TIENDO_PORT": str(port),
        "TIENDO_CLOCK_OFFSET_SECONDS": offset_seconds(),
        "TIENDO_EMBEDDED_WORKER": "false",
    }


def _liveness(port: int) -> str:
    return f"http://127.0.0.1:{port}/health/live"


@contextmanager
def floors(testbed: Testbed, recording: Recording, workers: int = 1) -> Iterator[int]:
    """Run the floors and yield their port."""
    port = free_port()
    file = testbed.folder / "recording"
    file.write_bytes(pickle.dumps(recording))
    command = [sys.executable, "-m", "uvicorn", "--factory", "bench.floors:create_app"]
    command += ["--port", str(port), "--workers", str(workers)]
    command += ["--no-access-log", "--log-level", "warning"]
    with _serving(command, f"http://127.0.0.1:{port}/", {RECORDING: str(file)}):
        yield port


def free_port() -> int:
    """An unused port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(
    command: list[str], url: str, settings: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block, which begins with the first response."""
    with subprocess.Popen(  # noqa: S603 - no outside input
        command,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,  # a baseline prints its port there
    ) as process:
        try:
            first_answer(url, process)
            yield process
        finally:
            process.terminate()


def first_answer(url: str, process: subprocess.Popen[bytes]) -> float:
    """Wait for a response of any status; return its time by time.perf_counter.

    Raises:
        RuntimeError: the server exited, or did not answer in time.
    """
    deadline = time.perf_counter() + TIMEOUT_SECONDS
    while time.perf_counter() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - a local server
                return time.perf_counter()
        except urllib.error.HTTPError:
            return time.perf_counter()
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"the server exited with {process.returncode}") from None
            time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer within {TIMEOUT_SECONDS:.0f} s")
