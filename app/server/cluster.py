"""A PostgreSQL database cluster: its folder, and the server that runs on it."""

import logging
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from app.errors import OperatorError
from app.server import postgres_user
from app.server.data_dir import open_private
from app.server.orphans import end_orphans
from app.server.stopping import exit_if_stopped, is_stopped
from app.text.bilingual import Bilingual

MAJOR_VERSION = "18"
LOCALE = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
"""Options of `initdb`. PostgreSQL's own locale is the same on every machine: the letters of all
languages have upper and lower case, and texts sort by code point."""
PID_FILE = "postmaster.pid"
PORT = 5432
"""Part of the socket's name; the server does not listen on the network."""
LONGEST_SOCKET_PATH = 103
"""In bytes; the least of the supported operating systems."""
START_SECONDS = 60.0
SHUTDOWNS = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0))
"""Signals that stop a server, and the seconds that each has: a fast shutdown, an immediate one,
and for a server that does not react, none; after the last two the next start recovers."""
CREATION_BYTES = 100_000_000
"""A new cluster with the first plan, and its log, take nearly as much."""
POLL_SECONDS = 0.02

logger = logging.getLogger(__name__)


class ClusterError(OperatorError):
    """The cluster cannot be used; the message addresses the operator."""


class FullDiskError(ClusterError):
    """There is no room for the cluster."""


@dataclass(frozen=True)
class RunningServer:
    """A server, as it describes itself in `postmaster.pid`."""

    process: psutil.Process
    socket_dir: Path
    port: int
    is_ready: bool

    @property
    def url(self) -> str:
        """The URL of the database `postgres`, over a Unix socket."""
        return (
            f"postgresql://postgres:@/postgres?host={quote(str(self.socket_dir))}&port={self.port}"
        )


class Cluster:
    """A database cluster in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def ensure_created(self) -> None:
        """Create the cluster if its folder is missing or empty.

        `initdb` runs in a folder of another name, so that an interrupted creation leaves no
        incomplete cluster. What it leaves is moved aside, because it is not known what it is.

        Raises:
            ClusterError: the folder contains something else.
            FullDiskError: there is no room for the cluster.
        """
        version = self.folder / "PG_VERSION"
        if version.exists():
            if (number := version.read_text().strip()) != MAJOR_VERSION:
                raise ClusterError(
                    Bilingual(
                        f"{self.folder} là của PostgreSQL {number}, bản đang chạy là "
                        f"{MAJOR_VERSION}: hãy khôi phục tệp sao lưu vào một thư mục dữ liệu mới",
                        f"{self.folder} is of PostgreSQL {number}; this is {MAJOR_VERSION}: "
                        "restore a backup into a new data folder",
                    )
                )
            return
        if self.folder.exists() and any(self.folder.iterdir()):
            raise ClusterError(
                Bilingual(
                    f"thư mục {self.folder} không trống mà không phải cơ sở dữ liệu: hãy chuyển "
                    "nó đi chỗ khác",
                    f"{self.folder} is not empty, but contains no database: move it aside",
                )
            )
        if (free := shutil.disk_usage(self.folder.parent).free) < CREATION_BYTES:
            raise FullDiskError(
                Bilingual(
                    f"ổ đĩa của {self.folder.parent} đã đầy (còn {free // 1_000_000} MB): cơ sở "
                    f"dữ liệu mới cần {CREATION_BYTES // 1_000_000} MB",
                    f"the disk of {self.folder.parent} is full ({free // 1_000_000} MB free): "
                    f"a new database needs {CREATION_BYTES // 1_000_000} MB",
                )
            )
        part = self.folder.with_name(f"{self.folder.name}.unfinished")
        move_aside(part)
        part.mkdir(mode=0o700)
        postgres_user.give_to_initdb(part)
        self._initialise(part)
        postgres_user.give_to_server(part)
        part.rename(self.folder)
        _sync(self.folder.parent)

    def find_server(self) -> RunningServer | None:
        """The server that runs on the folder; None also where a killed server left its file."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            lines = (self.folder / PID_FILE).read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if Path(process.cwd()).samefile(self.folder):
                return _describe(process, self.folder, lines)
        return None

    def start(self) -> RunningServer:
        """Start the server, or wait until one that is already starting is ready.

        Raises:
            ClusterError: it ends, or is not ready in time.
        """
        launched: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            server = self.find_server()
            if launched is None or server is not None:  # else `stop` would not find the server
                exit_if_stopped()
            if server is not None and server.is_ready:
                self._ensure_usable(server)
                return server
            if launched is None and server is None:
                launched = self._launch()
            elif launched is not None and launched.poll() is not None:
                raise ClusterError(
                    Bilingual(
                        "tiến trình dừng ngay sau khi chạy",
                        "it ended at once",
                    )
                )
            time.sleep(POLL_SECONDS)
        raise ClusterError(
            Bilingual(
                f"sau {START_SECONDS:.0f} giây vẫn chưa sẵn sàng",
                f"it is not ready after {START_SECONDS:.0f} s",
            )
        )

    def stop(self) -> None:
        """Stop the server if it runs. Open transactions are rolled back."""
        server = self.find_server()
        if server is None:
            return
        with suppress(psutil.NoSuchProcess):
            for kind, seconds in SHUTDOWNS:
                server.process.send_signal(kind)
                with suppress(psutil.TimeoutExpired):
                    server.process.wait(seconds)
                    break
        if server.socket_dir != self.folder:
            with suppress(OSError):
                server.socket_dir.rmdir()

    def _launch(self) -> "subprocess.Popen[bytes]":
        sockets = self._socket_dir()
        if (self.folder / PID_FILE).exists():
            end_orphans(self.folder)
        self._remove_misleading_file()
        where = postgres_user.path_within(self.folder) if sockets == self.folder else sockets
        quoted = str(where).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": f'"{quoted}"',
            "unix_socket_permissions": "0700",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with open_private(self.folder / "log", os.O_WRONLY | os.O_APPEND) as log:
            process = subprocess.Popen(  # noqa: S603 - arguments of this module
                [*_command("postgres", self.folder), *arguments],
                stdout=log,
                stderr=log,
                **_options(self.folder),
            )
        # Reap the server when it ends: a zombie would look like a running server.
        threading.Thread(target=process.wait, daemon=True).start()
        return process

    def _remove_misleading_file(self) -> None:
        """Remove the file of a killed server whose process id another process has now.

        PostgreSQL would take that process for the server. If there is no such process, the file
        stays: it tells PostgreSQL whether parts of the old server still use its memory.
        """
        file = self.folder / PID_FILE
        with suppress(FileNotFoundError):
            first = file.read_text().partition("\n")[0]
            if not first.isdecimal() or psutil.pid_exists(int(first)):
                file.unlink()

    def _socket_dir(self) -> Path:
        """The cluster's folder, or a new private one if its path cannot be a socket's address."""
        path = self.folder / f".s.PGSQL.{PORT}"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and "," not in str(path):
            return self.folder  # clients separate several addresses by commas
        with suppress(OSError, IndexError):  # a killed server's, which clients know
            former = Path((self.folder / PID_FILE).read_text().splitlines()[4])
            if self._is_private(former):
                return former
        private = Path(tempfile.mkdtemp(prefix="tiendo-"))  # with mode 0700
        if os.geteuid() == 0:
            owner = self.folder.stat()
            os.chown(private, owner.st_uid, owner.st_gid)
        return private

    def _ensure_usable(self, server: RunningServer) -> None:
        """Ensure that the socket answers and is closed to other users, whom the server would trust.

        Raises:
            ClusterError: its folder belongs to another user, or is open to others.
            OSError: the socket refuses the connection.
        """
        if not self._is_private(server.socket_dir):
            raise ClusterError(
                Bilingual(
                    f"thư mục socket {server.socket_dir} đang mở cho người dùng khác: hãy dừng "
                    f"máy chủ cơ sở dữ liệu (kill -INT {server.process.pid}) rồi chạy lại",
                    f"its socket's folder {server.socket_dir} is open to other users: stop the "
                    "server "
                    f"(kill -INT {server.process.pid}), and start again",
                )
            )
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(server.socket_dir / f".s.PGSQL.{server.port}"))

    def _is_private(self, socket_dir: Path) -> bool:
        found, expected = socket_dir.lstat(), self.folder.stat()
        return (
            stat.S_ISDIR(found.st_mode)
            and found.st_uid == expected.st_uid
            and not stat.S_IMODE(found.st_mode) & 0o077
        )

    def _initialise(self, folder: Path) -> None:
        initdb = subprocess.Popen(  # noqa: S603 - arguments of this module
            [*_command("initdb", folder), "--username=postgres", "--auth=trust", *LOCALE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **_options(folder),
        )
        while initdb.poll() is None:
            if is_stopped():
                initdb.terminate()  # it removes what it has created
            time.sleep(POLL_SECONDS)
        _, errors = initdb.communicate()
        if is_stopped():
            with suppress(OSError):
                folder.rmdir()
        exit_if_stopped()
        if initdb.returncode != 0:
            raise ClusterError(
                Bilingual(
                    f"initdb báo lỗi: {errors.decode(errors='replace').strip()}",
                    f"initdb fails: {errors.decode(errors='replace').strip()}",
                )
            )


def _command(program: str, folder: Path) -> list[str | Path]:
    return [postgres_user.find_programs() / program, "-D", postgres_user.path_within(folder)]


def _options(folder: Path) -> dict[str, Any]:
    """Options of `subprocess` for PostgreSQL's programs, the same in every environment."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG"))
    }
    return {
        "env": inherited | {"LC_ALL": "C"},
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,  # Ctrl-C is for the service, which stops the server in order
        "umask": 0o077,
        **postgres_user.as_owner(folder),
    }


def _describe(process: psutil.Process, folder: Path, lines: list[str]) -> RunningServer:
    """A server from the lines of its `postmaster.pid`, which grows while the server starts."""
    described = dict(zip(("port", "socket_dir", "state"), lines[3:5] + lines[7:8], strict=False))
    socket_dir = Path(described.get("socket_dir") or folder)
    return RunningServer(
        process,
        folder if socket_dir == postgres_user.SELF else socket_dir,
        int(described.get("port", PORT)),
        described.get("state", "").strip() == "ready",
    )


def move_aside(path: Path) -> None:
    """Rename what an interrupted start, or a person, left at a path; nothing is deleted."""
    with suppress(OSError):
        path.rmdir()  # it was empty
    if not os.path.lexists(path):
        return
    number = next(n for n in count(1) if not os.path.lexists(f"{path}.{n}"))
    aside = path.with_name(f"{path.name}.{number}")
    path.rename(aside)
    logger.warning("%s was left by an interrupted start and is moved to %s", path, aside.name)


def _sync(folder: Path) -> None:
    """Write a folder's entries to disk, so that a renamed one survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
