"""Crafted cursors: every list answers 422 where a value does not fit the column it orders by."""

import base64
import json
from itertools import product
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.operations import UNDER_VERSION, Operation

LISTS = [operation for operation in UNDER_VERSION if "cursor" in operation.query]
ADMIN_TAGS = {"users", "api-keys", "webhooks", "reorganisations"}
MOST_COLUMNS = 4
PLAUSIBLE = (1, "2024-06-16T00:00:00+07:00", "2024-06-16", "018f0000-0000-7000-8000-000000000000")
"""Each column that a list orders by accepts one of these."""
MISFITS = [
    "null",
    "true",
    "1.5",
    "1e999",
    "NaN",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 500,
    '"\\u0000"',
    '"\\ud800"',
    "[]",
    "[1]",
    "{}",
    '{"a": 1}',
]
"""JSON literals that fit no column."""
SOMETIMES_MISFITS = [
    "2147483648",
    "-2147483649",
    '"text"',
    '"2024-02-30"',
    '"2024-06-16T00:00:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
]
"""JSON literals that fit some columns."""
NOT_LISTS = ["7", "null", "true", '"abc"', "{}", '{"0": 1}', "[", "[" * 700]
NOT_BASE64 = ["x", "!!!!", "%F0%9F%98%80", "%00", "x" * 1001]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


class CursorList:
    """A list of the API, and a client that may read it."""

    def __init__(self, service: Service, operation: Operation) -> None:
        person = "admin" if operation.tag in ADMIN_TAGS else "coordinator"
        self._client = service.client(person)
        self._operation = operation

    async def get(self, cursor: str) -> httpx.Response:
        """The page after a cursor."""
        query = "&".join(f"{name}={value}" for name, value in self._operation.required().items())
        address = f"{self._operation.address()}?{query}&cursor={cursor}"
        answer = await self._client.get(address)
        context = f"{self._operation.name} {cursor[:200]}: {answer.text[:300]}"
        assert answer.status_code in {200, 422}, context
        return answer

    async def ensure_refused(self, cursor: str) -> None:
        """Ensure that the cursor is refused as a value of the parameter `cursor`."""
        answer = await self.get(cursor)
        assert answer.status_code == 422, (self._operation.name, cursor[:200])
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("query", "/cursor")

    async def find_values(self) -> list[Any]:
        """Values that make a cursor of this list: one for each column that it orders by."""
        if (cursor := await self._next_cursor()) is not None:
            values: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=="))
            return values
        for count in range(1, MOST_COLUMNS + 1):
            for candidates in product(PLAUSIBLE, repeat=count):
                if (await self.get(encoded(json.dumps(candidates)))).status_code == 200:
                    return list(candidates)
        pytest.fail(f"{self._operation.name} accepts no cursor")

    async def _next_cursor(self) -> str | None:
        """The cursor that the list gives after its first row; None where it has only one."""
        parameters = self._operation.required() | {"limit": 1}
        answer = await self._client.get(self._operation.address(), params=parameters)
        cursor: str | None = answer.raise_for_status().json()["next_cursor"]
        return cursor


def with_literal(values: list[Any], position: int, literal: str) -> str:
    """The cursor with one of its values replaced by a JSON literal."""
    literals = [json.dumps(value) for value in values]
    literals[position] = literal
    return encoded(f"[{','.join(literals)}]")


def test_every_kind_of_list_is_tried() -> None:
    tried = {operation.name for operation in LISTS}
    assert {"list_reports", "list_obligations", "list_audit_events", "list_users"} <= tried
    assert len(tried) > 15


@pytest.mark.parametrize("share", range(4))
async def test_a_crafted_cursor_is_refused(service: Service, share: int) -> None:
    for operation in LISTS[share::4]:
        cursors = CursorList(service, operation)
        values = await cursors.find_values()
        for count in range(len(values) + 2):
            if count != len(values):
                await cursors.ensure_refused(encoded(json.dumps((values * 2 + [1])[:count])))
        for position in range(len(values)):
            for literal in MISFITS:
                await cursors.ensure_refused(with_literal(values, position, literal))
            for literal in SOMETIMES_MISFITS:
                await cursors.get(with_literal(values, position, literal))
        for cursor in [*NOT_BASE64, *map(encoded, NOT_LISTS)]:
            await cursors.ensure_refused(cursor)
