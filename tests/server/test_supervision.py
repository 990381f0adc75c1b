"""Start the embedded PostgreSQL again, or end the service."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
import pytest

from app.errors import OperatorError
from app.server import cluster, embedded, supervision
from app.server.cluster import Cluster, FullDiskError
from app.settings import Settings

SECONDS_TO_START = 90


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tiendo-"))
    yield folder
    Cluster(folder / "postgres").stop()
    shutil.rmtree(folder)


def wait_for_server(folder: Path) -> cluster.RunningServer:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        server = Cluster(folder).find_server()
        if server is not None and server.is_ready:
            return server
        time.sleep(0.05)
    pytest.fail("it was not started again")


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended can wait for its parent as a zombie."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_killed_server_starts_at_the_same_address(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The socket's address is too long for the cluster's folder, so that it is in another one.
    monkeypatch.setattr(cluster, "LONGEST_SOCKET_PATH", 10)
    server = embedded.start(data_dir)
    with supervision.supervised(Settings(data_dir=data_dir), server.url):
        first = wait_for_server(server.cluster.folder)
        backends = first.process.children()
        first.process.kill()
        psutil.wait_procs([first.process])
        second = wait_for_server(server.cluster.folder)
    assert second.process.pid != first.process.pid
    assert second.url == server.url
    assert not any(is_alive(process) for process in backends)


def test_a_server_that_does_not_start_ends_the_service(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "GIVE_UP_SECONDS", 0.0)
    signals: list[int] = []

    def record(number: int, _: FrameType | None) -> None:
        signals.append(number)

    def lose_server() -> None:
        with supervision.supervised(Settings(data_dir=data_dir), server.url):
            server.cluster.stop()
            (server.cluster.folder / "global" / "pg_control").unlink()
            deadline = time.monotonic() + SECONDS_TO_START
            while not signals and time.monotonic() < deadline:
                time.sleep(0.05)

    previous = signal.signal(signal.SIGTERM, record)
    server = embedded.start(data_dir)
    try:
        with pytest.raises(OperatorError, match="does not start"):
            lose_server()
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert signals == [signal.SIGTERM]


def test_a_missing_folder_is_not_replaced_by_an_empty_database(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.05)
    server = embedded.start(data_dir)
    with supervision.supervised(Settings(data_dir=data_dir), server.url):
        server.cluster.stop()
        server.cluster.folder.rename(data_dir / "moved")
        time.sleep(2 * supervision.PAUSE_SECONDS)
        assert not server.cluster.folder.exists()
        (data_dir / "moved").rename(server.cluster.folder)
        wait_for_server(server.cluster.folder)


def test_a_first_start_on_a_full_disk_is_one_line(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CREATION_BYTES", 10**18)
    with pytest.raises(FullDiskError) as refused:
        embedded.start(data_dir)
    (line,) = str(refused.value).splitlines()
    assert f"the disk of {data_dir} is full" in line
    assert not (data_dir / "postgres").exists()
