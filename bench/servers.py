"""Start the measured servers, each in a separate process like a worker of `tiendo serve`."""

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


@contextmanager
def service(testbed: Testbed, database_url: str, workers: int = 1) -> Iterator[int]:
    """Run the service on a database and yield its port."""
    settings = {
        "TIENDO_DATABASE_URL": database_url,
        "TIENDO_DATA_DIR": str(testbed.folder / "data"),
        "TIENDO_CLOCK_OFFSET_SECONDS": offset_seconds(),
        "TIENDO_EMBEDDED_WORKER": "false",
    }
    with _serving("app.main:create_worker_app", "/health/live", settings, workers) as port:
        yield port


@contextmanager
def floors(testbed: Testbed, recording: Recording, workers: int = 1) -> Iterator[int]:
    """Run the floors and yield their port."""
    file = testbed.folder / "recording"
    file.write_bytes(pickle.dumps(recording))
    with _serving("bench.floors:create_app", "/", {RECORDING: str(file)}, workers) as port:
        yield port


def free_port() -> int:
    """An unused port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(factory: str, path: str, settings: dict[str, str], workers: int) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port)]
    command += ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    environment = os.environ | settings
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - no outside input
        try:
            first_answer(f"http://127.0.0.1:{port}{path}", process)
            yield port
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
