"""Migrate a database to the newest schema."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
ALEMBIC_INI = ROOT / "alembic.ini"
VERSIONS = ROOT / "migrations" / "versions"


def configuration(url: str) -> "Config":
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config  # noqa: PLC0415 - 0.2 s, and few starts migrate

    config = Config(ALEMBIC_INI)
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run the missing migrations. Must not be called from a running event loop.

    If the schema is up to date, Alembic is not imported.
    """
    if asyncio.run(_current_revision(url)) == newest_revision():
        return
    from alembic import command  # noqa: PLC0415 - as above

    command.upgrade(configuration(url), "head")


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
