"""The content of each table as a number of rows and a digest, to compare two databases."""

from collections.abc import Mapping
from typing import NamedTuple

import asyncpg

LIST_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""
GET_SETTING = "SELECT current_setting($1)"
# For the rest of the transaction.
SET_SETTING = "SELECT set_config($1, $2, true)"
SETTINGS = {"timezone": "UTC", "datestyle": "ISO", "intervalstyle": "postgres"}
"""What the text of a row depends on."""


class TableDigest(NamedTuple):
    """The number of rows, and the sum of the rows' hashes, which has no order."""

    rows: int
    digest: str


async def digest_tables(connection: asyncpg.Connection) -> dict[str, TableDigest]:
    """The digest of each table, within the connection's transaction."""
    before = {name: await connection.fetchval(GET_SETTING, name) for name in SETTINGS}
    await _set(connection, SETTINGS)
    digests = {}
    for table in [row["tablename"] for row in await connection.fetch(LIST_TABLES)]:
        query = f"""
            SELECT count(*) AS rows, coalesce(sum(
                CAST(CAST('x' || left(md5(CAST(t AS text)), 16) AS bit(64)) AS bigint)
            ), 0)::text AS digest
            FROM public."{table}" AS t
        """  # noqa: S608 - a table's name
        digests[table] = TableDigest(*await connection.fetchrow(query))
    await _set(connection, before)
    return digests


async def _set(connection: asyncpg.Connection, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        await connection.execute(SET_SETTING, name, value)
