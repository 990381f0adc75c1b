"""What libraries report of a lost database is left out of the log."""

import logging

import asyncpg
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException

from app.server.logs import OutageFilter


def caused(by: Exception) -> ConnectorException:
    error = ConnectorException()
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("name", "error", "is_kept"),
    [
        ("procrastinate.worker", caused(psycopg.OperationalError("closed")), False),
        ("asyncio", psycopg.errors.AdminShutdown("terminated"), False),
        ("asyncio", ExceptionGroup("tasks", [ConnectionResetError()]), False),
        ("procrastinate.worker", asyncpg.ConnectionDoesNotExistError("closed"), False),
        ("procrastinate.worker", caused(psycopg.ProgrammingError("no such column")), True),
        ("procrastinate.worker", ZeroDivisionError(), True),
        ("tiendo", ConnectionResetError(), True),
        ("procrastinate.worker", None, True),
    ],
)
def test_only_lost_connections_of_libraries_are_left_out(
    name: str, error: Exception | None, is_kept: bool
) -> None:
    information = (type(error), error, None) if error else None
    record = logging.LogRecord(name, logging.ERROR, "", 0, "failed", None, information)
    assert OutageFilter().filter(record) is is_kept
