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

    @property
    def size(self) -> int:
        """The number of rows of a page."""
        return self.limit or LARGEST_LIMIT

    def page(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The page of rows that `parameters_of` has selected, and the cursor of the next one."""
        last = _key(rows[self.size - 1]) if len(rows) > self.size else None
        return {"rows": rows[: self.size], "next_cursor": last and encode_cursor(last)}


def parameters_of(paging: Paging | None) -> dict[str, Any]:
    """The parameters that select a page and the row after it; without paging, all rows.

    Raises:
        ValidationFailed: the cursor is not one of this list.
    """
    if paging is None:
        return {"after_agency": None, "after_plan": None, "rows": None}
    after: Sequence[Any] = (None, None)
    if paging.cursor is not None:
        after = decode_cursor(paging.cursor, tuple_(Agency.code, Plan.code))
    return {"after_agency": after[0], "after_plan": after[1], "rows": paging.size + 1}


def _key(row: Row) -> tuple[str, str]:
    return row["agency"], row["plan"]
