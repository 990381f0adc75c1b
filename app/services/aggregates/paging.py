"""Pages of the reports to several plans, in the order of agencies and plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import tuple_

from app.db.pagination import LARGEST_LIMIT, decode_cursor, encode_cursor
from app.models.agencies import Agency
from app.models.plans import Plan

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of the reports is asked for; without a limit it is the largest."""

    limit: int | None
    cursor: str | None

    @property
    def is_asked(self) -> bool:
        """Whether the request asks for pages."""
        return self.limit is not None or self.cursor is not None

    def cut(self, rows: Sequence[Row]) -> dict[str, Any]:
        """One page of the rows, and the cursor of the next.

        Raises:
            ValidationFailed: the cursor is not one of this list.
        """
        rows = sorted(rows, key=_key)
        if self.cursor is not None:
            after = decode_cursor(self.cursor, tuple_(Agency.code, Plan.code))
            rows = [row for row in rows if _key(row) > after]
        limit = self.limit or LARGEST_LIMIT
        next_cursor = encode_cursor(_key(rows[limit - 1])) if len(rows) > limit else None
        return {"rows": rows[:limit], "next_cursor": next_cursor}


def _key(row: Row) -> tuple[str, str]:
    return row["agency"], row["plan"]
