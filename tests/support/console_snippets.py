"""Runs the console snippets of a document against a real server, and holds the answers to it."""

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
    """A command of a document, and the answer that it shows."""

    command: str
    answer: str

    def difference(self, answer: str) -> str:
        """How the answer differs from the one shown."""
        return f"{self.command}\nshown:\n{self.answer}\ngot:\n{answer}"


def steps(document: Path, first_heading: str) -> Iterator[Step]:
    """The commands of a document's console blocks from a heading on."""
    text = document.read_text(encoding="utf-8").split(first_heading, 1)[1]
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, answer = _split(part)
            yield Step(command, answer.strip())


def _split(part: str) -> tuple[str, str]:
    """A command ends with its line, or with the word that ends its here-document."""
    lines = part.splitlines(keepends=True)
    here = re.search(r"<<'(\w+)'", lines[0])
    if here is None:
        return lines[0], "".join(lines[1:])
    end = next(n for n, line in enumerate(lines) if line.strip() == here[1])
    return "".join(lines[: end + 1]), "".join(lines[end + 1 :])


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`tiendo serve` on a folder and a port, as a person would run it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        """Start it with TIENDO_ settings, and wait until it serves."""
        environment = (
            os.environ
            | settings
            | {
                "TIENDO_DATA_DIR": str(self.folder),
                "TIENDO_PORT": str(self.port),
            }
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [Path(sys.executable).with_name("tiendo"), "serve"], cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/health/ready").raise_for_status()
            except httpx.HTTPError:
                assert self._process.poll() is None, "the server ended"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            assert self._process.wait(20) == 0
            self._process = None


class Shell:
    """One bash, in which the document's commands run one after the other."""

    def __init__(self, folder: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash"],  # noqa: S607 - the reader's shell
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        """What a command prints."""
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
        """End it."""
        self._bash.kill()
        self._bash.communicate()


def matches(answer: str, shown: str) -> bool:
    """Whether an answer is the one shown; `…` in a document stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, answer, re.DOTALL) is not None
