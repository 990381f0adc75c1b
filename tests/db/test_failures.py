"""Which errors mean that the database is busy, lost or full."""

import errno

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.failures import DatabaseUnreachableError, Failure, failure_of, reason_of


def wrapped(cause: Exception, *, invalidated: bool = False) -> DBAPIError:
    """The error as SQLAlchemy wraps it."""
    orig = Exception("of the dialect")
    orig.__cause__ = cause
    return DBAPIError("SELECT 1", {}, orig, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (asyncpg.LockNotAvailableError("lock timeout"), Failure.BUSY),
        (asyncpg.TooManyConnectionsError("too many clients"), Failure.BUSY),
        (PoolTimeout("no connection was free"), Failure.BUSY),
        (asyncpg.ConnectionDoesNotExistError("closed"), Failure.UNREACHABLE),
        (asyncpg.CannotConnectNowError("starting up"), Failure.UNREACHABLE),
        (asyncpg.AdminShutdownError("terminated"), Failure.UNREACHABLE),
        (asyncpg.InterfaceError("connection is closed"), Failure.UNREACHABLE),
        (asyncpg.InternalClientError("unexpected state"), Failure.UNREACHABLE),
        (DatabaseUnreachableError("refused"), Failure.UNREACHABLE),
        (TimeoutError(), Failure.UNREACHABLE),
        (asyncpg.DiskFullError("could not extend file"), Failure.FULL),
        (OSError(errno.ENOSPC, "No space left on device"), Failure.FULL),
        (asyncpg.DataError("invalid input for query argument $1"), None),
        (asyncpg.UndefinedTableError("no such table"), None),
        (FileNotFoundError(errno.ENOENT, "no such template"), None),
        (ZeroDivisionError(), None),
    ],
)
def test_an_error_has_the_same_meaning_by_both_drivers(
    error: Exception, failure: Failure | None
) -> None:
    assert failure_of(error) is failure
    assert failure_of(wrapped(error)) is failure


def test_a_connection_that_sqlalchemy_gives_up_is_lost() -> None:
    error = wrapped(asyncpg.PostgresError("any"), invalidated=True)
    assert failure_of(error) is Failure.UNREACHABLE


def test_the_reason_is_one_line() -> None:
    assert reason_of(wrapped(asyncpg.DiskFullError("no space\nHINT: free some"))) == "no space"
    assert reason_of(TimeoutError()) == "no answer in time"
