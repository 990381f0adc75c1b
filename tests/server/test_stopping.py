"""Stop signals: never lost, never a stack trace, at every moment of a start."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from app.db.roles import DatabaseUrls
from app.server import stopping
from app.server.cluster import Cluster
from tests.support.server_process import SECONDS_TO_START, Server

Moment = Callable[[Path, Server], bool]
TABLES_EXIST = "SELECT to_regclass('alembic_version') IS NOT NULL"


def test_a_signal_cancels_a_coroutine() -> None:
    steps = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(60)
        finally:
            os.kill(os.getpid(), signal.SIGINT)  # does not interrupt the clean-up
            await asyncio.sleep(0.01)
            steps.append("cleaned up")

    with stopping.recorded_signals():
        with pytest.raises(stopping.Stopped) as stopped:
            stopping.run(work())
        assert stopped.value.code == 128 + signal.SIGTERM
        with pytest.raises(stopping.Stopped):
            stopping.run(work())
    assert steps == ["cleaned up"]


def test_a_signal_is_seen_at_the_next_question() -> None:
    handlers = [signal.getsignal(each) for each in stopping.STOP_SIGNALS]
    with stopping.recorded_signals():
        stopping.exit_if_stopped()
        signal.raise_signal(signal.SIGHUP)
        assert stopping.is_stopped()
        with pytest.raises(stopping.Stopped):
            stopping.exit_if_stopped()
    assert [signal.getsignal(each) for each in stopping.STOP_SIGNALS] == handlers


def has(name: str) -> Moment:
    return lambda data_dir, _: (data_dir / name).exists()


def prints(text: str) -> Moment:
    return lambda _, server: text in server.output


def has_tables(data_dir: Path, _: Server) -> bool:
    async def fetch(url: str) -> bool:
        connection = await asyncpg.connect(url)
        try:
            exist: bool = await connection.fetchval(TABLES_EXIST)
            return exist
        finally:
            await connection.close()

    server = Cluster(data_dir / "postgres").find_server()
    return server is not None and server.is_ready and asyncio.run(fetch(server.url))


MOMENTS: tuple[Moment, ...] = (
    has("serve.lock"),
    has("postgres.start.lock"),
    has("postgres.unfinished"),
    has("postgres.unfinished/PG_VERSION"),
    has("postgres"),
    has("postgres/postmaster.pid"),
    has("postgres/.s.PGSQL.5432"),
    has_tables,
    prints("First run"),
    prints("password:"),
    prints("Ctrl+C"),
)
"""In the order of a first start; each start begins where the one before was interrupted."""


def reach(moment: Moment, data_dir: Path, server: Server) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not moment(data_dir, server):
        assert time.monotonic() < deadline
        assert server.process.poll() is None, server.output
        time.sleep(0.001)


def test_ctrl_c_stops_a_first_start_at_any_moment(data_dir: Path, port: int) -> None:
    passwords = []
    for number, moment in enumerate(MOMENTS):
        for lock in data_dir.glob("*.lock"):
            lock.unlink()
        server = Server(data_dir, port)
        reach(moment, data_dir, server)
        if number % 2:
            server.process.terminate()
        server.interrupt()
        server.interrupt()
        # The second signal may arrive when the clean-up is complete.
        assert server.end(None) in {0, -signal.SIGINT}, server.output
        assert "Traceback" not in server.output
        assert not (data_dir / "postgres" / "postmaster.pid").exists()
        passwords += re.findall(r"password:\s+(\S+)", server.output)
    assert passwords

    server = Server(data_dir, port)
    server.wait_until_ready()
    assert server.sign_in(passwords[-1]) == 200
    assert server.end() == 0


def test_ctrl_c_stops_workers_that_are_starting(
    data_dir: Path, port: int, database_urls: DatabaseUrls
) -> None:
    server = Server(
        data_dir,
        port,
        TIENDO_DATABASE_URL=database_urls.application,
        TIENDO_OWNER_DATABASE_URL=database_urls.owner,
        TIENDO_WORKERS="2",
    )
    reach(prints("Ctrl+C"), data_dir, server)
    server.interrupt()
    server.interrupt()
    assert server.end(None) in {0, -signal.SIGINT}, server.output
    assert "Traceback" not in server.output
