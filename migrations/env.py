"""Alembic's environment: runs the migrations under an advisory lock, one server at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.database import driver_url
from app.models import Base
from app.settings import Settings

MIGRATION_LOCK = 7_283_651_904


def is_compared(name: str | None, kind: str, _: object) -> bool:
    """Whether autogenerate compares the object; it ignores the job queue's tables."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=False,
        include_name=is_compared,
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


def _configured_url() -> str | None:
    settings = Settings()
    return settings.owner_database_url or settings.database_url


async def connect_and_run() -> None:
    """Connect to the configured database as the tables' owner and run the migrations."""
    url = context.config.attributes.get("url") or _configured_url()
    if url is None:
        raise SystemExit("set TIENDO_DATABASE_URL, or use: tiendo migrate")
    engine = create_async_engine(driver_url(url))
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


if (connection := context.config.attributes.get("connection")) is not None:
    run(connection)  # its transaction is the caller's
else:
    asyncio.run(connect_and_run())
