"""What verification finds, and how it reads many rows."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL

Progress = Callable[[str], None]
"""Takes a line about what is being verified."""

ROWS_BETWEEN_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction: what is wrong, where, and the expected and the stored value."""

    what: str
    where: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        expected, found = (_text(value) for value in (self.expected, self.found))
        return f"{self.where}: {self.what}: expected {expected}, found {found}"


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(LOCAL).isoformat()
    return str(value)


async def stream(
    session: AsyncSession, query: TextClause, label: str, progress: Progress
) -> AsyncIterator[Row[Any]]:
    """The rows of a query, through a cursor, so that memory does not grow with their number."""
    count = 0
    async for row in await session.stream(query):
        yield row
        count += 1
        if count % ROWS_BETWEEN_LINES == 0:
            progress(f"{label}: {count:,} …")
    progress(f"{label}: {count:,}")
