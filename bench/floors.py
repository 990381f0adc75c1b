"""The floors: a bare FastAPI application that does the least for a comparable answer.

`bytes` answers the service's response from memory: the cost of the framework, HTTP and the load
generator. `sql` runs the service's own statements through bare asyncpg. `bare` inserts a revision,
its figures and an audit event in one transaction. None of them authenticates, checks or builds
anything.
"""

import os
import pickle
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
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
INSERT_REVISION = """
INSERT INTO revision (report_id, number, submitted_at, received_at, recorded_at, submitted_by, body,
    fingerprint)
VALUES ($1, (random() * 1e9)::int, $2, $2, $2, 'bare', $3::jsonb, '')
RETURNING id
"""
INSERT_ENTRY = """
INSERT INTO revision_entry (revision_id, indicator_id, value) VALUES ($1, $2, 4)
"""
# Outside any chain: the hash is empty.
INSERT_EVENT = """
INSERT INTO audit_event (ledger_id, at, actor, action, subject, hash)
VALUES ($1, $2, 'bare', 'report.submitted', 'reports/bare', '')
"""


@dataclass(frozen=True)
class Placeholder:
    """A parameter that differs between requests: the name of a fact of the request."""

    fact: str


@dataclass(frozen=True)
class BareInsert:
    """The rows that `bare` inserts; a report for each request."""

    report_ids: Sequence[int]
    body: str
    ledger_id: int
    indicator_ids: Sequence[int]


@dataclass(frozen=True)
class Recording:
    """The responses and statements of the floors, by load and request."""

    database_url: str
    answers: Mapping[str, Sequence[bytes]]
    statements: Mapping[str, Sequence[Sequence[Statement]]]
    facts: Mapping[str, Sequence[Mapping[str, Any]]]
    """The values of placeholders, where the requests of a load share their statements."""
    bare: BareInsert | None = None


def create_app() -> FastAPI:
    """Create the application of the floors."""
    recording: Recording = pickle.loads(  # noqa: S301 - written by the process that started this one
        Path(os.environ[RECORDING]).read_bytes()
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _pool(recording.database_url) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.recording = recording
    app.get("/bytes/{load}/{number}")(answer_bytes)
    app.get("/sql/{load}/{number}")(answer_sql)
    app.post("/sql/{load}/{number}")(repeat_statements)
    app.post("/bare/{number}")(insert_revision)
    return app


async def answer_bytes(request: Request, load: str, number: int) -> Response:
    """Answer the service's response from memory."""
    recording: Recording = request.app.state.recording
    return Response(recording.answers[load][number], media_type=JSON)


async def answer_sql(request: Request, load: str, number: int) -> Response:
    """Run the statements of a read."""
    recording: Recording = request.app.state.recording
    async with request.app.state.pool.acquire() as connection:
        last = await _repeat(connection, recording.statements[load][number], {})
    return Response(last, media_type=JSON)


async def repeat_statements(request: Request, load: str, number: int) -> Response:
    """Run the statements of a submission with the facts of this request."""
    await request.body()
    recording: Recording = request.app.state.recording
    facts = recording.facts[load][number]
    async with request.app.state.pool.acquire() as connection:
        last = await _repeat(connection, recording.statements[load][0], facts)
    return Response(last, media_type=JSON)


async def insert_revision(request: Request, number: int) -> Response:
    """Insert a revision, its figures and an audit event in one transaction."""
    await request.body()
    bare: BareInsert = request.app.state.recording.bare
    now = datetime.now(LOCAL)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        revision_id = await connection.fetchval(
            INSERT_REVISION, bare.report_ids[number], now, bare.body
        )
        entries = [(revision_id, indicator_id) for indicator_id in bare.indicator_ids]
        await connection.executemany(INSERT_ENTRY, entries)
        await connection.execute(INSERT_EVENT, bare.ledger_id, now)
    return Response("{}", media_type=JSON)


def _pool(url: str) -> asyncpg.Pool:
    settings = Settings()

    async def skip_reset(_: asyncpg.Connection) -> None:
        """Skip the RESET on release, as the service's pool does."""

    return asyncpg.create_pool(
        url,
        min_size=settings.pool_size,
        max_size=settings.pool_size,
        reset=skip_reset,
        server_settings={"jit": "off", "TimeZone": LOCAL.key},
    )


async def _repeat(
    connection: asyncpg.Connection, statements: Sequence[Statement], facts: Mapping[str, Any]
) -> str:
    """Run the autocommit statements, then the others in one transaction like the service's.

    Returns the last text that a statement gave.
    """
    last = ""
    for statement in statements:
        if statement.alone:
            last = await _run(connection, statement, facts) or last
    transaction = [statement for statement in statements if not statement.alone]
    if transaction:
        async with connection.transaction():
            for statement in transaction:
                last = await _run(connection, statement, facts) or last
    return last


async def _run(
    connection: asyncpg.Connection, statement: Statement, facts: Mapping[str, Any]
) -> str:
    parameters = [
        facts[value.fact] if isinstance(value, Placeholder) else value
        for value in statement.parameters
    ]
    row = await connection.fetchrow(statement.sql, *parameters)
    return row[0] if row and isinstance(row[0], str) else ""
