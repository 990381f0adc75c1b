"""Calls of a report's life cycle over HTTP; each asserts that it succeeds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import httpx

from tests.conftest import Service
from tests.support.report_bodies import Figures, complete_body

Q2 = "2024-Q2"
XUAN_HONG = "15493"
BAC_LUONG = "15502"


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """Assert the status and return the answer's JSON."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json()


async def read(client: httpx.AsyncClient, agency: str, period: str = Q2) -> dict[str, Any]:
    """Get the report."""
    report: dict[str, Any] = ok(await client.get(f"/reports/{period}/{agency}"))
    return report


async def save(
    client: httpx.AsyncClient, agency: str, body: Mapping[str, Any], period: str = Q2
) -> dict[str, Any]:
    """Save a draft over the current version."""
    path = f"/reports/{period}/{agency}"
    tag = (await client.get(path)).headers["ETag"]
    answer = await client.put(f"{path}/draft", json=dict(body), headers={"If-Match": tag})
    report: dict[str, Any] = ok(answer)
    return report


async def draft(
    client: httpx.AsyncClient,
    agency: str,
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
    period: str = Q2,
) -> dict[str, Any]:
    """Save a complete draft."""
    expected = await read(client, agency, period)
    return await save(client, agency, complete_body(expected, figures, disbursements), period)


async def submit(
    client: httpx.AsyncClient, agency: str, period: str = Q2, **body: Any
) -> dict[str, Any]:
    """Submit the draft."""
    report: dict[str, Any] = ok(await client.post(f"/reports/{period}/{agency}/submit", json=body))
    return report


async def submit_complete(
    client: httpx.AsyncClient,
    agency: str,
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
    period: str = Q2,
    **body: Any,
) -> dict[str, Any]:
    """Save a complete draft and submit it."""
    await draft(client, agency, figures, disbursements, period)
    return await submit(client, agency, period, **body)


async def review(
    client: httpx.AsyncClient, verb: str, agency: str, period: str = Q2, **body: Any
) -> dict[str, Any]:
    """Accept, return or reopen a report."""
    path = f"/reports/{period}/{agency}/{verb}"
    report: dict[str, Any] = ok(await client.post(path, json=body))
    return report


async def submit_paper(
    service: Service,
    agency: str,
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
    period: str = Q2,
    received_at: datetime | None = None,
) -> dict[str, Any]:
    """Enter and submit an agency's paper report as the coordinator."""
    received = (received_at or service.clock.now()).isoformat()
    coordinator = service.client("coordinator")
    await draft(coordinator, agency, figures, disbursements, period)
    return await submit(coordinator, agency, period, received_at=received)
