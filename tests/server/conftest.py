"""A port and a data folder for a server process."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server import embedded


@pytest.fixture
def port() -> int:
    """An unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for the embedded server, which is stopped at the end in any case."""
    parent = Path(tempfile.mkdtemp(prefix="tiendo-"))
    folder = parent / "var"
    yield folder
    if (folder / "postgres" / "postmaster.pid").exists():
        with embedded.running(folder):
            pass
    shutil.rmtree(parent)
