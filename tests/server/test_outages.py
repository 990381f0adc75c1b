"""`tiendo serve` while its PostgreSQL is killed or silent."""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.server import embedded
from app.server.cluster import Cluster
from tests.support.server_process import SECONDS_TO_START, Server

PASSWORD = "mật khẩu của quản trị"
KEY = {"name": "kept", "scopes": ["aggregates:read"], "agency": "395"}
READS = "/api/v1/obligations"


def postmaster(data_dir: Path) -> psutil.Process:
    server = Cluster(data_dir / "postgres").find_server()
    assert server is not None
    return server.process


def count(server: Server, text: str) -> int:
    return sum(text in line for line in server.lines)


def wait_for_line(server: Server, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while count(server, text) < times:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_database_is_started_again(data_dir: Path, port: int, workers: str) -> None:
    server = Server(
        data_dir,
        port,
        TIENDO_ADMIN_PASSWORD=PASSWORD,
        TIENDO_WORKERS=workers,
        TIENDO_EMBEDDED_WORKER="true",
    )
    server.wait_until_ready()
    assert server.sign_in(PASSWORD) == 200
    assert server.client.post("/api/v1/api-keys", json=KEY).status_code == 201
    postmaster(data_dir).kill()
    statuses = set()
    deadline = time.monotonic() + SECONDS_TO_START
    while not count(server, "the embedded PostgreSQL runs again"):
        assert time.monotonic() < deadline, server.output
        statuses.add(server.client.get(READS).status_code)
    server.wait_until_ready()
    while server.client.get(READS).status_code != 200:  # of another worker
        assert time.monotonic() < deadline, server.output
    names = [key["name"] for key in server.client.get("/api/v1/api-keys").json()["items"]]
    assert names == ["kept"]
    assert server.client.post("/api/v1/api-keys", json=KEY).status_code == 201
    assert server.end() == 0
    assert statuses <= {200, 503}
    assert count(server, "the embedded PostgreSQL has ended") == 1
    assert count(server, "the database does not answer") <= int(workers)
    assert "Traceback" not in server.output
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


@pytest.fixture
def own_postgresql() -> Iterator[embedded.EmbeddedServer]:
    """A PostgreSQL that the service does not start itself."""
    with tempfile.TemporaryDirectory(prefix="tiendo-") as folder:
        server = embedded.start(Path(folder))
        yield server
        send(server, signal.SIGCONT)
        server.stop()


def send(server: embedded.EmbeddedServer, number: signal.Signals) -> None:
    """Send a signal to all processes of a server."""
    running = server.cluster.find_server()
    assert running is not None
    for process in [running.process, *running.process.children()]:
        with suppress(psutil.NoSuchProcess):  # a worker of PostgreSQL ended meanwhile
            process.send_signal(number)


def test_a_silent_database_is_reported_and_holds_up_neither_requests_nor_the_end(
    data_dir: Path, port: int, own_postgresql: embedded.EmbeddedServer
) -> None:
    server = Server(
        data_dir,
        port,
        TIENDO_ADMIN_PASSWORD=PASSWORD,
        TIENDO_DATABASE_URL=own_postgresql.url,
        TIENDO_EMBEDDED_WORKER="true",
    )
    server.wait_until_ready()
    assert server.sign_in(PASSWORD) == 200
    send(own_postgresql, signal.SIGSTOP)
    under_way = server.client.get(READS)
    assert under_way.status_code == 503
    assert under_way.headers["Content-Type"] == "application/problem+json"
    assert under_way.headers["Retry-After"]
    assert server.client.get("/health/ready").json()["reason"] == "unreachable"
    assert server.client.get("/health/live").status_code == 200
    wait_for_line(server, "the database does not answer")
    assert server.client.get(READS).json()["type"] == "/problems/database-unavailable"
    send(own_postgresql, signal.SIGCONT)
    server.wait_until_ready()
    assert server.client.get(READS).status_code == 200
    assert server.client.post("/api/v1/api-keys", json=KEY).status_code == 201
    send(own_postgresql, signal.SIGSTOP)
    assert server.client.get("/health/ready").status_code == 503
    assert server.end() == 0
    assert count(server, "the database can be used again") == 1
    assert "Traceback" not in server.output
