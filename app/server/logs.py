"""The log of the server's processes."""

import asyncio
import logging
from typing import Any

from app.db.failures import Failure, failure_of

LIBRARIES = frozenset({"asyncio", "procrastinate"})


class OutageFilter(logging.Filter):
    """Drops what libraries report, each time with a stack trace, of a lost database connection.

    The watch of the database reports it once.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep the record."""
        error = record.exc_info[1] if record.exc_info else None
        library = record.name.partition(".")[0]
        return library not in LIBRARIES or error is None or not _is_lost_connection(error)


class CancellationFilter(logging.Filter):
    """Drops the stack traces of requests that the end of a stop cancels; uvicorn counts them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep the record."""
        error = record.exc_info[1] if record.exc_info else None
        return record.name != "uvicorn.error" or not isinstance(error, asyncio.CancelledError)


def _is_lost_connection(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_lost_connection(each) for each in error.exceptions)
    if failure_of(error) is Failure.UNREACHABLE or _is_of_psycopg(error):
        return True
    return error.__cause__ is not None and _is_lost_connection(error.__cause__)


def _is_of_psycopg(error: BaseException) -> bool:
    """Whether it is psycopg's OperationalError; only processes with a worker import psycopg."""
    names = [(base.__module__, base.__name__) for base in type(error).__mro__]
    return ("psycopg", "OperationalError") in names


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "outages": {"()": OutageFilter},
        "cancellations": {"()": CancellationFilter},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["outages", "cancellations"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # These report each attempt to connect again, without an exception.
    "loggers": {
        "psycopg": {"level": "ERROR"},
        "procrastinate.utils": {"level": "CRITICAL"},
    },
}
"""The configuration of `logging`."""
