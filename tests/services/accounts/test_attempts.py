"""Who waits for whom when passwords are tried."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app import security
from app.errors import Overloaded
from app.services.accounts.attempts import SLOTS_PER_ADDRESS, Attempts


async def test_who_sends_many_under_many_names_holds_up_nobody_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(security, "SLOT_TIMEOUT", 0.05)
    attempts = Attempts()
    async with AsyncExitStack() as flood:
        for number in range(SLOTS_PER_ADDRESS):
            await flood.enter_async_context(attempts.turn(f"name-{number}", "192.0.2.1"))
        with pytest.raises(Overloaded):
            async with attempts.turn("one-more", "192.0.2.1"):
                pytest.fail("all places of that address are taken")
        async with asyncio.timeout(1), attempts.turn("name-0", "192.0.2.2"):
            pass
    async with attempts.turn("one-more", "192.0.2.1"):
        pass
