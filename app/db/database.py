"""The PostgreSQL engine, and the two kinds of session that requests use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from app.clock import LOCAL
from app.db.driver import Driver, open_driver
from app.errors import OperatorError
from app.settings import Settings

OLDEST_VERSION = 15


class DatabaseUnavailableError(OperatorError):
    """The database cannot be used; the message addresses the operator."""


class Database:
    """The connection pools.

    - `writing`: sessions with a transaction, which the caller commits.
    - `reading`: sessions in autocommit mode, which save the round trips of BEGIN and COMMIT.
    - `driver`, available after `open`: autocommit SQL directly on asyncpg, in a second pool.
    """

    driver: Driver

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self.engine = _engine(url, settings)
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
        """Check the server and open the driver's pool.

        Raises:
            DatabaseUnavailableError: the server does not answer, or its version is too old.
        """
        await self.check()
        self.driver = await open_driver(
            self._url,
            self._settings.pool_size,
            self._settings.pool_timeout_seconds,
            _server_settings(self._settings),
        )

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
            cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
            reason = str(cause).partition("\n")[0] or "no answer in time"
            raise DatabaseUnavailableError(f"{address} does not answer: {reason}") from error
        ensure_supported_version(address, int(str(version)))

    async def close(self) -> None:
        """Close every connection."""
        if hasattr(self, "driver"):
            await self.driver.close()
        await self.engine.dispose()


def ensure_supported_version(address: str, number: int) -> None:
    """Ensure that a `server_version_num`, such as 180001 for 18.1, is supported.

    Raises:
        DatabaseUnavailableError: the version is too old.
    """
    if number < OLDEST_VERSION * 10_000:
        raise DatabaseUnavailableError(
            f"{address} is PostgreSQL {number // 10_000}; {OLDEST_VERSION} or newer is needed"
        )


def driver_url(url: str) -> URL:
    """A `postgresql://` URL converted for SQLAlchemy's asyncpg dialect."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def _engine(url: str, settings: Settings) -> AsyncEngine:
    return create_async_engine(
        driver_url(url),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_seconds,
        pool_pre_ping=False,
        connect_args={"timeout": 10, "server_settings": _server_settings(settings)},
    )


def _server_settings(settings: Settings) -> dict[str, str]:
    return {
        "application_name": "tiendo",
        "jit": "off",
        "TimeZone": LOCAL.key,
        "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "60000",
    }
