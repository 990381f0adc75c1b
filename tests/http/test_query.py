"""Query strings: an empty cursor, and parameters that others append to shared links."""

import pytest
from sqlalchemy import text

from tests.conftest import Service
from tests.support.browser import HOST
from tests.support.operations import UNDER_VERSION, Operation
from tests.support.report_calls import ok

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


TRACKING = {"fbclid": "IwAR0", "utm_source": "zalo", "gclid": "x\x00", "unknown[]": "1"}


async def test_a_shared_calendar_ignores_what_others_append(service: Service) -> None:
    link = ok(
        await service.client("xuan-hong").post("/calendar-links", json={"agency": "15493"}), 201
    )
    token = {"token": link["url"].partition("token=")[2]}
    answer = await service.client().get("/calendar.ics", params=TRACKING | token)
    assert answer.status_code == 200
    assert answer.text.startswith("BEGIN:VCALENDAR")
    repeated = await service.client().get("/calendar.ics?token=a&token=b&fbclid=1")
    assert [error["code"] for error in repeated.json()["errors"]] == ["duplicate_parameter"]


@pytest.mark.parametrize("path", ["/", "/docs", "/health/live", "/health/ready", "/metrics"])
async def test_pages_ignore_what_others_append(service: Service, path: str) -> None:
    answer = await service.client().get(f"{HOST}{path}", params=TRACKING)
    assert answer.status_code == 200


async def test_the_preferences_page_ignores_what_others_append(service: Service) -> None:
    async with service.database.reading() as session:
        key = await session.scalar(
            text("SELECT mail_key FROM account WHERE username = 'xuan-hong'")
        )
    for method in ("GET", "POST"):
        answer = await service.client().request(
            method,
            f"{HOST}/notifications/preferences",
            params={**TRACKING, "key": str(key)},
            data={"channel": "email"} if method == "POST" else None,
        )
        assert answer.status_code == 200, method
        assert "Xã Xuân Hồng" in answer.text
