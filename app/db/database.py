"""The PostgreSQL engine, and the two kinds of session that requests use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from app.db.connections import LOCK_SECONDS, Connections
from app.db.driver import Driver, open_driver
from app.db.failures import reason_of
from app.db.watch import Watch
from app.errors import OperatorError
from app.settings import Settings
from app.text.bilingual import Bilingual

OLDEST_VERSION = 15
CLOSE_SECONDS = 3.0
"""Connections that are not closed in time are aborted."""


class DatabaseUnavailableError(OperatorError):
    """The database cannot be used; the message addresses the operator."""


class Database:
    """The connection pools.

    - `writing`: sessions with a transaction, which the caller commits.
    - `reading`: sessions in autocommit mode, which save the round trips of BEGIN and COMMIT.
    - `driver`, available after `open`: autocommit SQL directly on asyncpg, in a second pool.

    lock_seconds: how long a statement waits for a lock.
    """

    driver: Driver

    def __init__(self, url: str, settings: Settings, lock_seconds: float = LOCK_SECONDS) -> None:
        self._settings = settings
        self._connections = Connections(url, settings, lock_seconds)
        self._watching: asyncio.Task[None] | None = None
        self.watch = Watch(self._connections)
        self.engine = _engine(url, settings, self._connections)
        self.writing = async_sessionmaker(self.engine, expire_on_commit=False)
        self.reading = async_sessionmaker(
            self.engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end of the block and rolls back on an exception."""
        async with self.writing.begin() as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """A session that reads one snapshot of the database, without a time limit."""
        async with self.writing() as session:
            await session.execute(
                text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            )
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                await session.execute(text(f"SET LOCAL {limit} = 0"))
            yield session

    async def open(self) -> None:
        """Check the server, open the driver's pool and start to watch the database.

        Raises:
            DatabaseUnavailableError: the server does not answer, or its version is too old.
        """
        await self.check()
        self.driver = await open_driver(
            self._connections, self._settings.pool_size, self._settings.pool_timeout_seconds
        )
        self._watching = asyncio.create_task(self.watch.run(), name="watch")

    async def check(self) -> None:
        """Ensure that the server answers and has a supported version.

        Raises:
            DatabaseUnavailableError: it does not; the message states the address and reason.
        """
        address = self.engine.url.render_as_string(hide_password=True)
        try:
            async with self.engine.connect() as connection:
                version = await connection.scalar(text("SHOW server_version_num"))
        except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
            raise DatabaseUnavailableError(
                Bilingual(
                    f"{address} không trả lời: {reason_of(error)}",
                    f"{address} does not answer: {reason_of(error)}",
                )
            ) from error
        ensure_supported_version(address, int(str(version)))

    async def close(self) -> None:
        """Close every connection; abort them if the database does not answer."""
        if await self.watch.is_silent():
            self._connections.refuse("the service stops")
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if hasattr(self, "driver"):
                    await self.driver.close()
                await self.engine.dispose()
        except TimeoutError:
            self._connections.refuse("the service stops")
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)


def ensure_supported_version(address: str, number: int) -> None:
    """Ensure that a `server_version_num`, such as 180001 for 18.1, is supported.

    Raises:
        DatabaseUnavailableError: the version is too old.
    """
    if number < OLDEST_VERSION * 10_000:
        raise DatabaseUnavailableError(
            Bilingual(
                f"{address} là PostgreSQL {number // 10_000}; cần {OLDEST_VERSION} trở lên",
                f"{address} is PostgreSQL {number // 10_000}; {OLDEST_VERSION} or newer is needed",
            )
        )


def driver_url(url: str) -> URL:
    """A `postgresql://` URL converted for SQLAlchemy's asyncpg dialect."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def _engine(url: str, settings: Settings, connections: Connections) -> AsyncEngine:
    engine = create_async_engine(
        driver_url(url),
        async_creator=connections.open,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_seconds,
        pool_pre_ping=False,  # `_ensure_open` finds a lost connection without a round trip
    )
    event.listen(engine.sync_engine, "checkout", _ensure_open)
    return engine


def _ensure_open(dbapi_connection: Any, *_: Any) -> None:
    """Let the pool replace a connection that was lost while it was idle.

    Raises:
        DisconnectionError: the connection is closed.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError
