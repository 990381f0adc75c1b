"""Open connections to PostgreSQL whose silence has an end."""

import socket
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import asyncpg

from app.clock import LOCAL
from app.db.failures import DatabaseUnreachableError, reason_of
from app.settings import Settings

CONNECT_SECONDS = 5.0
COMMAND_MARGIN_SECONDS = 5.0
"""The server ends a statement itself; this much later this side ends it, if no answer came."""
LOCK_SECONDS = 1.5
"""How long a request's statement waits for a lock. With the wait for a connection of the pool, a
write that waits for two locks is answered within five seconds."""
PATIENT_LOCK_SECONDS = 30.0
"""The same for an operator's command, which is not repeated."""
IDLE_SECONDS = 60.0
"""How long a transaction may wait for its next statement."""
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 8_000}
"""Options by their names in `socket`, which has those of the operating system: a peer that neither
acknowledges data nor answers probes for eight seconds is lost."""


class Connections:
    """Opens the connections of both pools, and aborts them when the database is lost."""

    def __init__(self, url: str, settings: Settings, lock_seconds: float = LOCK_SECONDS) -> None:
        self._url = url
        self._command_seconds = settings.statement_timeout_seconds + COMMAND_MARGIN_SECONDS
        self._server_settings = {
            "application_name": "tiendo",
            "jit": "off",
            "TimeZone": LOCAL.key,
            "statement_timeout": _milliseconds(settings.statement_timeout_seconds),
            "lock_timeout": _milliseconds(lock_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(IDLE_SECONDS),
            # The server too finds out that this side has gone, and releases its locks.
            "tcp_keepalives_idle": str(KEEPALIVE["TCP_KEEPIDLE"]),
            "tcp_keepalives_interval": str(KEEPALIVE["TCP_KEEPINTVL"]),
            "tcp_keepalives_count": str(KEEPALIVE["TCP_KEEPCNT"]),
            "tcp_user_timeout": str(KEEPALIVE["TCP_USER_TIMEOUT"]),
        }
        self._open: WeakSet[asyncpg.Connection] = WeakSet()
        self._refusal: str | None = None

    async def open(self, *_: Any, **options: Any) -> asyncpg.Connection:
        """A connection for a pool; `options` as of `asyncpg.connect`.

        Raises:
            DatabaseUnreachableError: there is no answer, or the database is known to be lost.
        """
        self._ensure_accepted()
        connection = await self.connect(**options)
        self._open.add(connection)
        try:
            self._ensure_accepted()
        except DatabaseUnreachableError:
            abort(connection)
            raise
        return connection

    async def connect(self, *, work_mem: str | None = None, **options: Any) -> asyncpg.Connection:
        """A connection that belongs to no pool.

        Raises:
            DatabaseUnreachableError: there is no answer.
        """
        server_settings = self._server_settings | ({"work_mem": work_mem} if work_mem else {})
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=self._command_seconds,
                server_settings=server_settings,
                **options,
            )
        except OSError as error:
            raise DatabaseUnreachableError(reason_of(error)) from error
        _bound_silence(connection)
        return connection

    def refuse(self, reason: str) -> None:
        """End the statements under way, and open no connection until `accept`."""
        self._refusal = reason
        for connection in list(self._open):
            abort(connection)

    def accept(self) -> None:
        """Open connections again."""
        self._refusal = None

    def _ensure_accepted(self) -> None:
        if self._refusal is not None:
            raise DatabaseUnreachableError(self._refusal)


def abort(connection: asyncpg.Connection) -> None:
    """Close the socket at once; a statement under way ends with a connection error.

    `Connection.terminate` would detach the connection from a pool that still uses it.
    """
    connection._transport.abort()  # noqa: SLF001 - asyncpg shows neither transport nor socket


def _bound_silence(connection: asyncpg.Connection) -> None:
    """Let the operating system find out that the peer or the network has gone."""
    peer = connection._transport.get_extra_info("socket")  # noqa: SLF001 - as above
    if peer.family == socket.AF_UNIX:
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        with suppress(AttributeError):  # not on this operating system
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
