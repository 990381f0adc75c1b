"""Turns at checking a password: fair to all addresses, and limited by earlier failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

from app.db.database import Database
from app.security import HASHING_SLOTS, hashing_slot
from app.services.accounts import failures
from app.services.accounts.failures import FailureKey

SLOTS_PER_NETWORK = max(1, HASHING_SLOTS // 2)
"""Hashing slots that one network can hold, so that others remain free."""


class Attempts:
    """The attempts under way in this process.

    Attempts with the same name and network run one after the other, so that parallel attempts
    cannot exceed the limit; with several processes, each can exceed it by one. All attempts from
    one network share `SLOTS_PER_NETWORK`, so that one client cannot block the others.
    """

    def __init__(self) -> None:
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._locks: WeakValueDictionary[FailureKey, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, database: Database, key: FailureKey, now: datetime) -> AsyncIterator[None]:
        """Check a password in this context, and count a failure in it.

        Raises:
            TooManyAttempts: the limit is reached.
            Overloaded: no slot of the network was free in time.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        slots = self._slots.setdefault(key.network, asyncio.Semaphore(SLOTS_PER_NETWORK))
        async with lock:
            await failures.ensure_below_limit(database.driver, key, now)
            async with hashing_slot(slots):
                yield
