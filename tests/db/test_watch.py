"""A locked row, a full disk and a lost connection, as requests and the log show them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest

from app.db import watch
from tests.conftest import Service

KEY = {"scopes": ["aggregates:read"], "agency": "395"}
READY = "http://test/health/ready"
MORE_THAN_A_POOL_HAS = 15

# Raise what PostgreSQL raises when the disk is full: for a write, and for the question for room.
FILL_DISK = """
CREATE FUNCTION raise_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER disk_full BEFORE INSERT ON api_key EXECUTE FUNCTION raise_disk_full();
CREATE FUNCTION ask_for_room() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
"""
FREE_DISK = """
DROP TRIGGER disk_full ON api_key;
CREATE OR REPLACE FUNCTION ask_for_room() RETURNS integer LANGUAGE sql AS 'SELECT 1';
"""
IS_RUNNING = """
SELECT EXISTS (SELECT FROM pg_stat_activity
    WHERE datname = $1 AND state = 'active' AND query LIKE 'SELECT pg_sleep%')
"""
END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer of a busy machine count as silence, and keep the log at one line."""
    for name in ("ANSWER_SECONDS", "LOST_ANSWER_SECONDS", "READY_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(watch, name, 60)


@pytest.fixture
async def owner(service: Service) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the tables' owner."""
    connection = await asyncpg.connect(service.owner_url)
    yield connection
    await connection.close()


async def create_key(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api-keys", json={"name": f"key {number}", **KEY})


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - the watch changes it in its own time
            await asyncio.sleep(0.02)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.message
        for record in caplog.records
        if record.name == "tiendo" and record.levelno >= logging.WARNING
    ]


async def test_a_locked_row_keeps_nobody_from_being_answered(
    service: Service, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    admin = service.client("admin")
    async with owner.transaction():
        await owner.execute("SELECT FROM ledger FOR UPDATE")
        writes = [
            asyncio.create_task(create_key(admin, number)) for number in range(MORE_THAN_A_POOL_HAS)
        ]
        while not all(write.done() for write in writes):
            assert (await admin.get(READY)).status_code == 200
            await asyncio.sleep(0.1)
    answers = [write.result() for write in writes]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["type"] for answer in answers} == {"/problems/overloaded"}
    assert all(answer.headers["Retry-After"] for answer in answers)
    (line,) = warnings(caplog)
    assert "overloaded" in line
    assert (await create_key(admin, 100)).status_code == 201


async def test_a_full_disk_is_told_once_and_ends_by_itself(
    service: Service,
    owner: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "FULL_SECONDS", 0.2)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.2)
    admin = service.client("admin")
    await owner.execute(FILL_DISK)
    monkeypatch.setattr(watch, "ASK_FOR_ROOM", "SELECT ask_for_room()")
    answers = [await create_key(admin, number) for number in range(3)]
    assert {answer.status_code for answer in answers} == {507}
    assert answers[0].json()["type"] == "/problems/insufficient-storage"
    refused = await admin.get(READY, headers={"Accept-Language": "en"})
    assert refused.status_code == 503
    assert (refused.json()["type"], refused.json()["reason"]) == ("/problems/not-ready", "full")
    assert "disk is full" in refused.json()["detail"]
    await owner.execute(FREE_DISK)
    await until(lambda: service.database.watch.condition is None)
    assert (await admin.get(READY)).status_code == 200
    assert (await create_key(admin, 100)).status_code == 201
    full, free = warnings(caplog)
    assert full == "the disk is full: could not extend file"
    assert free.startswith("the database can be used again after")


async def test_the_question_for_room_writes_to_the_disk(owner: asyncpg.Connection) -> None:
    await owner.execute(f"SET work_mem = '{watch.WORK_MEM}'")
    plan = await owner.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {watch.ASK_FOR_ROOM}")
    assert json.loads(plan)[0]["Plan"]["Temp Written Blocks"] * 8192 > 4_000_000


async def test_lost_connections_are_replaced(
    service: Service, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    admin = service.client("admin")
    await asyncio.gather(*(create_key(admin, number) for number in range(5)))
    await owner.fetchval(END_OTHERS)
    # Each refusal replaces at least one connection, also where its end was not noticed yet.
    statuses = [
        (await create_key(admin, number)).status_code
        for number in range(100, 100 + 2 * MORE_THAN_A_POOL_HAS)
    ]
    assert set(statuses) <= {201, 503}
    assert statuses[-1] == 201
    assert (await admin.get(READY)).status_code == 200
    assert warnings(caplog) == []


async def test_a_refused_connection_ends_statements_and_is_reported_once(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.2)
    admin = service.client("admin")
    name = service.database_url.partition("?")[0].rpartition("/")[2]
    server = await asyncpg.connect(service.owner_url.replace(f"/{name}?", "/postgres?"))
    statement = asyncio.create_task(service.database.driver.fetch("SELECT pg_sleep(25)"))
    async with asyncio.timeout(60):
        while not await server.fetchval(IS_RUNNING, name):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.02)
    # Refuse connections, and end those that exist.
    await server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await server.execute(END_OTHERS.replace("current_database()", f"'{name}'"))
    await until(service.database.watch.lost.is_set)
    with pytest.raises(asyncpg.PostgresError):
        await statement
    answers = [await create_key(admin, number) for number in range(5)]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["type"] for answer in answers} == {"/problems/database-unavailable"}
    refused = await admin.get(READY)
    assert (refused.status_code, refused.json()["reason"]) == (503, "unreachable")
    # Accept connections again.
    await server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await server.close()
    await until(service.database.watch.usable.is_set)
    assert (await create_key(admin, 100)).status_code == 201
    lost, back = warnings(caplog)
    assert lost.startswith("the database does not answer")
    assert back.startswith("the database can be used again after")
