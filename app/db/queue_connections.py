"""The job queue's connections to PostgreSQL, by psycopg."""

import os
import socket
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import psycopg
from procrastinate import PsycopgConnector

from app.db.connections import CONNECT_SECONDS, KEEPALIVE

PARAMETERS: dict[str, Any] = {
    "connect_timeout": int(CONNECT_SECONDS),
    "keepalives_idle": KEEPALIVE["TCP_KEEPIDLE"],
    "keepalives_interval": KEEPALIVE["TCP_KEEPINTVL"],
    "keepalives_count": KEEPALIVE["TCP_KEEPCNT"],
    "tcp_user_timeout": KEEPALIVE["TCP_USER_TIMEOUT"],
}
"""Parameters of libpq, as those of the other pools."""


class QueueConnections:
    """Opens the queue's connections, and aborts them when the database is lost."""

    def __init__(self, database_url: str) -> None:
        self._open: WeakSet[psycopg.AsyncConnection] = WeakSet()
        self.connector = PsycopgConnector(
            conninfo=database_url,
            min_size=1,
            max_size=4,
            timeout=CONNECT_SECONDS,  # else a job waits 30 s to record its end
            kwargs=PARAMETERS,
            configure=self._add,
        )

    def abort(self) -> None:
        """End the statements under way with a connection error."""
        for connection in list(self._open):
            with (
                suppress(psycopg.OperationalError, OSError),  # it is closed
                socket.socket(fileno=os.dup(connection.fileno())) as peer,
            ):
                peer.shutdown(socket.SHUT_RDWR)

    async def _add(self, connection: psycopg.AsyncConnection) -> None:
        self._open.add(connection)
