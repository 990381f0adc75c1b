"""The testbed: an embedded PostgreSQL with the 2024 plan and its reports."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL, Clock
from app.db.database import Database
from app.db.migration import migrate
from app.db.roles import DatabaseUrls
from app.main import create_app
from app.models.accounts import AccessToken, Account
from app.models.agencies import Agency
from app.models.periods import ScheduleReporter
from app.security import digest, new_token
from app.server import embedded
from app.settings import Settings
from app.vocabulary import Role
from bench.report_body import report_body
from bench.request import ApiRequest
from seed.loader import load

PLAN_FOLDER = Path(__file__).resolve().parent.parent / "seed" / "tho-xuan-2024"
PLAN_IN_FORCE = datetime(2024, 4, 1, 8, tzinfo=LOCAL)
NOW = datetime(2024, 12, 8, 8, tzinfo=LOCAL)
"""The service's time: the annual report is due in two days, most others are submitted."""
PERIODS = ("2024-Q1", "2024-Q2", "2024-H1", "2024-Q3", "2024-Y", "2024-Q4")
TEMPLATE_DATABASE = "loaded"
DISTRICT, COORDINATOR = "395", "coordinator"


@dataclass(frozen=True)
class Testbed:
    """The database server, its filled template database, and a token per user."""

    folder: Path
    server_url: str
    tokens: dict[str, str]
    """By agency code; the coordinator's under COORDINATOR."""

    def urls(self, database: str) -> DatabaseUrls:
        """The URLs of one of the server's databases."""
        return embedded.urls_of(self.server_url.replace("/postgres?", f"/{database}?"))

    def clone(self, database: str) -> str:
        """Copy the template database and return the copy's URL for the application."""
        asyncio.run(
            _execute(self.server_url, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE_DATABASE}")
        )
        return self.urls(database).application

    def create_empty(self, database: str) -> str:
        """Create a database without tables and return its owner's URL."""
        asyncio.run(_execute(self.server_url, f"CREATE DATABASE {database}"))
        return self.urls(database).owner

    @property
    def reporters(self) -> list[str]:
        """The codes of the reporting agencies."""
        return [code for code in self.tokens if code != COORDINATOR]


@contextmanager
def running_testbed() -> Iterator[Testbed]:
    """Create the testbed, and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tiendo-bench-"))
    server = embedded.start(folder)
    try:
        testbed = Testbed(folder, server.url, {})
        asyncio.run(_execute(server.url, f"CREATE DATABASE {TEMPLATE_DATABASE}"))
        migrate(testbed.urls(TEMPLATE_DATABASE))
        asyncio.run(_fill(testbed))
        asyncio.run(_execute(testbed.urls(TEMPLATE_DATABASE).owner, "VACUUM ANALYZE"))
        yield testbed
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _fill(testbed: Testbed) -> None:
    url = testbed.urls(TEMPLATE_DATABASE).application
    database = Database(url, Settings())
    async with database.transaction() as session:
        await load(session, PLAN_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    await _add_people(database, testbed)
    await database.close()
    async with in_process(url) as (_, client):
        for position, agency in enumerate(testbed.reporters):
            for ordinal, period in enumerate(PERIODS, start=1):
                await _report(
                    client, testbed, f"{period}/{agency}", ordinal, _progress(position, period)
                )


def _progress(position: int, period: str) -> str:
    """The progress of a report, by the agency's position and the period."""
    if period == "2024-Q4":
        return ("draft", "nothing", "nothing")[position % 3]
    if period == "2024-Y":
        return ("submitted", "accepted", "submitted", "draft")[position % 4]
    return "submitted" if position % 7 == 0 else "accepted"


async def _report(
    client: httpx.AsyncClient, testbed: Testbed, position: str, ordinal: int, progress: str
) -> None:
    if progress == "nothing":
        return
    path, token = f"/api/v1/reports/{position}", testbed.tokens[position.rpartition("/")[2]]
    expected = (await ApiRequest("GET", path, token).send(client)).json()["expected"]
    draft = client.build_request(
        "PUT",
        f"{path}/draft",
        json=report_body(expected, ordinal),
        headers={"Authorization": f"Bearer {token}", "If-Match": '"0"'},
    )
    (await client.send(draft)).raise_for_status()
    if progress == "draft":
        return
    note = {"warnings_note": "Số liệu đã đối chiếu với danh sách."}
    await ApiRequest("POST", f"{path}/submit", token, note).send(client)
    if progress == "accepted":
        note = {"note": "Số liệu khớp."}
        await ApiRequest("POST", f"{path}/accept", testbed.tokens[COORDINATOR], note).send(client)


async def _add_people(database: Database, testbed: Testbed) -> None:
    """Add an account with a token for every reporting agency and for the coordinator."""
    async with database.transaction() as session:
        reporting = select(ScheduleReporter.agency_id)
        agencies = await session.scalars(
            select(Agency).where(Agency.id.in_(reporting)).order_by(Agency.code)
        )
        people = [(agency.code, Role.REPORTER, agency.id) for agency in agencies]
        office = next(id_ for code, _, id_ in people if code.endswith("LDTBXH"))
        for name, role, agency_id in [*people, (COORDINATOR, Role.COORDINATOR, office)]:
            testbed.tokens[name] = await add_person(session, f"person-{name}", role, agency_id)


async def add_person(session: AsyncSession, username: str, role: Role, agency_id: int) -> str:
    """Add an account, and return a token of it that never expires."""
    account = Account(
        username=username,
        full_name=username,
        role=role,
        agency_id=agency_id,
        password_hash="-",  # noqa: S106 - matches no password: tokens only
        created_at=PLAN_IN_FORCE,
    )
    session.add(account)
    await session.flush()
    token = new_token()
    session.add(
        AccessToken(
            token_hash=digest(token),
            account_id=account.id,
            created_at=PLAN_IN_FORCE,
            expires_at=NOW + timedelta(days=36_500),
        )
    )
    return token


@asynccontextmanager
async def in_process(url: str) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The service in this process at the time NOW, and a client for it."""
    app = create_app(Settings(embedded_worker=False), url, Clock.starting_at(NOW))
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as client,
    ):
        yield app, client


def offset_seconds() -> str:
    """TIENDO_CLOCK_OFFSET_SECONDS that sets the measured service's clock to NOW."""
    return json.dumps((NOW - datetime.now(LOCAL)).total_seconds())
