"""Filling an empty database atomically."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from datetime import datetime

import asyncpg
import pytest
from pydantic import SecretStr

from app.cli.console import Console
from app.clock import LOCAL
from app.db.connections import PATIENT_LOCK_SECONDS
from app.db.database import Database
from app.db.migration import migrate
from app.db.roles import DatabaseUrls
from app.security import password_matches
from app.server import embedded, operating
from app.services.accounts import accounts
from app.settings import Settings
from tests.conftest import SERVER

NOW = datetime(2024, 4, 2, 8, tzinfo=LOCAL)
PASSWORD = "mật khẩu của quản trị"


@pytest.fixture
def urls() -> Iterator[DatabaseUrls]:
    server = os.environ[SERVER]
    name = f"empty_{uuid.uuid4().hex}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(server)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"CREATE DATABASE {name}"))
    yield embedded.urls_of(server.replace("/postgres?", f"/{name}?"))
    asyncio.run(execute(f"DROP DATABASE {name} WITH (FORCE)"))


def counts(url: str) -> tuple[int, int]:
    async def fetch() -> tuple[int, int]:
        connection = await asyncpg.connect(url)
        plans = await connection.fetchval("SELECT count(*) FROM plan")
        people = await connection.fetchval("SELECT count(*) FROM account")
        await connection.close()
        return plans, people

    return asyncio.run(fetch())


def prepare(urls: DatabaseUrls, password: str = PASSWORD) -> list[str]:
    lines: list[str] = []
    settings = Settings(admin_password=SecretStr(password))
    console = Console("en")
    operating.prepare(settings, urls, NOW, lambda line: lines.append(console.words(line)))
    return lines


def test_the_next_start_repairs_an_interrupted_one(
    urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "create", power_cut)
        with pytest.raises(KeyboardInterrupt):
            prepare(urls)
    assert counts(urls.application) == (0, 0)

    assert prepare(urls)
    assert counts(urls.application) == (1, 1)
    assert prepare(urls) == []
    assert counts(urls.application) == (1, 1)


def test_the_first_account_has_the_configured_password(urls: DatabaseUrls) -> None:
    lines = "\n".join(prepare(urls))
    assert PASSWORD not in lines
    assert "TIENDO_ADMIN_PASSWORD" in lines

    async def stored() -> str:
        connection = await asyncpg.connect(urls.application)
        found: str = await connection.fetchval(
            "SELECT password_hash FROM account WHERE username = 'admin' AND agency_id IS NULL"
        )
        await connection.close()
        return found

    assert asyncio.run(password_matches(PASSWORD, asyncio.run(stored())))


def test_an_unused_password_is_announced(urls: DatabaseUrls) -> None:
    prepare(urls)
    assert prepare(urls) == []  # it is the password of admin
    (line,) = prepare(urls, "mật khẩu khác")
    assert "TIENDO_ADMIN_PASSWORD is not used" in line
    assert line.endswith("tiendo user admin --reset")


def test_concurrent_starts_fill_the_database_once(urls: DatabaseUrls) -> None:
    settings = Settings()
    migrate(urls)

    async def fill() -> bool:
        database = Database(urls.application, settings, lock_seconds=PATIENT_LOCK_SECONDS)
        async with database.transaction() as session:
            filled = await operating.fill_if_empty(session, PASSWORD, NOW, lambda _: None)
        await database.close()
        return filled

    async def both() -> list[bool]:
        return list(await asyncio.gather(fill(), fill()))

    assert sorted(asyncio.run(both())) == [False, True]
    assert counts(urls.application) == (1, 1)


async def test_a_filled_database_is_left_unchanged(database_url: str) -> None:
    database = Database(database_url, Settings())
    async with database.transaction() as session:
        filled = await operating.fill_if_empty(session, None, NOW, lambda _: None)
    await database.close()
    assert not filled
