"""Attempts at signing in: shared hashing slots, and networks as the unit of limits."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app import security
from app.errors import Overloaded
from app.services.accounts.attempts import SLOTS_PER_NETWORK, Attempts
from app.services.accounts.failures import FailureKey, network_of
from tests.conftest import Service


async def test_one_network_with_many_names_does_not_block_other_networks(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "SLOT_TIMEOUT", 0.05)
    attempts, database, now = Attempts(), service.database, service.clock.now()
    async with AsyncExitStack() as flood:
        for number in range(SLOTS_PER_NETWORK):
            key = FailureKey.of(f"name-{number}", f"2001:db8::{number}")
            await flood.enter_async_context(attempts.turn(database, key, now))
        one_more = FailureKey.of("one-more", "2001:db8::ffff")
        with pytest.raises(Overloaded):
            async with attempts.turn(database, one_more, now):
                pytest.fail("the network has no free slot")
        other = FailureKey.of("name-0", "2001:db8:0:1::1")
        async with asyncio.timeout(1), attempts.turn(database, other, now):
            pass
    async with attempts.turn(database, one_more, now):
        pass


@pytest.mark.parametrize(
    ("origin", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_the_network_that_one_client_controls(origin: str | None, network: str) -> None:
    assert network_of(origin) == network
