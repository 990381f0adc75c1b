"""One PostgreSQL per test run, a seeded template database, and a clone of it per test."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.clock import LOCAL, Clock
from app.db.database import Database, driver_url
from app.db.migration import migrate
from app.db.roles import DatabaseUrls
from app.server import embedded
from app.services.accounts.attempts import Attempts
from app.settings import Settings
from seed.loader import load
from tests.support.accounts import add_people, token_of
from tests.support.operations import APPLICATION

hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent
PROGRAMME_FOLDER = ROOT / "seed" / "giam-ngheo-2021-2025"
PLAN_FOLDER = ROOT / "seed" / "tho-xuan-2024"
NEIGHBOUR_FOLDER = ROOT / "tests" / "data" / "trieu-son-2024"
SERVER = "TIENDO_TEST_SERVER"
TEMPLATE = "tiendo_template"
EMPTY_TEMPLATE = "tiendo_empty_template"
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a private folder is created in it
"""In memory, because on disk the many 10 MB clones would dominate the run time."""
REQUIRED_BYTES = 2_000_000_000
PLAN_IN_FORCE = datetime(2024, 4, 1, 8, tzinfo=LOCAL)

_servers: list[tuple[embedded.EmbeddedServer, Path]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the server and create the templates once, before the xdist workers start."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    has_room = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > REQUIRED_BYTES
    folder = Path(tempfile.mkdtemp(prefix="tiendo-", dir=MEMORY_FOLDER if has_room else None))
    server = embedded.start(folder)
    _servers.append((server, folder))
    os.environ[SERVER] = server.url
    asyncio.run(_execute(server.url, f"CREATE DATABASE {TEMPLATE}"))
    # Tests do not need durability.
    asyncio.run(_execute(server.url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
    migrate(_urls(TEMPLATE))
    asyncio.run(_execute(server.url, f"CREATE DATABASE {EMPTY_TEMPLATE} TEMPLATE {TEMPLATE}"))
    asyncio.run(_fill_template())


def pytest_unconfigure() -> None:
    """Stop the server and delete its folder."""
    for server, folder in _servers:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    _servers.clear()


def _urls(database: str) -> DatabaseUrls:
    return embedded.urls_of(os.environ[SERVER].replace("/postgres?", f"/{database}?"))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def _fill_template() -> None:
    database = Database(_urls(TEMPLATE).application, Settings())
    async with database.transaction() as session:
        await load(session, PLAN_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    async with database.transaction() as session:
        await add_people(session, PLAN_IN_FORCE)
    await database.close()


def clone(template: str) -> Iterator[DatabaseUrls]:
    name = f"test_{uuid.uuid4().hex}"
    server = os.environ[SERVER]
    asyncio.run(_execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    yield _urls(name)
    asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database_urls() -> Iterator[DatabaseUrls]:
    """A clone of the seeded template for one test."""
    yield from clone(TEMPLATE)


@pytest.fixture
def database_url(database_urls: DatabaseUrls) -> str:
    """The clone for the application's role, under which the service runs."""
    return database_urls.application


@pytest.fixture
def empty_database_urls() -> Iterator[DatabaseUrls]:
    """A database with tables but without rows for one test."""
    yield from clone(EMPTY_TEMPLATE)


@pytest.fixture
def empty_database_url(empty_database_urls: DatabaseUrls) -> str:
    """The empty database for the application's role."""
    return empty_database_urls.application


@pytest.fixture
def blank_database_urls() -> Iterator[DatabaseUrls]:
    """A database without tables for one test."""
    yield from clone("template0")


class SetClock(Clock):
    """A clock that stands still until it is set."""

    def __init__(self, instant: datetime) -> None:
        super().__init__()
        self.instant = instant

    def now(self) -> datetime:
        """The current setting."""
        return self.instant

    def set(self, text: str) -> None:
        """Set the clock to a local time such as `2024-06-15 17:30`."""
        self.instant = datetime.fromisoformat(text).replace(tzinfo=LOCAL)

    def advance(self, **amount: float) -> None:
        """Advance the clock; takes the arguments of timedelta."""
        self.instant += timedelta(**amount)


class Service:
    """The running application, its clock, its database, and clients for test accounts."""

    def __init__(self, app: FastAPI, clock: SetClock, database_urls: DatabaseUrls) -> None:
        self.app = app
        self.clock = clock
        self.database_url = database_urls.application
        self.owner_url = database_urls.owner
        self._clients: list[httpx.AsyncClient] = []

    @property
    def database(self) -> Database:
        """The application's database."""
        database: Database = self.app.state.database
        return database

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator[AsyncSession]:
        """A transaction of the tables' owner, who can change what the service only adds to."""
        engine = create_async_engine(driver_url(self.owner_url), poolclass=NullPool)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def client(self, person: str | None = None, secret: str | None = None) -> httpx.AsyncClient:
        """A client with the token of a test account, with another secret, or without either."""
        secret = token_of(person) if person else secret
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://test/api/v1",
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def running_service(app: FastAPI, database_urls: DatabaseUrls) -> AsyncIterator[Service]:
    """An application that runs on a cloned database, with the clock at 08:00 on 10 June 2024."""
    clock = SetClock(datetime(2024, 6, 10, 8, tzinfo=LOCAL))
    app.state.database_url, app.state.clock = database_urls.application, clock
    app.state.attempts = Attempts()
    async with LifespanManager(app):
        service = Service(app, clock, database_urls)
        yield service
        await service.close()


@pytest.fixture
async def service(database_urls: DatabaseUrls) -> AsyncIterator[Service]:
    """The service with default settings on a clone of the seeded template."""
    APPLICATION.state.settings = Settings(embedded_worker=False)
    async with running_service(APPLICATION, database_urls) as service:
        yield service
