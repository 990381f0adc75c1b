"""How Alembic reaches the database: one advisory lock, so that two servers never race."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.database import driver_url
from app.models import Base
from app.settings import Settings

ONE_AT_A_TIME = 7_283_651_904


def ours(name: str | None, kind: str, _: object) -> bool:
    """Whether a name of the database is for us to compare: the job queue's tables are not."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=False,
        include_name=ours,
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        context.run_migrations()


async def connect_and_run() -> None:
    """Open a connection of our own: for the `alembic` command."""
    url = context.config.attributes.get("url") or Settings().database_url
    if url is None:
        raise SystemExit("set TIENDO_DATABASE_URL, or use: tiendo migrate")
    engine = create_async_engine(driver_url(url))
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(connect_and_run())
