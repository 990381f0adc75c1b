"""`tiendo serve` as a process: its environment, its output, and a client for it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

TIENDO = Path(sys.executable).with_name("tiendo")
SECONDS_TO_START = 90


class Server:
    """A running `tiendo serve`, its output, and a client for it."""

    def __init__(self, data_dir: Path, port: int, **settings: str) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS_TO_START)
        self.process = subprocess.Popen(  # noqa: S603 - no outside input
            [TIENDO, "serve"],
            env=environment(data_dir, port, **settings),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        """What the process has printed so far."""
        return "".join(self.lines)

    def wait_until_ready(self) -> None:
        """Wait until the service is ready.

        Raises:
            pytest.fail.Exception: it ends, or is not ready in time.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail(f"not ready; output: {self.output}")

    def sign_in(self, password: str) -> int:
        """Sign in as admin, for the client's further requests; returns the status."""
        form = {"username": "admin", "password": password}
        answer = self.client.post("/api/v1/auth/token", data=form)
        if answer.status_code == 200:
            self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer.status_code

    def interrupt(self) -> None:
        """Send SIGINT to the process and its children, as a terminal does for Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, how: signal.Signals | None = signal.SIGTERM) -> int:
        """Send a signal unless it was sent, and wait until the process ends."""
        if how is not None:
            self.process.send_signal(how)
        status = self.process.wait(30)
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()
        return status


def environment(data_dir: Path, port: int, **settings: str) -> dict[str, str]:
    """The environment of a service with its own data folder and port."""
    inherited = {name: value for name, value in os.environ.items() if "TIENDO" not in name}
    return {
        **inherited,
        "TIENDO_DATA_DIR": str(data_dir),
        "TIENDO_PORT": str(port),
        "TIENDO_EMBEDDED_WORKER": "false",
        "TIENDO_LANG": "en",
        **settings,
    }
