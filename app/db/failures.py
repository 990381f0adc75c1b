"""What an error of the database means: it is busy, it does not answer, or its disk is full."""

import errno
from enum import StrEnum

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(StrEnum):
    """A failure of the database that is not a fault of the program."""

    BUSY = "busy"
    """A lock or a connection was not free in time; nothing was changed."""
    UNREACHABLE = "unreachable"
    """It cannot be reached, or the connection was lost; a change may have been committed."""
    FULL = "full"
    """Its disk is full; nothing was changed."""


class DatabaseUnreachableError(ConnectionError):
    """No connection can be opened."""


BUSY_ERRORS = (
    PoolTimeout,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OutOfMemoryError,
)
CONNECTION_ERRORS = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
FAILURES = (
    (asyncpg.DiskFullError, Failure.FULL),
    (asyncpg.DataError, None),  # an InterfaceError where an argument does not fit
    (BUSY_ERRORS, Failure.BUSY),
    (CONNECTION_ERRORS, Failure.UNREACHABLE),
)
"""The first kind that an error belongs to decides."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def cause_of(error: BaseException) -> BaseException:
    """The driver's error that SQLAlchemy has wrapped, or the error itself."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def failure_of(error: BaseException) -> Failure | None:
    """The failure that an error reports; None for any other error."""
    cause = cause_of(error)
    if isinstance(cause, OSError) and cause.errno in NO_SPACE:
        return Failure.FULL
    for kinds, failure in FAILURES:
        if isinstance(cause, kinds):
            return failure
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Failure.UNREACHABLE
    return None


def reason_of(error: BaseException) -> str:
    """The first line of the error's text, for the log."""
    cause = cause_of(error)
    return str(cause).partition("\n")[0] or "no answer in time"
