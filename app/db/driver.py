"""The short way to the database: plain SQL straight to the driver, for what is asked most often.

A session of SQLAlchemy costs the server two to five times what such a question costs itself;
docs/performance.md has the figures. Everything else goes through the sessions of `app.database`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncSession

_DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own lacks them


class Questions:
    """Connections for questions that stand alone: each is its own transaction."""

    def __init__(self, pool: asyncpg.Pool, patience: float) -> None:
        self._pool = pool
        self._patience = patience

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows that answer one question.

        Raises:
            TimeoutError: no connection became free in time.
        """
        async with asyncio.timeout(self._patience):
            connection = await self._pool.acquire()
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await self._pool.release(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


Source = Questions | AsyncSession
"""Whom to ask: anybody, or the session whose transaction has changed what is asked about."""


class Sql:
    """A statement with `:names`, compiled once. Within a session, flush before asking."""

    def __init__(self, statement: str) -> None:
        compiled = text(statement).compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names = compiled.positiontup or ()

    async def all(self, source: Source, facts: Mapping[str, Any]) -> list[asyncpg.Record]:
        """The rows that answer."""
        arguments = [facts[name] for name in self._names]
        if isinstance(source, Questions):
            return await source.fetch(self._sql, *arguments)
        connection = await (await source.connection()).get_raw_connection()
        driver: Any = connection.driver_connection
        return list(await driver.fetch(self._sql, *arguments))

    async def one(self, source: Source, facts: Mapping[str, Any]) -> asyncpg.Record | None:
        """The row that answers; None where there is none."""
        rows = await self.all(source, facts)
        return rows[0] if rows else None


async def ready(url: str, size: int, patience: float, settings: Mapping[str, str]) -> Questions:
    """Questions to the database at `url`; connections are made as they are needed."""

    async def leave_as_it_is(_: asyncpg.Connection) -> None:
        """A lone question leaves nothing behind that a round trip would have to clear away."""

    pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        reset=leave_as_it_is,
        timeout=10,
        server_settings=dict(settings),
    )
    return Questions(pool, patience)
