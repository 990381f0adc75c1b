"""Migrate a database to the newest schema, and grant the application its privileges."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from app.db import roles
from app.db.roles import DatabaseUrls

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

ROOT = Path(__file__).resolve().parents[2]
ALEMBIC_INI = ROOT / "alembic.ini"
VERSIONS = ROOT / "migrations" / "versions"


def configuration(url: str) -> "Config":
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config  # noqa: PLC0415 - 0.2 s, and few starts migrate

    config = Config(ALEMBIC_INI)
    config.attributes["url"] = url
    return config


def migrate(urls: DatabaseUrls) -> None:
    """Run the missing migrations as the owner, then grant the application its privileges.

    Must not be called from a running event loop. If the schema is up to date, Alembic is not
    imported.

    Raises:
        RoleError: the application's role is missing and cannot be created.
    """
    if asyncio.run(_current_revision(urls.owner)) != newest_revision():
        from alembic import command  # noqa: PLC0415 - as above

        command.upgrade(configuration(urls.owner), "head")
    if urls.are_separate:
        asyncio.run(roles.grant(urls))


async def migrate_within(connection: "AsyncConnection", urls: DatabaseUrls) -> None:
    """Do the same within the transaction of a connection of the owner.

    Raises:
        RoleError: the application's role is missing and cannot be created.
    """
    from alembic import command  # noqa: PLC0415 - as above

    def upgrade(connection: "Connection") -> None:
        config = configuration(urls.owner)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await connection.run_sync(upgrade)
    if urls.are_separate:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - narrows
        await roles.grant_within(driver, urls.application)


def newest_revision() -> str:
    """The newest revision, from the names of the migration files."""
    return max(file.stem for file in VERSIONS.glob("[0-9]*.py")).partition("_")[0]


async def _current_revision(url: str) -> str | None:
    """The database's revision; None if it has no migrations."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()
