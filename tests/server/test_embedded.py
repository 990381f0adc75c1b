"""Start, join and stop the embedded PostgreSQL."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from app.server import cluster, embedded
from app.server.cluster import Cluster
from app.server.embedded import EmbeddedServerError


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tiendo-"))
    yield folder
    shutil.rmtree(folder)


def fetch(url: str, statement: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_last_process_stops_the_server(folder: Path) -> None:
    running = folder / "postgres" / "postmaster.pid"
    with embedded.running(folder):
        pass
    running.write_text(
        f"{os.getpid()}\n"
    )  # stale: left by a killed server, and its process id is in use again
    with embedded.running(folder) as url:
        first = running.read_text().splitlines()[0]
        with embedded.running(folder) as same:
            assert same == url
        assert running.read_text().splitlines()[0] == first != str(os.getpid())
        assert mode_of(folder / "postgres") == 0o700  # the server trusts every local connection
    assert not running.exists()


def test_the_data_folder_may_have_spaces_accents_and_signs(folder: Path) -> None:
    with embedded.running(folder / "Dự án (số #1)'s & ?, \"$`\\" / "var") as url:
        assert fetch(url, "SELECT 1") == 1


@pytest.mark.parametrize("locale", ["vi_VN.UTF-8", "C", "tr_TR.UTF-8"])
def test_the_database_has_one_locale_in_every_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)  # generated or not
    monkeypatch.setenv("PGPORT", "5433")
    with embedded.running(folder) as url:
        assert fetch(url, "SELECT upper('đi')") == "ĐI"
        assert fetch(url, "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == (
            "C.UTF-8"
        )


def test_a_database_of_another_locale_keeps_working(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "LOCALE", ("--encoding=UTF8", "--locale=C"))
        with embedded.running(folder) as url:
            fetch(url, "CREATE TABLE kept ()")
    with embedded.running(folder) as url:
        fetch(url, "DROP TABLE kept")


def test_an_interrupted_creation_is_moved_aside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def power_cut(_: Cluster, part: Path) -> None:
        (part / "PG_VERSION").write_text("18\n")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, "_initialise", power_cut)
        with pytest.raises(KeyboardInterrupt):
            embedded.running(folder).__enter__()
    with embedded.running(folder) as url:
        fetch(url, "CREATE TABLE kept ()")
    assert (folder / "postgres.unfinished.1" / "PG_VERSION").exists()
    assert "moved to postgres.unfinished.1" in caplog.text

    # Beside a database, such a name changes nothing.
    (folder / "postgres.unfinished").write_text("somebody's file")
    with embedded.running(folder) as url:
        fetch(url, "DROP TABLE kept")
    assert (folder / "postgres.unfinished").read_text() == "somebody's file"


def test_a_folder_without_a_database_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "report.docx").touch()
    with pytest.raises(EmbeddedServerError, match="is not empty, but contains no database"):
        embedded.start(folder)
    assert (folder / "postgres" / "report.docx").exists()


def test_a_database_of_another_version_is_reported(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedServerError, match="of PostgreSQL 16; this is 18"):
        embedded.start(folder)


def test_a_long_path_has_its_socket_in_a_private_folder(folder: Path) -> None:
    with embedded.running(folder / ("long" * 25)) as url:
        assert fetch(url, "SELECT 1") == 1
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
        assert not sockets.is_relative_to(folder)
        assert mode_of(sockets) == 0o700
        sockets.chmod(0o777)
        with pytest.raises(EmbeddedServerError, match="is open to other users"):
            embedded.start(folder / ("long" * 25))
    assert not sockets.exists()
