"""The background work: each minute a sweep and then deliveries, and tidying up.

Jobs only move on what the tables say; each effect has its unique key there. So a job that runs
twice, late, or not at all changes nothing but the time at which things happen.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from sqlalchemy import delete

from app.channels.mail import Mailer
from app.channels.webhook import WebhookSender
from app.clock import Clock
from app.db.database import Database
from app.models.accounts import AccessToken
from app.models.idempotency import IdempotencyRecord
from app.services.notifications.delivery import Desk, deliver
from app.services.reminders.sweep import sweep
from app.services.reports.idempotency import KEPT_FOR
from app.settings import Settings

logger = logging.getLogger("tiendo")

REMIND = "remind"
EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "*/10 * * * *"
JOBS_AT_ONCE = 4
"""Two deliveries may overlap; the tidying still finds a place."""
SECONDS_OF_DELIVERY = 50.0
STALLED_AFTER_SECONDS = 600
SECONDS_TO_FINISH = 8.0
SECONDS_TO_COME_BACK = 5.0


@asynccontextmanager
async def desk_for(database: Database, clock: Clock, settings: Settings) -> AsyncIterator[Desk]:
    """What deliveries work with: the real mail server and webhooks."""
    posts = WebhookSender(settings)
    try:
        yield Desk(database, clock, Mailer(settings), posts, settings.public_url)
    finally:
        await posts.close()


def job_queue(database_url: str, desk: Desk, stopping: asyncio.Event) -> App:
    """The queue on a database, with its two tasks; `stopping` ends deliveries early."""
    queue = App(connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4))

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name=REMIND, queueing_lock=REMIND)
    async def remind(timestamp: int) -> None:  # noqa: ARG001 - the service's clock counts
        loop = asyncio.get_running_loop()
        until = loop.time() + SECONDS_OF_DELIVERY
        await plan_then_deliver(desk, lambda: loop.time() < until and not stopping.is_set())

    @queue.periodic(cron=EVERY_TEN_MINUTES)
    @queue.task(name="tidy", queueing_lock="tidy")
    async def tidy(timestamp: int) -> None:  # noqa: ARG001 - the service's clock counts
        await forget_what_is_over(desk)
        await release_stalled(queue)

    return queue


async def plan_then_deliver(desk: Desk, may_go_on: Callable[[], bool]) -> None:
    """Plan what is due, then send what waits.

    In that order: after the service was down, what has waited since may be overtaken by what is
    planned now, and must not leave before that is known. A fault of the planning holds up no mail.
    """
    try:
        async with desk.database.transaction() as session:
            swept = await sweep(session, desk.clock.now())
        if swept.messages:
            logger.info("swept: %s", swept)
    except Exception:
        logger.exception("the sweep failed; the next one makes it good")
    await deliver(desk, may_go_on)


async def catch_up(queue: App) -> None:
    """Ask for a sweep and a delivery at once: whoever had this minute's may have died meanwhile."""
    with suppress(AlreadyEnqueued):
        await queue.configure_task(REMIND).defer_async(timestamp=int(time.time()))


async def forget_what_is_over(desk: Desk) -> None:
    """Delete idempotency records and tokens that no longer mean anything."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        await session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - KEPT_FOR)
        )
        await session.execute(delete(AccessToken).where(AccessToken.expires_at <= now))


async def release_stalled(queue: App) -> None:
    """End the jobs of workers that died; the next tick does what they left undone."""
    manager = queue.job_manager
    stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
    for job in stalled:
        await manager.finish_job(job, status=Status.ABORTED, delete_job=True)


async def work(database_url: str, desk: Desk, concurrency: int = JOBS_AT_ONCE) -> None:
    """Run jobs until cancelled; what is under way gets a few seconds to finish.

    A database that goes away is waited for.
    """
    # Libraries on the way swallow a cancellation that comes at the wrong moment; an event is kept.
    stopping = asyncio.Event()
    working = asyncio.create_task(_work_until(stopping, database_url, desk, concurrency))
    try:
        await asyncio.shield(working)
    finally:
        stopping.set()
        await asyncio.gather(working, return_exceptions=True)


async def _work_until(
    stopping: asyncio.Event, database_url: str, desk: Desk, concurrency: int
) -> None:
    while not stopping.is_set():
        try:
            await _work_once(stopping, database_url, desk, concurrency)
        except Exception:
            logger.exception("background work stops for %s s", SECONDS_TO_COME_BACK)
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_COME_BACK):
                await stopping.wait()


async def _work_once(
    stopping: asyncio.Event, database_url: str, desk: Desk, concurrency: int
) -> None:
    queue = job_queue(database_url, desk, stopping)
    try:
        await queue.open_async()
        await catch_up(queue)
        worker = asyncio.create_task(
            queue.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
            )
        )
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({worker, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        while not worker.done():
            worker.cancel()
            await asyncio.wait({worker}, timeout=SECONDS_TO_FINISH + 1)
        if not worker.cancelled():
            worker.result()
    finally:
        await queue.close_async()


async def work_beside(
    database_url: str,
    database: Database,
    clock: Clock,
    settings: Settings,
    concurrency: int = JOBS_AT_ONCE,
) -> None:
    """Run jobs until cancelled, with a database's connections that others use as well."""
    async with desk_for(database, clock, settings) as desk:
        await work(database_url, desk, concurrency)


async def work_until_signalled(
    database_url: str, settings: Settings, clock: Clock, concurrency: int = JOBS_AT_ONCE
) -> None:
    """A worker process's whole life: it works until it is told to stop."""
    database = Database(database_url, settings)
    try:
        await database.check()
        working = asyncio.create_task(
            work_beside(database_url, database, clock, settings, concurrency)
        )
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, working.cancel)
        await asyncio.wait([working])
    finally:
        await database.close()
