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
from app.security import PLACES, place

SHARE = max(1, PLACES // 2)
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
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, username: str, origin: str) -> AsyncIterator[None]:
        """A turn to try a password; a WrongPassword that leaves it is counted.

        Raises:
            TooManyAttempts: there were too many before.
            Overloaded: others from that address took all its places for seconds.
        """
        who = (username, origin)
        lock = self._turns.setdefault(who, asyncio.Lock())
        share = self._shares.setdefault(origin, asyncio.Semaphore(SHARE))
        async with lock:
            if not await self._window.test(FAILURES, *who):
                raise await self._refusal(who)
            try:
                async with place(share):
                    yield
            except WrongPassword:
                await self._window.hit(FAILURES, *who)
                raise

    async def _refusal(self, who: tuple[str, str]) -> TooManyAttempts:
        stats = await self._window.get_window_stats(FAILURES, *who)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return TooManyAttempts(seconds)
