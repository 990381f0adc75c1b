"""The data folder: its owner, its mode, and the lock files in it."""

import fcntl
import os
import pwd
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from app.errors import OperatorError
from app.server.stopping import exit_if_stopped
from app.text.bilingual import Bilingual

FULL_DISK_BYTES = 20_000_000
"""With less free space PostgreSQL cannot start: it writes its log ahead in files of 16 MB."""
UNUSABLE = "\n"
"""PostgreSQL writes the folder's path as one line of a file."""


POLL_SECONDS = 0.05


class DataDirError(OperatorError):
    """The data folder cannot be used; the message addresses the operator."""


def ensure_data_dir(data_dir: Path) -> Path:
    """The resolved data folder, created with mode 0700 if missing.

    Raises:
        DataDirError: the folder cannot be created or written, or belongs to another user.
    """
    folder = data_dir.expanduser().resolve()
    if UNUSABLE in str(folder):
        raise DataDirError(
            Bilingual(
                f"đường dẫn của thư mục dữ liệu {str(folder)!r} có ký tự xuống dòng; hãy đặt "
                "TIENDO_DATA_DIR là thư mục khác",
                f"the data folder {str(folder)!r} has a line break in its path; "
                "set TIENDO_DATA_DIR to a folder without it",
            )
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ensure_owner(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataDirError(
            Bilingual(
                f"không ghi được vào thư mục dữ liệu {folder} ({error.strerror}); hãy đặt "
                "TIENDO_DATA_DIR là thư mục ghi được",
                f"the data folder {folder} cannot be written ({error.strerror}); "
                "set TIENDO_DATA_DIR to a writable folder",
            )
        ) from error
    return folder


def ensure_owner(folder: Path) -> None:
    """Ensure that a folder belongs to this process's user, before anything in it is changed.

    Root could write in any folder; its files would lock out the folder's owner.

    Raises:
        DataDirError: it belongs to another user.
    """
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise DataDirError(
            Bilingual(
                f"thư mục dữ liệu {folder} là của người dùng {user_name(owner)}, lệnh này đang "
                f"chạy với người dùng {user_name(os.geteuid())}: hãy chạy lệnh với người dùng "
                f"{user_name(owner)}, hoặc đặt TIENDO_DATA_DIR là thư mục khác",
                f"the data folder {folder} belongs to user {user_name(owner)}, and this is user "
                f"{user_name(os.geteuid())}: run the command as {user_name(owner)}, "
                "or set TIENDO_DATA_DIR to another folder",
            )
        )


def is_disk_full(folder: Path) -> bool:
    """Whether the disk of a folder has too little room for PostgreSQL to start."""
    return shutil.disk_usage(folder).free < FULL_DISK_BYTES


def user_name(uid: int) -> str:
    """The name of a user; its number if it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def lock_file(folder: Path, name: str) -> BinaryIO:
    """Open a lock file in the data folder, which only its owner can open, and so lock.

    Raises:
        DataDirError: the file cannot be written.
    """
    try:
        lock = open_private(folder / name, os.O_RDWR)
        os.fchmod(lock.fileno(), 0o600)  # earlier versions created it with mode 0644
    except OSError as error:
        raise DataDirError(
            Bilingual(
                f"không ghi được {folder / name} ({error.strerror}): hãy chạy lệnh với người dùng "
                "sở hữu tệp đó, hoặc đặt TIENDO_DATA_DIR là thư mục khác",
                f"{folder / name} cannot be written ({error.strerror}): run as the user who owns "
                "it, "
                "or set TIENDO_DATA_DIR to another folder",
            )
        ) from error
    return lock


def acquire(lock: BinaryIO, operation: int) -> None:
    """Lock a file as `fcntl.flock` does, shared or exclusive, when it is free.

    Raises:
        Stopped: a stop signal arrived before.
    """
    while True:
        exit_if_stopped()
        try:
            fcntl.flock(lock, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_SECONDS)
        else:
            return


def open_private(path: Path, flags: int) -> BinaryIO:
    """Open a file that is created with mode 0600 if missing, and do not follow a link."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "wb", buffering=0)
