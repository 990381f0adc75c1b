"""The floors: a bare FastAPI application that does as little as can be done for the same answer.

`bytes` answers what the service answered, from memory: what the framework, HTTP and the load
generator cost. `sql` sends the statements that the service sends, through bare asyncpg, and
answers what the last one gave: what the database costs too. Neither knows who asks, checks
anything or builds anything.
"""

import os
import pickle
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response

from app.clock import LOCAL
from app.settings import Settings
from bench.capture import Statement

JSON = "application/json"
RECORDING = "BENCH_RECORDING"
"""The file that holds the Recording of this process."""
REVISION_ID = "revision_id"


@dataclass(frozen=True)
class Placeholder:
    """A parameter that differs from request to request: its place in the request's facts."""

    fact: str


@dataclass(frozen=True)
class Recording:
    """What the floors answer and say: by name of the load, one for each of its requests."""

    database_url: str
    answers: Mapping[str, Sequence[bytes]]
    statements: Mapping[str, Sequence[Sequence[Statement]]]
    facts: Mapping[str, Sequence[Mapping[str, Any]]]
    """Where all requests of a load say the same, with other values: those values."""


def create_app() -> FastAPI:
    """The floors, as uvicorn makes them."""
    recording: Recording = pickle.loads(  # noqa: S301 - written by the process that started this one
        Path(os.environ[RECORDING]).read_bytes()
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _pool(recording.database_url) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/bytes/{load}/{number}")
    async def answer_bytes(load: str, number: int) -> Response:
        return Response(recording.answers[load][number], media_type=JSON)

    @app.get("/sql/{load}/{number}")
    async def answer_sql(request: Request, load: str, number: int) -> Response:
        statements = recording.statements[load][number]
        async with request.app.state.pool.acquire() as connection:
            return Response(await _say(connection, statements, {}), media_type=JSON)

    @app.post("/sql/{load}/{number}")
    async def change(request: Request, load: str, number: int) -> Response:
        await request.body()
        statements = recording.statements[load][0]
        facts = dict(recording.facts[load][number])
        async with request.app.state.pool.acquire() as connection:
            return Response(await _say(connection, statements, facts), media_type=JSON)

    return app


def _pool(url: str) -> asyncpg.Pool:
    settings = Settings()

    async def leave_as_it_is(_: asyncpg.Connection) -> None:
        """The service's pool does not reset a connection by a round trip either."""

    return asyncpg.create_pool(
        url,
        min_size=settings.pool_size,
        max_size=settings.pool_size,
        reset=leave_as_it_is,
        server_settings={"jit": "off", "TimeZone": LOCAL.key},
    )


async def _say(
    connection: asyncpg.Connection, statements: Sequence[Statement], facts: dict[str, Any]
) -> str:
    """Send what stands alone, then the rest in one transaction; the last thing that was read."""
    last = ""
    for statement in statements:
        if statement.alone:
            last = await _said(connection, statement, facts) or last
    together = [statement for statement in statements if not statement.alone]
    async with connection.transaction() if together else nullcontext():
        for statement in together:
            last = await _said(connection, statement, facts) or last
    return last


async def _said(connection: asyncpg.Connection, statement: Statement, facts: dict[str, Any]) -> str:
    if statement.many:
        each = [_filled(parameters, facts) for parameters in statement.parameters]
        await connection.executemany(statement.sql, each)
        return ""
    row = await connection.fetchrow(statement.sql, *_filled(statement.parameters, facts))
    if row and statement.sql.startswith("INSERT INTO revision "):
        facts[REVISION_ID] = row[0]
    return row[0] if row and isinstance(row[0], str) else ""


def _filled(parameters: Sequence[Any], facts: Mapping[str, Any]) -> list[Any]:
    return [facts[value.fact] if isinstance(value, Placeholder) else value for value in parameters]
