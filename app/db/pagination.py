"""Keyset pagination: a cursor holds the order values of the last row of a page."""

import base64
import json
from collections.abc import Sequence
from datetime import MAXYEAR, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Integer,
    Row,
    Select,
    SQLColumnExpression,
    String,
    Tuple,
    Uuid,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from app.db.storable import storable
from app.errors import FieldError, ValidationFailed
from app.text.bilingual import Bilingual

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

BAD_CURSOR = Bilingual(
    "Vị trí trang tiếp theo không đúng; chỉ dùng giá trị mà lần trả lời trước đã cho "
    "(next_cursor).",
    "Expected the next_cursor of an earlier response.",
)


def encode_cursor(values: Sequence[Any]) -> str:
    """Encode the order values of a row as an opaque cursor."""
    text = json.dumps(
        [_plain(value) for value in values], ensure_ascii=False, separators=(",", ":")
    )
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
    return value


def decode_cursor(cursor: str, columns: Tuple) -> tuple[Any, ...]:
    """Decode a cursor into one value for each of the order columns.

    Raises:
        ValidationFailed: the text is not a cursor of this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list):
            raise TypeError
        pairs = zip(values, columns.type.types, strict=True)
        return tuple(_comparable(value, column_type) for value, column_type in pairs)
    except (ValueError, TypeError, RecursionError):
        raise ValidationFailed(
            [FieldError("/cursor", "bad_cursor", BAD_CURSOR, part="query")]
        ) from None


def _comparable(value: Any, column_type: TypeEngine[Any]) -> Any:
    """The value as the column's type, if PostgreSQL can compare the two.

    Raises:
        ValueError, TypeError: it cannot.
    """
    match column_type:
        case DateTime():
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None or not 1 < instant.year < MAXYEAR:
                raise ValueError
            return instant
        case Date():
            return date.fromisoformat(value)
        case Integer() if type(value) is int:  # bool is a subclass of int
            largest = 2**63 - 1 if isinstance(column_type, BigInteger) else 2**31 - 1
            if abs(value) > largest:
                raise ValueError
            return value
        case Uuid() if isinstance(value, str):
            return UUID(value)
        case String() if isinstance(value, str) and storable(value):
            return value
    raise TypeError


async def page(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    order: Sequence[SQLColumnExpression[Any]],
    *,
    limit: int,
    cursor: str | None,
    descending: bool = False,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """One page of a query, and the cursor of the next page or None.

    The columns of `order` together are unique. The query must have no ORDER BY; the order columns
    are appended to each row.
    """
    if cursor is not None:
        columns = tuple_(*order)
        last_seen = decode_cursor(cursor, columns)
        query = query.where(columns < last_seen if descending else columns > last_seen)
    ordered = query.add_columns(*order).order_by(
        *(column.desc() if descending else column for column in order)
    )
    rows = list((await session.execute(ordered.limit(limit + 1))).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(rows[limit - 1][-len(order) :])
