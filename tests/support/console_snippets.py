"""Runs the console snippets of a document against a real server and compares the output."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1:8000"
END_MARKER = "--- end of the answer ---"
START_TIMEOUT_SECONDS = 90.0


@dataclass(frozen=True)
class Step:
    """A command of a document, and its documented output."""

    command: str
    answer: str

    def difference(self, answer: str) -> str:
        """A failure message with the documented and the actual output."""
        return f"{self.command}\ndocumented:\n{self.answer}\nactual:\n{answer}"


def steps(document: Path, first_heading: str) -> Iterator[Step]:
    """The commands in a document's console blocks, starting at a heading."""
    text = document.read_text(encoding="utf-8").split(first_heading, 1)[1]
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, answer = _split(part)
            yield Step(command, answer.strip())


def _split(part: str) -> tuple[str, str]:
    """Separate a command, with its here-document if it has one, from its output."""
    lines = part.splitlines(keepends=True)
    here = re.search(r"<<'(\w+)'", lines[0])
    if here is None:
        return lines[0], "".join(lines[1:])
    end = next(n for n, line in enumerate(lines) if line.strip() == here[1])
    return "".join(lines[: end + 1]), "".join(lines[end + 1 :])


def free_port() -> int:
    """An unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`tiendo serve` on a data folder and a port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        """Start the server with TIENDO_ settings, and wait until it is ready."""
        environment = (
            os.environ
            | settings
            | {
                "TIENDO_DATA_DIR": str(self.folder),
                "TIENDO_PORT": str(self.port),
            }
        )
        self._process = subprocess.Popen(  # noqa: S603 - no outside input
            [Path(sys.executable).with_name("tiendo"), "serve"], cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/health/ready").raise_for_status()
            except httpx.HTTPError:
                assert self._process.poll() is None, "the server exited"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        """Stop the server with SIGINT, like Ctrl-C."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            assert self._process.wait(20) == 0
            self._process = None


class Shell:
    """A bash process that runs the document's commands in sequence."""

    def __init__(self, folder: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash"],  # noqa: S607 - bash from PATH
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        """Run a command and return its output."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\necho '{END_MARKER}'\n")
        self._bash.stdin.flush()
        lines = []
        for line in self._bash.stdout:
            if line.strip() == END_MARKER:
                break
            lines.append(line)
        return "".join(lines).strip()

    def close(self) -> None:
        """Kill the shell."""
        self._bash.kill()
        self._bash.communicate()


def matches(answer: str, shown: str) -> bool:
    """Whether an output matches the documented one, where `…` matches any text."""
    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, answer, re.DOTALL) is not None
