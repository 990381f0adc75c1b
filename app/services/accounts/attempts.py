"""Rate limit on sign-in attempts."""

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
"""Hashing slots that one network address can hold, so that others remain free."""
FAILURES = RateLimitItemPerMinute(10, 15)
"""Ten failures in any 15 minutes. Successful sign-ins do not count."""


class Attempts:
    """Counts wrong passwords by user name and network address, in the memory of this process.

    Attempts with the same name and address run one after the other, so that parallel attempts
    cannot exceed the limit. All attempts from one address share `SLOTS_PER_ADDRESS`, so that one
    client cannot block the others.
    """

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, username: str, origin: str) -> AsyncIterator[None]:
        """Check a password in this context; a WrongPassword raised in it is counted.

        Raises:
            TooManyAttempts: the limit is reached.
            Overloaded: no slot of the address was free in time.
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
