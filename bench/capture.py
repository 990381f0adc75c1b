"""Capture the SQL of a request, so that it can be replayed without the service.

SQLAlchemy's `before_cursor_execute` event gives each statement with the driver's parameters.
Statements that bypass SQLAlchemy are captured at asyncpg's `Connection.fetch`.
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
    """One statement as passed to the driver."""

    sql: str
    parameters: tuple[Any, ...]
    """One tuple per execution if `many` is true."""
    many: bool
    alone: bool
    """Sent in autocommit mode, outside the request's transaction."""


@contextmanager
def capture_statements(database: Database) -> Iterator[list[Statement]]:
    """Collect the statements that the database's connections send inside the block."""
    engine = database.engine.sync_engine
    statements: list[Statement] = []

    def by_session(
        connection: Connection, _: Any, sql: str, parameters: Any, __: Any, many: bool
    ) -> None:
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        values = tuple(tuple(each) for each in parameters) if many else tuple(parameters)
        statements.append(Statement(sql, values, many, alone))

    fetch = asyncpg.Connection.fetch

    def by_driver(connection: asyncpg.Connection, sql: str, *parameters: Any) -> Any:
        alone = not connection.is_in_transaction()
        statements.append(Statement(sql, parameters, many=False, alone=alone))
        return fetch(connection, sql, *parameters)

    event.listen(engine, "before_cursor_execute", by_session)
    with patch.object(asyncpg.Connection, "fetch", by_driver):
        yield statements
    event.remove(engine, "before_cursor_execute", by_session)
