"""`tiendo serve`: open the port, prepare the database, run the service."""

import errno
import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.clock import Clock
from app.errors import OperatorError
from app.server import embedded
from app.server.data_dir import ensure_data_dir, lock_file
from app.server.logs import LOGGING
from app.server.open_files import allow_connections
from app.server.operating import Echo, prepare
from app.server.stopping import Stopped, exit_if_stopped, is_stopped, recorded_signals
from app.server.supervision import supervised
from app.settings import Settings, local_url
from app.text.bilingual import Bilingual

if TYPE_CHECKING:
    from fastapi import FastAPI

PORT_RETRY_SECONDS = 2.0
SHUTDOWN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""Longer than a proxy keeps an idle connection (nginx: 60), so that the proxy closes it first."""
BACKLOG = 2048


class ServingError(OperatorError):
    """The service cannot start; the message addresses the operator."""


def serve(settings: Settings, echo: Echo) -> None:
    """Serve until a stop signal arrives.

    Raises:
        ServingError, OpenFilesError, DataDirError, EmbeddedServerError, DatabaseUnavailableError:
            the service cannot start.
    """
    allow_connections(settings)
    clock = Clock.from_settings(settings.clock_start, settings.clock_offset_seconds)
    with (
        suppress(Stopped),
        recorded_signals(),
        listening_socket(settings.host, settings.port) as listener,
        locked_data_dir(settings),
        embedded.database_urls(settings) as urls,
    ):
        prepare(settings, urls, clock.now(), echo)
        exit_if_stopped()
        with supervised(settings, urls.owner):
            if settings.workers == 1:
                _serve_in_process(settings, urls.application, clock, listener, echo)
            else:
                _serve_in_workers(settings, urls.application, clock, listener, echo)


@contextmanager
def listening_socket(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; connections queue until the service is ready.

    Raises:
        ServingError: the port is in use or not permitted, or the host is not a local address.
    """
    listener = _bind(host, port)
    try:
        yield listener
    finally:
        listener.close()


def _bind(host: str, port: int) -> socket.socket:
    deadline = time.monotonic() + PORT_RETRY_SECONDS
    while True:
        exit_if_stopped()
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, protocol)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            # After a parent was killed, its workers need a moment to exit and release the port.
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise ServingError(_bind_error(host, port, error)) from error
        return listener


def _bind_error(host: str, port: int, error: OSError) -> Bilingual:
    match error.errno:
        case errno.EADDRINUSE:
            return Bilingual(
                f"cổng {port} trên {host} đang được dùng: hãy dừng chương trình đang dùng cổng đó, "
                "hoặc đặt TIENDO_PORT là cổng khác",
                f"port {port} on {host} is in use: stop the program that uses it, or set "
                "TIENDO_PORT to another port",
            )
        case errno.EACCES:
            return Bilingual(
                f"cổng {port} cần quyền root: hãy đặt TIENDO_PORT là cổng trên 1023",
                f"port {port} needs root permissions: set TIENDO_PORT to a port above 1023",
            )
    return Bilingual(
        f"không mở được {host} cổng {port} ({error.strerror}): hãy đặt lại TIENDO_HOST, "
        "TIENDO_PORT",
        f"cannot listen on {host} port {port} ({error.strerror}): set TIENDO_HOST, TIENDO_PORT",
    )


@contextmanager
def locked_data_dir(settings: Settings) -> Iterator[None]:
    """Ensure that only one `tiendo serve` uses this data folder's embedded database.

    Raises:
        DataDirError: the folder cannot be used.
        ServingError: another one does.
    """
    if settings.database_url is not None:
        yield  # an external PostgreSQL can have several servers
        return
    folder = ensure_data_dir(settings.data_dir)
    with lock_file(folder, "serve.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServingError(
                Bilingual(
                    f"một `tiendo serve` khác đang dùng thư mục dữ liệu {folder}: hãy dừng nó, "
                    "hoặc đặt TIENDO_DATA_DIR là thư mục khác",
                    f"another `tiendo serve` uses the data folder {folder}: "
                    "stop it, or set TIENDO_DATA_DIR to another folder",
                )
            ) from None
        yield


def _serve_in_process(
    settings: Settings, url: str, clock: Clock, listener: socket.socket, echo: Echo
) -> None:
    from app.main import create_app  # noqa: PLC0415 - 0.7 s that the parent of workers saves

    class AnnouncingServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if is_stopped():  # before uvicorn handled signals
                self.should_exit = True
            if not self.should_exit:
                echo(startup_line(settings, clock))

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn's
            # uvicorn would let a second Ctrl-C skip the clean-up, which is bounded in time.
            self.should_exit = True

    AnnouncingServer(server_config(create_app(settings, url, clock), settings)).run([listener])


def _serve_in_workers(
    settings: Settings, url: str, clock: Clock, listener: socket.socket, echo: Echo
) -> None:
    os.environ["TIENDO_DATABASE_URL"] = url
    os.environ.pop("TIENDO_OWNER_DATABASE_URL", None)  # workers do not need it
    os.environ["TIENDO_CLOCK_OFFSET_SECONDS"] = repr(clock.offset.total_seconds())
    config = server_config(
        "app.server.worker_process:create_app", settings, factory=True, workers=settings.workers
    )
    _keep_interrupts_from_workers()
    supervisor = Multiprocess(config, [listener])
    if is_stopped():  # before the supervisor handled signals
        return
    echo(startup_line(settings, clock))
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise ServingError(
            Bilingual(
                "một tiến trình không chạy được; xem lý do ở trên",
                "a worker did not start; see the reason above",
            )
        )


def _keep_interrupts_from_workers() -> None:
    """Let only this process receive Ctrl-C, which a terminal sends to all; it stops the workers.

    Workers inherit the mask of the thread that starts them, so another thread receives the signal.
    """
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    resource_tracker.ensure_running()  # starting it later would reset the mask
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def server_config(app: "FastAPI | str", settings: Settings, **options: Any) -> uvicorn.Config:
    """Uvicorn's configuration of a server process."""
    return uvicorn.Config(
        app,
        http="app.server.protocol:LimitedProtocol",
        ws="none",
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        log_config=LOGGING,
        access_log=False,
        # From any other address the header could be forged.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        **options,
    )


def startup_line(settings: Settings, clock: Clock) -> Bilingual:
    """The line that announces the service: its address, and the clock in a rehearsal."""
    url = local_url(settings.host, settings.port)
    line = Bilingual(f"Tiến độ: {url}   (Ctrl+C để dừng)", f"Tiến độ: {url}   (Ctrl+C to stop)")
    if not clock.is_rehearsal:
        return line
    now = f"{clock.now():%Y-%m-%d %H:%M}"
    return Bilingual(
        f"{line.vi}   [Diễn tập, đồng hồ là {now}]", f"{line.en}   [rehearsal, the clock is {now}]"
    )
