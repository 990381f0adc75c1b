"""Time from `tiendo serve` to its first response, on an empty and on an existing data folder."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from socket import socket
from statistics import median

from bench.drill import DrillResult, failed_claims
from bench.servers import TIENDO
from bench.testbed import Testbed

MAX_SECONDS_EMPTY, MAX_SECONDS_EXISTING = 10.0, 4.0
STARTS = 5
TIMEOUT_SECONDS = 60.0


def measure(testbed: Testbed) -> Sequence[DrillResult]:
    """Start once on an empty folder, then several times on the folder that this filled."""
    folder = testbed.folder / "var"
    empty = _seconds(folder)
    existing = sorted(_seconds(folder) for _ in range(STARTS))
    spread = f"{existing[0]:.1f} to {existing[-1]:.1f} in {STARTS} starts"
    figures = [
        f"empty folder: {empty:.1f} s",
        f"existing folder: {median(existing):.1f} s ({spread})",
    ]
    claims = {
        f"at most {MAX_SECONDS_EMPTY} s from empty": empty <= MAX_SECONDS_EMPTY,
        f"at most {MAX_SECONDS_EXISTING} s from existing": (
            median(existing) <= MAX_SECONDS_EXISTING
        ),
    }
    return [DrillResult("start to first response", figures, failed_claims(claims))]


def _seconds(folder: Path) -> float:
    """Seconds until /health/ready, which needs the database, answers."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "TIENDO_DATA_DIR": str(folder),
        "TIENDO_PORT": str(port),
        "TIENDO_ADMIN_PASSWORD": "mat-khau-quan-tri",
    }
    start = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - no outside input
        TIENDO, env=os.environ | settings, stdout=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for_answer(f"http://127.0.0.1:{port}/health/ready", start + TIMEOUT_SECONDS)
            return time.perf_counter() - start
        finally:
            server.send_signal(signal.SIGTERM)


def _wait_for_answer(url: str, until: float) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS):  # noqa: S310 - a local server
                return
        except urllib.error.URLError:
            if time.perf_counter() > until:
                raise
            time.sleep(0.01)
