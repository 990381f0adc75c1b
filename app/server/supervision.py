"""Start the embedded PostgreSQL again when it ends while the service runs."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import OperatorError
from app.server.cluster import Cluster, ClusterError
from app.server.data_dir import ensure_data_dir, is_disk_full
from app.server.embedded import start_lock
from app.settings import Settings
from app.text.bilingual import Bilingual

PAUSE_SECONDS = 0.5
RETRY_SECONDS = 2.0
GIVE_UP_SECONDS = 60.0
"""If the server cannot be started for this long, the service ends. On a full disk it waits."""
JOIN_SECONDS = 5.0
"""A start under way is not waited for longer; the server that it started is found and stopped."""

logger = logging.getLogger("tiendo")


@contextmanager
def supervised(settings: Settings, url: str) -> Iterator[None]:
    """Keep the embedded server running inside the block; does nothing without one.

    url: the address of its owner.

    Raises:
        OperatorError: it could not be started again. The process gets SIGTERM, so that the block
            ends.
    """
    if settings.database_url is not None:
        yield
        return
    supervisor = Supervisor(ensure_data_dir(settings.data_dir), url)
    thread = threading.Thread(target=supervisor.run, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        supervisor.stopping.set()
        thread.join(JOIN_SECONDS)
        if supervisor.error is not None:
            raise supervisor.error


class Supervisor:
    """Looks after the embedded server of a data folder, in a thread."""

    def __init__(self, data_dir: Path, url: str) -> None:
        self.stopping = threading.Event()
        self.error: OperatorError | None = None
        """Why the server could not be started again."""
        self._data_dir = data_dir
        self._cluster = Cluster(data_dir / "postgres")
        self._url = url

    def run(self) -> None:
        """Start the server again whenever it has ended, until `stopping` is set."""
        while not self.stopping.wait(PAUSE_SECONDS):
            if self._cluster.find_server() is None:
                self._restart()
            if self.error is not None:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def _restart(self) -> None:
        began = time.monotonic()
        logger.warning("the embedded PostgreSQL has ended; it is started again")
        failures = 0
        while not self.stopping.is_set():
            try:
                self._start()
            except (OperatorError, OSError) as error:
                failures += 1
                if self._has_given_up(error, time.monotonic() - began, is_first=failures == 1):
                    return
                self.stopping.wait(RETRY_SECONDS)
            else:
                seconds = time.monotonic() - began
                logger.warning("the embedded PostgreSQL runs again after %.1f s", seconds)
                return

    def _has_given_up(self, error: Exception, waited: float, *, is_first: bool) -> bool:
        """Give up if it takes too long, except on a full disk; log the first reason."""
        is_full = is_disk_full(self._data_dir)
        if waited > GIVE_UP_SECONDS and not is_full:
            self.error = ClusterError(
                Bilingual(
                    f"PostgreSQL đi kèm không chạy được: {error}",
                    f"the embedded PostgreSQL does not start: {error}",
                )
            )
        elif is_first:
            reason = f"the disk of {self._data_dir} is full" if is_full else error
            logger.warning("the embedded PostgreSQL does not start, trying again: %s", reason)
        return self.error is not None

    def _start(self) -> None:
        """Start the server, without creating a database where the folder has gone.

        Raises:
            OperatorError, OSError: it does not start, or not at the same address.
        """
        with start_lock(self._data_dir):
            server = self._cluster.start()
        if server.url != self._url:  # the pools would look for the old socket
            raise ClusterError(
                Bilingual(
                    f"địa chỉ đã đổi: {server.url}",
                    f"it has another address: {server.url}",
                )
            )
