"""Background jobs: every minute a sweep and deliveries, every ten minutes the clean-up.

The clean-up also takes the day's checkpoint of the audit events.

Jobs only change the state that tables hold, and every effect has a unique key there. A job that
runs twice, late or not at all therefore changes nothing but the time of its effects.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psycopg
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import delete

from app.channels.mail import Mailer
from app.channels.webhook import WebhookSender
from app.clock import Clock
from app.db.database import Database
from app.db.failures import reason_of
from app.db.queue_connections import QueueConnections
from app.models.accounts import AccessToken, PasswordLink, PasswordRequest
from app.models.idempotency import IdempotencyRecord
from app.services.accounts import failures
from app.services.accounts.secrets import HOUR
from app.services.notifications import password_mails
from app.services.notifications.delivery import DeliveryContext, deliver
from app.services.reminders.sweep import sweep
from app.services.reorganisations.reorganisations import apply_due
from app.services.reports.idempotency import KEPT_FOR
from app.services.verification.keeping import CheckpointKeeper
from app.settings import Settings

logger = logging.getLogger("tiendo")

REMIND = "remind"
TIDY = "tidy"
EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "*/10 * * * *"
JOBS_AT_ONCE = 4
"""Jobs that a worker runs concurrently: deliveries of two minutes can overlap with a clean-up."""
DELIVERY_SECONDS = 50.0
"""A delivery takes no more messages after this time, shortly before the next one starts."""
STALLED_AFTER_SECONDS = 600
"""A worker without a heartbeat for this time is dead."""
SHUTDOWN_SECONDS = 8.0
"""Running jobs get this time to finish when a worker stops."""
CANCELLATIONS = 3
"""After so many a worker that does not end is left to the end of the process."""
RESTART_SECONDS = 5.0
"""The pause before a worker that failed, for example without its database, starts again."""


@asynccontextmanager
async def delivery_context(
    database: Database, clock: Clock, settings: Settings
) -> AsyncIterator[DeliveryContext]:
    """The context of deliveries by the mail server and the webhooks of the settings."""
    mailer, posts = Mailer(settings), WebhookSender(settings)
    try:
        yield DeliveryContext(database, clock, mailer, posts, settings.public_url)
    finally:
        await mailer.close()
        await posts.close()


def create_queue(
    connections: QueueConnections,
    context: DeliveryContext,
    stopping: asyncio.Event,
    keeper: CheckpointKeeper | None = None,
) -> App:
    """The job queue of a database, with its two periodic tasks; `stopping` ends deliveries early.

    Procrastinate passes the scheduled time to a task. It is not used: it comes from the real clock,
    and a rehearsal has a clock of its own.
    """
    queue = App(connector=connections.connector)

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name=REMIND, queueing_lock=REMIND)
    async def remind(timestamp: int) -> None:  # noqa: ARG001 - required by Procrastinate
        loop = asyncio.get_running_loop()
        until = loop.time() + DELIVERY_SECONDS
        with _outages_reported_once(context):
            await plan_then_deliver(context, lambda: loop.time() < until and not stopping.is_set())

    @queue.periodic(cron=EVERY_TEN_MINUTES)
    @queue.task(name=TIDY, queueing_lock=TIDY)
    async def tidy(timestamp: int) -> None:  # noqa: ARG001 - required by Procrastinate
        with _outages_reported_once(context):
            await delete_expired(context)
            await abort_stalled_jobs(queue)
            if keeper is not None:
                await keeper.keep_daily()

    return queue


@contextmanager
def _outages_reported_once(context: DeliveryContext) -> Iterator[None]:
    """End a job quietly where the database is lost or full: the next job repeats its work."""
    try:
        yield
    except Exception as error:
        if not context.database.watch.explains(error):
            raise


async def plan_then_deliver(context: DeliveryContext, may_go_on: Callable[[], bool]) -> None:
    """Apply due reorganisations, run a sweep, then deliver waiting messages while `may_go_on`.

    Links to set a password go first, because people wait for them. The order of the other steps
    matters after an outage: the sweep supersedes older reminders, which must not be sent
    before that. A step that fails does not stop the next one; the next job repeats it.
    """
    with _failure_logged(context, "sending links to set passwords"):
        await password_mails.send(context, may_go_on)
    with _failure_logged(context, "applying reorganisations"):
        if count := await apply_due(context.database, context.clock.now()):
            logger.info("reorganisations applied: %s", count)
    with _failure_logged(context, "the sweep"):
        async with context.database.transaction() as session:
            result = await sweep(session, context.clock.now())
        if result.messages:
            logger.info("sweep: %s", result)
    await deliver(context, may_go_on)


@contextmanager
def _failure_logged(context: DeliveryContext, step: str) -> Iterator[None]:
    """Log the failure of a step, unless the loss of the database explains it."""
    try:
        yield
    except Exception as error:
        if not context.database.watch.explains(error):
            logger.exception("%s failed; the next job repeats it", step)


async def enqueue_sweep(queue: App) -> None:
    """Enqueue a sweep and a delivery, unless one is waiting already.

    The periodic job of this minute may belong to a worker that has died.
    """
    with suppress(AlreadyEnqueued):
        await queue.configure_task(REMIND).defer_async(timestamp=int(time.time()))


async def delete_expired(context: DeliveryContext) -> None:
    """Delete expired idempotency records, access tokens, password links and failed sign-ins."""
    now = context.clock.now()
    async with context.database.transaction() as session:
        await session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - KEPT_FOR)
        )
        await session.execute(delete(AccessToken).where(AccessToken.expires_at <= now))
        await session.execute(delete(PasswordLink).where(PasswordLink.expires_at <= now))
        await session.execute(
            delete(PasswordRequest).where(PasswordRequest.requested_at <= now - HOUR)
        )
        await failures.record_expired(session, now)


async def abort_stalled_jobs(queue: App) -> None:
    """Abort and delete the jobs of dead workers; the next periodic job repeats their work."""
    manager = queue.job_manager
    stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
    for job in stalled:
        await manager.finish_job(job, status=Status.ABORTED, delete_job=True)


async def work(
    database_url: str,
    context: DeliveryContext,
    concurrency: int = JOBS_AT_ONCE,
    keeper: CheckpointKeeper | None = None,
) -> None:
    """Run jobs until cancelled; running jobs then get SHUTDOWN_SECONDS to finish.

    If the database is unreachable, the worker waits and tries again.
    """
    # A library that awaits at the wrong moment can swallow a cancellation, but not an event.
    stopping = asyncio.Event()
    working = asyncio.create_task(_work_until(stopping, database_url, context, concurrency, keeper))
    try:
        await asyncio.shield(working)
    finally:
        stopping.set()
        await asyncio.gather(working, return_exceptions=True)


async def _work_until(
    stopping: asyncio.Event,
    database_url: str,
    context: DeliveryContext,
    concurrency: int,
    keeper: CheckpointKeeper | None,
) -> None:
    """Run workers, one after the other where one fails, until `stopping` is set.

    While the database is lost, there is none.
    """
    watch = context.database.watch
    while not stopping.is_set():
        await _first_of(stopping, watch.usable)
        try:
            await _run_worker(stopping, database_url, context, concurrency, keeper)
        except (psycopg.Error, ConnectorException) as error:
            if await watch.find_failure() is None:
                reason = reason_of(error.__cause__ or error)
                logger.warning("background jobs failed and start again: %s", reason)
        except Exception:
            logger.exception("background jobs failed; trying again in %s s", RESTART_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(RESTART_SECONDS):
                await stopping.wait()


async def _run_worker(
    stopping: asyncio.Event,
    database_url: str,
    context: DeliveryContext,
    concurrency: int,
    keeper: CheckpointKeeper | None,
) -> None:
    """Run one worker until it fails, the database is lost, or `stopping` is set."""
    lost = context.database.watch.lost
    connections = QueueConnections(database_url)
    queue = create_queue(connections, context, stopping, keeper)
    worker = asyncio.create_task(_run_queue(queue, concurrency))
    try:
        # 1. Work until the worker ends by itself or is stopped.
        await _first_of(worker, stopping, lost)
        # 2. Cancel the worker, again where it swallows the cancellation. Without an answer from the
        #    database it ends once its connections are aborted.
        for _ in range(CANCELLATIONS):
            if worker.done():
                break
            worker.cancel()
            if lost.is_set():
                connections.abort()
                await _first_of(worker, seconds=SHUTDOWN_SECONDS + 1)
            else:
                await _first_of(worker, lost, seconds=SHUTDOWN_SECONDS + 1)
        # 3. Raise the error of a worker that failed.
        if worker.done() and not worker.cancelled():
            worker.result()
    finally:
        connections.abort()


async def _run_queue(queue: App, concurrency: int) -> None:
    """Connect, start with a sweep, and run jobs."""
    try:
        await queue.open_async()
        await enqueue_sweep(queue)
        await queue.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=SHUTDOWN_SECONDS,
        )
    finally:
        # Also where opening was cancelled: the pool's tasks end by this only, not by cancellation.
        await queue.close_async()


async def _first_of(
    *awaited: asyncio.Event | asyncio.Task[None], seconds: float | None = None
) -> None:
    """Wait until one of these events or tasks, or so many seconds, have happened."""
    waits = {
        each if isinstance(each, asyncio.Task) else asyncio.create_task(each.wait())
        for each in awaited
    }
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits.difference(awaited):
        wait.cancel()


async def work_beside(
    database_url: str,
    database: Database,
    clock: Clock,
    settings: Settings,
    concurrency: int = JOBS_AT_ONCE,
) -> None:
    """Run jobs until cancelled, on the connections of a database that the server uses too."""
    async with delivery_context(database, clock, settings) as context:
        keeper = CheckpointKeeper.of(database, clock, settings)
        await work(database_url, context, concurrency, keeper)


async def work_alone(
    database_url: str, settings: Settings, clock: Clock, concurrency: int = JOBS_AT_ONCE
) -> None:
    """Run jobs until cancelled, in a process of their own."""
    database = Database(database_url, settings)
    try:
        await database.open()
        await work_beside(database_url, database, clock, settings, concurrency)
    finally:
        await database.close()
