"""The steps of a report's life over HTTP, each seen to succeed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import httpx

from tests.conftest import Service
from tests.support.report_bodies import Figures, complete_body

Q2 = "2024-Q2"
XUAN_HONG = "15493"
BAC_LUONG = "15502"


def seen(answer: httpx.Response, status: int = 200) -> Any:
    """The answer's JSON, its status being as expected."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json()


async def read(client: httpx.AsyncClient, agency: str, period: str = Q2) -> dict[str, Any]:
    """The report as it stands."""
    report: dict[str, Any] = seen(await client.get(f"/reports/{period}/{agency}"))
    return report


async def save(
    client: httpx.AsyncClient, agency: str, body: Mapping[str, Any], period: str = Q2
) -> dict[str, Any]:
    """Save a draft over whatever version there is."""
    at = f"/reports/{period}/{agency}"
    tag = (await client.get(at)).headers["ETag"]
    answer = await client.put(f"{at}/draft", json=dict(body), headers={"If-Match": tag})
    report: dict[str, Any] = seen(answer)
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
    client: httpx.AsyncClient, agency: str, period: str = Q2, **said: Any
) -> dict[str, Any]:
    """Send the draft."""
    report: dict[str, Any] = seen(
        await client.post(f"/reports/{period}/{agency}/submit", json=said)
    )
    return report


async def send(
    client: httpx.AsyncClient,
    agency: str,
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
    period: str = Q2,
    **said: Any,
) -> dict[str, Any]:
    """Save a complete draft and send it."""
    await draft(client, agency, figures, disbursements, period)
    return await submit(client, agency, period, **said)


async def review(
    client: httpx.AsyncClient, verb: str, agency: str, period: str = Q2, **said: Any
) -> dict[str, Any]:
    """Accept, return or reopen."""
    at = f"/reports/{period}/{agency}/{verb}"
    report: dict[str, Any] = seen(await client.post(at, json=said))
    return report


async def send_paper(
    service: Service,
    agency: str,
    figures: Figures | None = None,
    disbursements: Iterable[Mapping[str, Any]] = (),
    period: str = Q2,
    received_at: datetime | None = None,
) -> dict[str, Any]:
    """The coordinating office enters an agency's paper report."""
    received = (received_at or service.clock.now()).isoformat()
    coordinator = service.client("coordinator")
    await draft(coordinator, agency, figures, disbursements, period)
    return await submit(coordinator, agency, period, received_at=received)
