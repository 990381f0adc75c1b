"""Rows in PostgreSQL's text format, collected by table and written by COPY."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import asyncpg

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class TableRows:
    """The rows of one table that have not been written yet."""

    def __init__(self, table: str, *columns: str) -> None:
        self.table, self.columns = table, columns
        self._lines: list[str] = []

    def add(self, *values: Any) -> None:
        """Add a row: texts, numbers, instants in ISO 8601, or None. Bytes are written in hex."""
        self._lines.append("\t".join(map(_text, values)))

    def add_lines(self, lines: Sequence[str]) -> None:
        """Add rows that are written in the format already."""
        self._lines += lines

    async def write(self, connection: asyncpg.Connection) -> int:
        """Write the rows, and return their number."""
        count, data = len(self._lines), "\n".join([*self._lines, ""]).encode()
        self._lines.clear()
        await connection.copy_to_table(
            self.table, source=BytesIO(data), columns=self.columns, format="text"
        )
        return count


def _text(value: Any) -> str:
    match value:
        case None:
            return "\\N"
        case bytes():
            return "\\\\x" + value.hex()
        case bool():
            return "t" if value else "f"
        case str():
            return value.translate(ESCAPES)
    return str(value)
