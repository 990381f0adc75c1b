"""Wrong passwords: what one attacker costs, and what the audit events say."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, text

from app.models.audit_events import AuditEvent
from app.services.accounts import failures
from app.services.accounts.attempts import Attempts
from app.services.accounts.failures import FailureKey
from tests.conftest import Service


def from_address(service: Service, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1")


async def fail(service: Service, address: str, name: str = "xuan-hong") -> int:
    async with from_address(service, address) as client:
        form = {"username": name, "password": "wrong"}
        return (await client.post("/auth/token", data=form)).status_code


async def list_refusals(service: Service) -> list[tuple[str, int, str]]:
    """Subject, number of failures and network of the events."""
    query = (
        select(AuditEvent)
        .where(AuditEvent.action == "account.sign_in_refused")
        .order_by(AuditEvent.id)
    )
    async with service.database.reading() as session:
        return [
            (event.subject, event.after["failures"], event.after["network"])
            for event in await session.scalars(query)
            if event.after
        ]


async def count_rows(service: Service) -> int:
    async with service.database.reading() as session:
        return await session.scalar(text("SELECT count(*) FROM sign_in_failure")) or 0


async def expire(service: Service) -> None:
    async with service.database.transaction() as session:
        await failures.record_expired(session, service.clock.now())


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:1:2::{number:x}" for number in range(11)],
        ["203.0.113.7", "::ffff:203.0.113.7"] * 5 + ["203.0.113.7"],
    ],
)
async def test_addresses_of_one_client_share_a_limit(
    service: Service, addresses: list[str]
) -> None:
    statuses = [await fail(service, address) for address in addresses]
    assert statuses == [401] * 10 + [429]
    assert await fail(service, "2001:db8:1:3::1") == 401


async def test_the_limit_holds_across_processes(service: Service) -> None:
    for _ in range(10):
        assert await fail(service, "203.0.113.7") == 401
        service.app.state.attempts = Attempts()  # as another process has
    assert await fail(service, "203.0.113.7") == 429


async def test_the_window_moves(service: Service) -> None:
    for _ in range(10):
        assert await fail(service, "203.0.113.7") == 401
        service.clock.advance(minutes=1)
    assert await fail(service, "203.0.113.7") == 429
    service.clock.advance(minutes=5)  # the first failure is 15 minutes ago
    assert await fail(service, "203.0.113.7") == 401
    assert await fail(service, "203.0.113.7") == 429


async def test_failures_are_recorded_in_sums(service: Service) -> None:
    network = "2001:db8:1:2::/64"
    for number in range(12):
        await fail(service, f"2001:db8:1:2::{number:x}")
    of_account = [("users/xuan-hong", 1, network), ("users/xuan-hong", 9, network)]
    assert await list_refusals(service) == of_account
    for number in range(12):
        await fail(service, f"2001:db8:1:2::{number:x}", f"unknown-{number}")
    of_nobody = [("users/?", 1, network)]
    assert await list_refusals(service) == of_account + of_nobody
    await fail(service, "203.0.113.7")
    await fail(service, "203.0.113.7")
    await expire(service)
    other = [("users/xuan-hong", 1, "203.0.113.7")]
    assert await list_refusals(service) == of_account + of_nobody + other
    service.clock.advance(minutes=15)
    await expire(service)
    rest = [("users/xuan-hong", 1, "203.0.113.7"), ("users/?", 11, network)]
    assert (await list_refusals(service))[-2:] == rest
    assert await count_rows(service) == 0
    await expire(service)
    assert len(await list_refusals(service)) == 6


async def test_a_long_attack_is_recorded_once_a_window(service: Service) -> None:
    for _ in range(2):
        for _ in range(14):
            await fail(service, "203.0.113.7", "unknown")
            service.clock.advance(minutes=1)
        service.clock.advance(minutes=1)
    await fail(service, "203.0.113.7", "unknown")
    counts = [failed for _, failed, _ in await list_refusals(service)]
    assert len(counts) == 3
    assert counts[0] == 1


async def test_a_row_keeps_no_more_failures_than_the_limit_needs(service: Service) -> None:
    """So a failure costs the same, however many there were."""
    for _ in range(25):
        await fail(service, "203.0.113.7", "unknown")
        service.clock.advance(seconds=61)
    async with service.database.reading() as session:
        sizes = await session.scalars(text("SELECT cardinality(failed_at) FROM sign_in_failure"))
        assert max(sizes) <= 10


async def test_a_name_is_stored_as_a_hash(service: Service) -> None:
    await fail(service, "203.0.113.7", "Tr0ub4dor&3")
    async with service.database.reading() as session:
        rows = await session.execute(text("SELECT name_hash FROM sign_in_failure"))
        assert all("tr0ub4dor" not in row.name_hash for row in rows)


@pytest.mark.parametrize("name", ["", "\ud800", "x" * 10_000])
async def test_any_name_has_a_key(service: Service, name: str) -> None:
    key = FailureKey.of(name, "203.0.113.7")
    now: datetime = service.clock.now() + timedelta(0)
    await failures.ensure_below_limit(service.database.driver, key, now)
