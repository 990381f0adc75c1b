"""Query strings: an empty cursor, and parameters that others append to shared links."""

import pytest

from tests.conftest import Service
from tests.support.operations import UNDER_VERSION, Operation

LISTS = [each for each in UNDER_VERSION if "cursor" in each.query]


@pytest.mark.parametrize("operations", [LISTS[0::2], LISTS[1::2]])
async def test_an_empty_cursor_is_the_first_page(
    service: Service, operations: list[Operation]
) -> None:
    client = service.client("coordinator")
    for operation in operations:
        first = await client.get(operation.address(), params=operation.required())
        empty = await client.get(operation.address(), params={**operation.required(), "cursor": ""})
        assert (empty.status_code, empty.json()) == (first.status_code, first.json()), operation
