"""Watch the database: notice that it is lost or full, and that it is back."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from app.db.connections import Connections
from app.db.failures import Failure, failure_of, reason_of
from app.errors import NotReady

logger = logging.getLogger("tiendo")

PAUSE_SECONDS = 1.0
LOST_PAUSE_SECONDS = 0.5
ANSWER_SECONDS = 5
"""A database that does not answer for this long is lost."""
LOST_ANSWER_SECONDS = 2
"""The same for a lost one: a new connection finds out sooner that the network is back."""
READY_SECONDS = 2.0
"""How long a readiness probe waits for the answer."""
ROOM_SECONDS = 10.0
"""How often the question also needs room on the disk."""
FULL_SECONDS = 5.0
"""How long a disk that was reported full counts as full before the next question."""
DOUBT_SECONDS = 0.1
BUSY_SECONDS = 10.0
"""The log has at most one line in this time about requests refused because of locks."""

ASK = "SELECT 1"
# Compare 4 MB with little memory: PostgreSQL sorts them on its disk, and writes to no table.
ASK_FOR_ROOM = """
SELECT count(DISTINCT block) FROM (
    SELECT repeat('x', 8000) || n AS block FROM generate_series(1, 500) AS n
) AS blocks
"""
WORK_MEM = "64kB"
ANSWERS = (asyncpg.TooManyConnectionsError, asyncpg.ConfigurationLimitExceededError)
"""Errors of a database that can be used: all connections are taken, or sorting is limited."""


@dataclass(frozen=True)
class Condition:
    """What keeps the database from being used, and since when (time.monotonic)."""

    failure: Failure
    reason: str
    since: float


class Watch:
    """Asks the database every second on a connection of its own, and logs each change once.

    When the database is lost, the statements under way end and no request waits for a connection.
    When it answers again, connections are opened again.
    """

    def __init__(self, connections: Connections) -> None:
        self.condition: Condition | None = None
        """None: the database can be used."""
        self.lost = asyncio.Event()
        self.usable = asyncio.Event()
        self.usable.set()
        self._connections = connections
        self._connection: asyncpg.Connection | None = None
        self._doubt = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._asked_for_room = time.monotonic()
        self._refused = 0
        """Requests refused because the database was busy, since the last line about them."""
        self._next_line_at = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._doubt.wait()
                        await asyncio.sleep(DOUBT_SECONDS)
                self._doubt.clear()
                await asyncio.shield(self._ask())
        finally:
            if self._asking is not None:
                self._asking.cancel()
            self._disconnect()

    def report(self, failure: Failure, error: BaseException) -> None:
        """Take note of a failure that a request got; the next question confirms or refutes it."""
        match failure:
            case Failure.FULL if self.condition is None:
                self._settle(Failure.FULL, reason_of(error))
            case Failure.UNREACHABLE:
                self._doubt.set()
            case Failure.BUSY:
                self._count_refused(error)

    def explains(self, error: BaseException) -> bool:
        """Whether the log tells of the error already, or will: the database is lost or full."""
        if isinstance(error, BaseExceptionGroup):
            return all(self.explains(each) for each in error.exceptions)
        failure = failure_of(error)
        if failure is None or failure is Failure.BUSY:
            return False
        self.report(failure, error)
        return True

    async def ensure_ready(self) -> None:
        """Ensure that the database answers now and has room.

        Raises:
            NotReady: it does not.
        """
        failure = await self.find_failure()
        if failure is not None:
            raise NotReady(failure.value)

    async def find_failure(self) -> Failure | None:
        """Ask, unless the database is known to be lost or full, and wait READY_SECONDS."""
        if self.condition is None:
            asking = self._ask()
            await asyncio.wait({asking}, timeout=READY_SECONDS)
            if not asking.done():
                return Failure.UNREACHABLE
        return None if self.condition is None else self.condition.failure

    async def is_silent(self) -> bool:
        """Whether the database does not answer; a watch that has not asked yet assumes it does."""
        if self._connection is None:
            return self.lost.is_set()
        return await self.find_failure() is Failure.UNREACHABLE

    def _count_refused(self, error: BaseException) -> None:
        self._refused += 1
        now = time.monotonic()
        if now >= self._next_line_at:
            logger.warning("overloaded: %s (%s requests refused)", reason_of(error), self._refused)
            self._refused, self._next_line_at = 0, now + BUSY_SECONDS

    def _pause(self) -> float:
        if self.condition is None:
            return PAUSE_SECONDS
        return FULL_SECONDS if self.condition.failure is Failure.FULL else LOST_PAUSE_SECONDS

    def _ask(self) -> asyncio.Task[None]:
        """The question that is under way, or a new one."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_and_settle())
        return self._asking

    async def _ask_and_settle(self) -> None:
        needs_room = self._needs_room()
        question = asyncio.create_task(self._question(ASK_FOR_ROOM if needs_room else ASK))
        try:
            # In steps, because a process that was suspended has not waited for the answer.
            for _ in range(LOST_ANSWER_SECONDS if self.lost.is_set() else ANSWER_SECONDS):
                await asyncio.wait({question}, timeout=1)
                if question.done():
                    break
        finally:
            question.cancel()
        await asyncio.wait({question}, timeout=1)
        if not question.done() or question.cancelled():
            self._disconnect()
            self._settle(Failure.UNREACHABLE, f"no answer for {ANSWER_SECONDS} s")
            return
        error = question.exception()
        if error is None or isinstance(error, ANSWERS):
            if needs_room or self.condition is None:  # else it was reported full meanwhile
                self._settle(None, "")
        else:
            self._disconnect()
            is_full = failure_of(error) is Failure.FULL
            self._settle(Failure.FULL if is_full else Failure.UNREACHABLE, reason_of(error))

    def _needs_room(self) -> bool:
        now = time.monotonic()
        if self.condition is None and now - self._asked_for_room < ROOM_SECONDS:
            return False
        self._asked_for_room = now
        return True

    async def _question(self, statement: str) -> None:
        """Ask on the open connection; if that one was lost, on a new one."""
        if self._connection is not None:
            try:
                await self._connection.fetchval(statement)
            except Exception as error:
                if failure_of(error) is Failure.FULL:
                    raise
                self._disconnect()
            else:
                return
        self._connection = await self._connections.connect(work_mem=WORK_MEM)
        await self._connection.fetchval(statement)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _settle(self, failure: Failure | None, reason: str) -> None:
        """Change the condition, and log the change."""
        before = self.condition
        if failure is (before.failure if before else None):
            return
        now = time.monotonic()
        self.condition = Condition(failure, reason, now) if failure is not None else None
        if before is not None and failure is None:
            logger.warning("the database can be used again after %.1f s", now - before.since)
        if failure is Failure.FULL:
            logger.warning("the disk is full: %s", reason)
        if failure is Failure.UNREACHABLE:
            logger.warning("the database does not answer: %s", reason)
            self.lost.set()
            self.usable.clear()
            self._connections.refuse(reason)
        else:
            self.lost.clear()
            self.usable.set()
            self._connections.accept()
