"""What the service says to its database for a request, so that it can be said without the service.

SQLAlchemy tells of each statement just before the driver gets it, with the driver's parameters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, event


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
def captured(app: FastAPI) -> Iterator[list[Statement]]:
    """The statements that the application sends while this is open."""
    engine = app.state.database.engine.sync_engine
    statements: list[Statement] = []

    def note(
        connection: Connection, _: Any, sql: str, parameters: Any, __: Any, many: bool
    ) -> None:
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        given = tuple(tuple(each) for each in parameters) if many else tuple(parameters)
        statements.append(Statement(sql, given, many, alone))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
