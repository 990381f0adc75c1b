"""Bringing a database to the newest schema."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config

from app.database import driver_url

INI = Path(__file__).resolve().parent.parent / "alembic.ini"


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    config = Config(INI)
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run the migrations that are missing. Must not be called from a running event loop."""
    command.upgrade(configuration(url), "head")


async def is_empty(url: str) -> bool:
    """Whether the database has no tables yet."""
    plain = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        )
    finally:
        await connection.close()
    return int(found) == 0
