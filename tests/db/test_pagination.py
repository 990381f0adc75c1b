"""Cursors: what is encoded is decoded, and a value has to fit its column."""

import base64
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Date, DateTime, Integer, String, Uuid, column, tuple_

from app.db.pagination import decode_cursor, encode_cursor
from app.errors import ValidationFailed

COLUMNS = tuple_(
    column("at", DateTime(timezone=True)),
    column("day", Date()),
    column("position", Integer()),
    column("id", BigInteger()),
    column("code", String()),
    column("message", Uuid()),
)
MESSAGE_ID = UUID("01900b34-6a58-7a31-9d0c-5c3e2f7b8a14")
VALUES = (
    datetime(2024, 6, 15, tzinfo=UTC),
    date(2024, 6, 15),
    2**31 - 1,
    -(2**63) + 1,
    "Hậu Lộc",
    MESSAGE_ID,
)


def test_a_cursor_is_decoded_to_the_values_of_its_row() -> None:
    assert decode_cursor(encode_cursor(VALUES), COLUMNS) == VALUES


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, "2024-06-15T00:00:00"),
        (0, "0001-01-01T00:00:00+14:00"),
        (0, 1718409600),
        (1, "2024-02-30"),
        (1, 20240615),
        (2, 2**31),
        (2, -(2**31) - 1),
        (2, True),
        (2, 1.0),
        (2, "1"),
        (3, 2**63),
        (3, False),
        (3, None),
        (4, 15493),
        (4, "\x00"),
        (4, ["15493"]),
        (5, 417),
        (5, "417"),
        (5, None),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(position: int, value: Any) -> None:
    values = [*VALUES[:position], value, *VALUES[position + 1 :]]
    with pytest.raises(ValidationFailed):
        decode_cursor(encode_cursor(values), COLUMNS)


@pytest.mark.parametrize("text", ["", "null", "7", "{}", '"abcde"', '{"1":1,"2":2,"3":3}', "[1]"])
def test_a_cursor_holds_a_list_of_as_many_values_as_columns(text: str) -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(base64.urlsafe_b64encode(text.encode()).decode(), COLUMNS)
