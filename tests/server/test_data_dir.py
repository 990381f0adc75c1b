"""The data folder: created private, and refused where another user owns it."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from app.server.data_dir import DataDirError, ensure_data_dir, lock_file

STRANGER = 12_345


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_data_folder_and_its_locks_are_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        folder = ensure_data_dir(tmp_path / "var")
        with lock_file(folder, "serve.lock"):
            pass
    finally:
        os.umask(previous)
    assert mode_of(folder) == 0o700
    assert mode_of(folder / "serve.lock") == 0o600


def test_a_lock_file_that_others_could_lock_is_closed(tmp_path: Path) -> None:
    (tmp_path / "serve.lock").touch()
    (tmp_path / "serve.lock").chmod(0o644)
    with lock_file(tmp_path, "serve.lock"):
        assert mode_of(tmp_path / "serve.lock") == 0o600


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_an_unwritable_lock_file_is_reported(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "postgres.lock").mkdir()
    else:
        (tmp_path / "postgres.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataDirError, match=r"postgres\.lock cannot be written"):
        lock_file(tmp_path, "postgres.lock")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match="cannot be written"):
        ensure_data_dir(tmp_path / "file" / "var")


def test_a_path_that_the_server_cannot_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataDirError, match="set TIENDO_DATA_DIR"):
        ensure_data_dir(tmp_path / "a\nb")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_another_user_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    with pytest.raises(DataDirError) as caught:
        ensure_data_dir(tmp_path)
    assert f"belongs to user {owner}, and this is user {STRANGER}: run the command as" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter another user's folder")
def test_root_changes_nothing_in_the_folder_of_a_user(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o750)
    os.chown(folder, STRANGER, STRANGER)
    with pytest.raises(DataDirError, match=f"belongs to user {STRANGER}, and this is user root"):
        ensure_data_dir(folder)
    assert list(folder.iterdir()) == []
    assert (folder.stat().st_uid, mode_of(folder)) == (STRANGER, 0o750)
