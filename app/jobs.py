"""The background work: a periodic sweep, deliveries, and tidying up.

Jobs only move on what the tables say; each effect has its unique key there. So a job that runs
twice, late, or not at all changes nothing but the time at which things happen.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status
from sqlalchemy import delete

from app.clock import Clock
from app.database import Database
from app.mail import Mailer
from app.models.accounts import AccessToken
from app.models.idempotency import IdempotencyRecord
from app.services.delivery import Desk, deliver
from app.services.idempotency import KEPT
from app.services.sweeping import sweep
from app.settings import Settings
from app.webhook import WebhookSender

logger = logging.getLogger("tiendo")

EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "*/10 * * * *"
JOBS_AT_ONCE = 3
STALLED_AFTER_SECONDS = 600
SECONDS_TO_FINISH = 8.0


@asynccontextmanager
async def desk_for(database: Database, clock: Clock, settings: Settings) -> AsyncIterator[Desk]:
    """What deliveries work with: the real mail server and webhooks."""
    posts = WebhookSender(settings)
    yield Desk(database, clock, Mailer(settings), posts, settings.public_url)
    await posts.close()


def job_queue(database_url: str, desk: Desk) -> App:
    """The queue on a database, with its three tasks."""
    queue = App(connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4))

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name="sweep", queueing_lock="sweep")
    async def plan_reminders(timestamp: int) -> None:  # noqa: ARG001 - the service's clock counts
        async with desk.database.transaction() as session:
            swept = await sweep(session, desk.clock.now())
        if swept.messages:
            logger.info("swept: %s", swept)

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name="deliver", queueing_lock="deliver")
    async def send_messages(timestamp: int) -> None:  # noqa: ARG001 - the service's clock counts
        await deliver(desk)

    @queue.periodic(cron=EVERY_TEN_MINUTES)
    @queue.task(name="tidy", queueing_lock="tidy")
    async def tidy(timestamp: int) -> None:  # noqa: ARG001 - the service's clock counts
        await forget_what_is_over(desk)
        await release_stalled(queue)

    return queue


async def forget_what_is_over(desk: Desk) -> None:
    """Delete idempotency records and tokens that no longer mean anything."""
    now = desk.clock.now()
    async with desk.database.transaction() as session:
        await session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - KEPT)
        )
        await session.execute(delete(AccessToken).where(AccessToken.expires_at <= now))


async def release_stalled(queue: App) -> None:
    """End the jobs of workers that died; the next tick does what they left undone."""
    manager = queue.job_manager
    stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
    for job in stalled:
        await manager.finish_job(job, status=Status.ABORTED, delete_job=True)


async def work(database_url: str, desk: Desk) -> None:
    """Run jobs until cancelled; what is under way gets a few seconds to finish."""
    queue = job_queue(database_url, desk)
    async with queue.open_async():
        await queue.run_worker_async(
            concurrency=JOBS_AT_ONCE,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=SECONDS_TO_FINISH,
        )


@asynccontextmanager
async def embedded_worker(
    database_url: str, database: Database, clock: Clock, settings: Settings
) -> AsyncIterator[None]:
    """A worker beside the server, in its process, for as long as that runs."""
    async with desk_for(database, clock, settings) as desk:
        task = asyncio.create_task(work(database_url, desk), name="worker")
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
