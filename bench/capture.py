"""What the service says to its database for a request, so that it can be said without the service.

SQLAlchemy tells of each statement just before the driver gets it, with the driver's parameters;
the service's questions, which go past SQLAlchemy, are overheard at the driver.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import asyncpg
from sqlalchemy import Connection, event

from app.db.database import Database


@dataclass(frozen=True)
class Statement:
    """One statement as the driver gets it."""

    sql: str
    parameters: tuple[Any, ...]
    """Of each execution where there are `many`."""
    many: bool
    alone: bool
    """Sent on its own, outside the request's transaction."""


@contextmanager
def capture_statements(database: Database) -> Iterator[list[Statement]]:
    """The statements that are sent by its connections while this is open."""
    engine = database.engine.sync_engine
    statements: list[Statement] = []

    def by_session(
        connection: Connection, _: Any, sql: str, parameters: Any, __: Any, many: bool
    ) -> None:
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        given = tuple(tuple(each) for each in parameters) if many else tuple(parameters)
        statements.append(Statement(sql, given, many, alone))

    fetch = asyncpg.Connection.fetch

    def by_driver(connection: asyncpg.Connection, sql: str, *parameters: Any) -> Any:
        alone = not connection.is_in_transaction()
        statements.append(Statement(sql, parameters, many=False, alone=alone))
        return fetch(connection, sql, *parameters)

    event.listen(engine, "before_cursor_execute", by_session)
    with patch.object(asyncpg.Connection, "fetch", by_driver):
        yield statements
    event.remove(engine, "before_cursor_execute", by_session)
