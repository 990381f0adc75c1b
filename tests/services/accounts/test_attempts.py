"""Rate limits on sign-in attempts share hashing slots fairly between addresses."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app import security
from app.errors import Overloaded
from app.services.accounts.attempts import SLOTS_PER_ADDRESS, Attempts


async def test_one_address_with_many_names_does_not_block_other_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(security, "SLOT_TIMEOUT", 0.05)
    attempts = Attempts()
    async with AsyncExitStack() as flood:
        for number in range(SLOTS_PER_ADDRESS):
            await flood.enter_async_context(attempts.turn(f"name-{number}", "192.0.2.1"))
        with pytest.raises(Overloaded):
            async with attempts.turn("one-more", "192.0.2.1"):
                pytest.fail("the address has no free slot")
        async with asyncio.timeout(1), attempts.turn("name-0", "192.0.2.2"):
            pass
    async with attempts.turn("one-more", "192.0.2.1"):
        pass
