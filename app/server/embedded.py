"""The embedded PostgreSQL, used if no database URL is set."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.db.roles import DatabaseUrls
from app.errors import OperatorError
from app.server.cluster import Cluster, ClusterError, FullDiskError
from app.server.data_dir import acquire, ensure_data_dir, is_disk_full, lock_file
from app.settings import Settings
from app.text.bilingual import Bilingual

START_ATTEMPTS = 3
OWNER, APPLICATION = "postgres", "tiendo"
"""The server's roles; the owner is its superuser."""


class EmbeddedServerError(OperatorError):
    """The embedded server cannot start; the message addresses the operator."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, and whether this process started it."""

    cluster: Cluster
    url: str
    started_here: bool

    def stop(self) -> None:
        """Stop the server if this process started it."""
        if self.started_here:
            self.cluster.stop()


@contextmanager
def database_urls(settings: Settings) -> Iterator[DatabaseUrls]:
    """The configured database URLs; without one, run the embedded server inside the block.

    Raises:
        DataDirError, EmbeddedServerError: see `running`.
    """
    if settings.database_url is not None:
        yield DatabaseUrls(
            settings.database_url, settings.owner_database_url or settings.database_url
        )
    else:
        with running(settings.data_dir) as url:
            yield urls_of(url)


def urls_of(owner_url: str) -> DatabaseUrls:
    """The URLs of both roles of an embedded server, from the URL of its owner."""
    return DatabaseUrls(owner_url.replace(f"//{OWNER}:", f"//{APPLICATION}:", 1), owner_url)


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """Run the server inside the block, or join a running one; yields its owner's URL.

    Every process that uses the server holds a shared lock, which the kernel releases when the
    process dies. The last process to leave stops the server, also if another one started it.

    Raises:
        DataDirError: the folder cannot be used.
        EmbeddedServerError: the server does not start.
    """
    folder = ensure_data_dir(data_dir)
    with lock_file(folder, "postgres.lock") as users:
        acquire(users, fcntl.LOCK_SH)
        try:
            yield start(folder).url
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Cluster(folder / "postgres").stop()


def start(data_dir: Path) -> EmbeddedServer:
    """Start the server on `data_dir`/postgres, or join the one that runs there.

    Raises:
        DataDirError: the folder cannot be used.
        EmbeddedServerError: the server does not start.
    """
    folder = ensure_data_dir(data_dir)
    cluster = Cluster(folder / "postgres")
    for attempt in range(START_ATTEMPTS):
        try:
            with start_lock(folder):
                cluster.ensure_created()
                runs = cluster.find_server() is not None
                return EmbeddedServer(cluster, cluster.start().url, started_here=not runs)
        except FullDiskError:
            raise
        except (ClusterError, OSError) as error:
            # Shortly after a crash the old server may still be shutting down; retry.
            if attempt == START_ATTEMPTS - 1:
                raise EmbeddedServerError(_start_error(cluster.folder, error)) from error
            time.sleep(1)
    raise AssertionError("unreachable")


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """One process at a time starts the server of a data folder."""
    with lock_file(folder, "postgres.start.lock") as lock:
        acquire(lock, fcntl.LOCK_EX)
        yield


def _start_error(folder: Path, error: ClusterError | OSError) -> Bilingual:
    existing = folder if folder.exists() else folder.parent
    free = shutil.disk_usage(existing).free // 1_000_000
    if is_disk_full(existing):
        return Bilingual(
            f"ổ đĩa của {folder} đã đầy (còn {free} MB): PostgreSQL đi kèm không chạy được; "
            "hãy giải phóng chỗ rồi chạy lại",
            f"the disk of {folder} is full ({free} MB free): the embedded PostgreSQL cannot start; "
            "free some space, then start again",
        )
    last: list[str] = []
    with suppress(OSError):
        last = (folder / "log").read_text(errors="replace").strip().splitlines()[-3:]
    reason = error.text if isinstance(error, ClusterError) else Bilingual(str(error), str(error))
    return Bilingual(
        "\n".join(
            [
                f"PostgreSQL đi kèm trong {folder} không chạy được: {reason.vi}",
                f"người dùng {os.geteuid()}, còn {free} MB",
                *last,
            ]
        ),
        "\n".join(
            [
                f"the embedded PostgreSQL in {folder} does not start: {reason.en}",
                f"user {os.geteuid()}, {free} MB free",
                *last,
            ]
        ),
    )
