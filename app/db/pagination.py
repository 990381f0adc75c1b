"""Keyset pagination: a cursor holds the order values of the last row of a page."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import MAXYEAR, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.storable import storable
from app.errors import FieldError, ValidationFailed
from app.text.bilingual import Bilingual

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

BAD_CURSOR = Bilingual(
    "Con trỏ không đúng; chỉ dùng next_cursor mà câu trả lời trước đã cho.",
    "Expected the next_cursor of an earlier response.",
)


def encode_cursor(values: Sequence[Any]) -> str:
    """Encode the order values of a row as an opaque cursor."""
    text = json.dumps(
        [value.isoformat() if isinstance(value, date) else value for value in values],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, types: Sequence[type]) -> tuple[Any, ...]:
    """Decode a cursor into order values of these types.

    Raises:
        ValidationFailed: the text is not a cursor of this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if len(values) != len(types):
            raise ValueError
        return tuple(_typed(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise ValidationFailed(
            [FieldError("/cursor", "bad_cursor", BAD_CURSOR, part="query")]
        ) from None


def _typed(value: Any, kind: type) -> Any:
    if kind is datetime:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None or not 1 < instant.year < MAXYEAR:
            raise ValueError
        return instant
    if kind is date:
        return date.fromisoformat(value)
    if kind is int and isinstance(value, int) and abs(value) < 2**63:
        return value
    if kind is str and isinstance(value, str) and storable(value):
        return value
    raise TypeError


async def page(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    order: Sequence[tuple[ColumnElement[Any] | Any, type]],
    *,
    limit: int,
    cursor: str | None,
    descending: bool = False,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """One page of a query, and the cursor of the next page or None.

    `order` names columns that together are unique. The query must have no ORDER BY; the order
    columns are appended to each row.
    """
    columns = [column for column, _ in order]
    if cursor is not None:
        last_seen = decode_cursor(cursor, [kind for _, kind in order])
        row = tuple_(*columns)
        query = query.where(row < last_seen if descending else row > last_seen)
    ordered = query.add_columns(*columns).order_by(
        *(column.desc() if descending else column for column in columns)
    )
    rows = list((await session.execute(ordered.limit(limit + 1))).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(rows[limit - 1][-len(columns) :])
