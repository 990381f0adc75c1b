"""Direct access to asyncpg, for the few requests whose cost SQLAlchemy would dominate.

A SQLAlchemy session costs two to five times as much processor time as such a statement itself.
Everything else uses the sessions of `app.db.database`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import Select, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.connections import Connections

_DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects have no annotations


class Driver:
    """A pool of asyncpg connections."""

    def __init__(self, pool: asyncpg.Pool, acquire_timeout: float) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run one statement in a transaction of its own and return its rows.

        Raises:
            PoolTimeout: no connection became free within the pool's timeout.
        """
        connection = await self._acquire()
        try:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        except TimeoutError:
            connection.terminate()  # the server is silent: do not wait for it to cancel
            raise
        finally:
            await self._release(connection)
        return rows

    async def _acquire(self) -> PoolConnectionProxy:
        try:
            async with asyncio.timeout(self._acquire_timeout):
                return await self._pool.acquire()
        except TimeoutError as error:
            raise PoolTimeout("no connection of the driver's pool was free in time") from error

    async def _release(self, connection: PoolConnectionProxy) -> None:
        with suppress(asyncpg.InterfaceError):  # it was terminated
            if connection.is_in_transaction():
                connection.terminate()  # its rollback failed, so nothing may run on it
        await self._pool.release(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


Connection = Driver | AsyncSession
"""Where a statement runs: the pool, or the session whose transaction it belongs to."""


Row = Mapping[str, Any]
"""A row of an answer, by column name."""


class Statement:
    """SQL with named parameters, compiled once for asyncpg.

    Within a session, flush pending changes before fetching.
    """

    def __init__(self, sql: str | Select[*tuple[Any, ...]]) -> None:
        self._clause = text(sql) if isinstance(sql, str) else sql
        compiled = self._clause.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names = compiled.positiontup or ()

    async def fetch_all(
        self, connection: Connection, parameters: Mapping[str, Any]
    ) -> Sequence[Row]:
        """Return all rows."""
        if isinstance(connection, AsyncSession):
            used = {name: parameters[name] for name in self._names}
            result = await connection.execute(self._clause, used)
            return [row._asdict() for row in result]
        return await connection.fetch(self._sql, *[parameters[name] for name in self._names])

    async def fetch_one(self, connection: Connection, parameters: Mapping[str, Any]) -> Row | None:
        """Return the first row, or None."""
        rows = await self.fetch_all(connection, parameters)
        return rows[0] if rows else None


async def open_driver(connections: Connections, size: int, acquire_timeout: float) -> Driver:
    """Create the pool; its connections are opened on demand."""

    async def skip_reset(_: asyncpg.Connection) -> None:
        """Skip asyncpg's RESET on release: statements here leave no session state."""

    pool = await asyncpg.create_pool(
        min_size=0, max_size=size, reset=skip_reset, connect=connections.open
    )
    return Driver(pool, acquire_timeout)
