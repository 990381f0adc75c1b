"""A closed period: what it refuses, and for which agency it is open all the same."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.deliveries import list_notifications, run_sweep
from tests.support.reference_calls import problem_of
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    review,
    submit,
    submit_complete,
    submit_paper,
)

OBLIGATION = f"/obligations/{Q2}/{XUAN_HONG}"
REPORT = f"/reports/{Q2}/{XUAN_HONG}"
PERIOD = f"/reporting-periods/{Q2}"
REASON = {"reason": "Mưa lũ"}

Step = Callable[[Service], Awaitable[Any]]


async def close(service: Service) -> None:
    ok(await service.client("coordinator").post(f"{PERIOD}/close"))


async def reopen(service: Service) -> None:
    ok(await service.client("coordinator").post(f"{PERIOD}/open"))


async def extend(service: Service) -> None:
    body = REASON | {"due_date": "2024-06-30"}
    extended = ok(await service.client("coordinator").put(f"{OBLIGATION}/extension", json=body))
    assert extended["can_submit"]


async def exempt(service: Service) -> None:
    ok(await service.client("coordinator").put(f"{OBLIGATION}/exemption", json=REASON))


async def end_exemption(service: Service) -> None:
    ok(await service.client("coordinator").delete(f"{OBLIGATION}/exemption"))


async def send(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)


async def give_back(service: Service) -> None:
    await review(service.client("coordinator"), "return", XUAN_HONG, **REASON)


async def wait_for_july(service: Service) -> None:
    service.clock.set("2024-07-01 00:00")


async def wait_for_the_last_day(service: Service) -> None:
    service.clock.set("2024-06-30 23:59:59")


@pytest.mark.parametrize(
    ("steps", "is_open"),
    [
        ([], True),
        ([wait_for_july], True),
        ([close], False),
        ([close, reopen], True),
        ([close, extend], True),
        ([extend, close], True),
        ([close, extend, wait_for_the_last_day], True),
        ([close, extend, wait_for_july], False),
        ([exempt], True),
        ([exempt, close], False),
        ([exempt, close, end_exemption], True),
        ([exempt, close, end_exemption, wait_for_july], True),
        ([exempt, close, end_exemption, reopen, close], False),
        ([exempt, end_exemption, close], False),
        ([send], False),
        ([send, close], False),
        ([send, close, give_back], True),
    ],
    ids=lambda value: "-".join(step.__name__ for step in value) if isinstance(value, list) else "",
)
async def test_can_submit_says_whether_the_report_can_be_sent(
    service: Service, steps: list[Step], is_open: bool
) -> None:
    commune = service.client("xuan-hong")
    for step in steps:
        await step(service)
    obligation = ok(await commune.get(OBLIGATION))
    assert obligation["can_submit"] is is_open
    if not is_open:
        saving = await _save_empty(commune)
        assert problem_of(saving) == (409, "state-conflict")
        return
    saved = await draft(commune, XUAN_HONG)
    sent = await submit(commune, XUAN_HONG)
    assert (saved["can_submit"], sent["can_submit"]) == (True, False)
    assert ok(await commune.get(OBLIGATION))["can_submit"] is False


async def _save_empty(client: httpx.AsyncClient) -> httpx.Response:
    tag = (await client.get(REPORT)).headers["ETag"]
    return await client.put(f"{REPORT}/draft", json={}, headers={"If-Match": tag})


async def test_an_extension_opens_the_period_for_its_agency_only(service: Service) -> None:
    await close(service)
    await extend(service)
    other = ok(await service.client("coordinator").get(f"/obligations/{Q2}/{BAC_LUONG}"))
    assert other["can_submit"] is False


async def test_the_office_enters_a_paper_report_in_a_closed_period(service: Service) -> None:
    await close(service)
    service.clock.advance(days=10)
    sent = await submit_paper(service, XUAN_HONG)
    assert (sent["report_status"], sent["timeliness"]) == ("submitted", "late")


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([close], 409),
        ([close, extend], 200),
        ([close, extend, wait_for_july], 409),
        ([exempt, close, end_exemption], 200),
        ([send, close], 409),
        ([send, close, give_back], 200),
    ],
)
async def test_a_reminder_by_hand_goes_to_who_can_send(
    service: Service, steps: list[Step], status: int
) -> None:
    for step in steps:
        await step(service)
    reminded = await service.client("coordinator").post(f"{OBLIGATION}/remind")
    assert reminded.status_code == status


async def test_an_extended_agency_is_told_of_its_new_date_and_not_of_the_closing(
    service: Service,
) -> None:
    await extend(service)
    await close(service)
    closed = await list_notifications(service, rule="reporting_period.closed")
    names = {row.username for row in closed}
    assert "bac-luong" in names
    assert "xuan-hong" not in names
    service.clock.set("2024-06-29 08:00")
    await run_sweep(service)
    reminders = await list_notifications(service, rule="before-1", channel="email", state="planned")
    assert [row.username for row in reminders] == ["xuan-hong"]


async def test_opening_is_no_news_to_an_agency_for_which_the_period_was_open(
    service: Service,
) -> None:
    await close(service)
    await extend(service)
    await reopen(service)
    opened = await list_notifications(service, rule="reporting_period.opened")
    names = {row.username for row in opened}
    assert "bac-luong" in names
    assert "xuan-hong" not in names
