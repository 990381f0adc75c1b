"""How often a password may be tried."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.errors import TooManyAttempts, WrongPassword
from app.security import HASHING_SLOTS, hashing_slot

SLOTS_PER_ADDRESS = max(1, HASHING_SLOTS // 2)
"""How many passwords are tried at once for one network address: the others' places stay free."""
FAILURES = RateLimitItemPerMinute(10, 15)
"""Ten failures in any quarter of an hour; who signs in well is never held up."""


class Attempts:
    """Counts wrong passwords by user name and network address, in this process's memory.

    Attempts for the same name and address take turns: else many sent at once would all be tried
    before the first of them counts. Those of one address, under whatever names, share some places:
    else who sends many would hold up everybody.
    """

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, username: str, origin: str) -> AsyncIterator[None]:
        """A turn to try a password; a WrongPassword that leaves it is counted.

        Raises:
            TooManyAttempts: there were too many before.
            Overloaded: others from that address took all its places for seconds.
        """
        key = (username, origin)
        lock = self._locks.setdefault(key, asyncio.Lock())
        slots = self._slots.setdefault(origin, asyncio.Semaphore(SLOTS_PER_ADDRESS))
        async with lock:
            if not await self._window.test(FAILURES, *key):
                raise await self._refusal(key)
            try:
                async with hashing_slot(slots):
                    yield
            except WrongPassword:
                await self._window.hit(FAILURES, *key)
                raise

    async def _refusal(self, key: tuple[str, str]) -> TooManyAttempts:
        stats = await self._window.get_window_stats(FAILURES, *key)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return TooManyAttempts(seconds)
