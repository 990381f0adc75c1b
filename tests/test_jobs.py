"""Background jobs: a worker starts, works, and stops cleanly at any moment."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from app.channels.mail import Envelope
from app.db.queue_connections import QueueConnections
from app.jobs import abort_stalled_jobs, create_queue, delete_expired, plan_then_deliver, work
from app.vocabulary import Role
from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.deliveries import (
    Outbox,
    add_account,
    delivery_context,
    execute,
    list_messages,
    list_notifications,
    run_sweep,
)
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok

JOBS_OF_ANOTHER_WORKER = """
INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
SELECT task, '', 60 * (floor(extract(epoch FROM now()) / 60) + minute)
FROM unnest(ARRAY['remind']) AS task, generate_series(0, 2) AS minute
"""
KEYS_AND_TOKENS = "SELECT (SELECT count(*) FROM idempotency_record), count(*) FROM access_token"
JOBS_OF_TWO_WORKERS = """
WITH worker AS (
    INSERT INTO procrastinate_workers (last_heartbeat)
    SELECT now() - make_interval(mins => silent) FROM unnest(ARRAY[9, 11]) AS silent
    RETURNING id, last_heartbeat < now() - interval '10 minutes' AS is_dead
)
INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)
SELECT 'default', CASE WHEN is_dead THEN 'tidy' ELSE 'remind' END, 'doing', id FROM worker
"""


@pytest.mark.parametrize("seconds", [0, 0.005, 0.02, 0.05, 0.1, 0.4])
async def test_a_stopped_worker_leaves_no_task_running(service: Service, seconds: float) -> None:
    before = asyncio.all_tasks()
    worker = asyncio.create_task(work(service.database_url, delivery_context(service)))
    await asyncio.sleep(seconds)
    worker.cancel()
    async with asyncio.timeout(15):
        await asyncio.gather(worker, return_exceptions=True)
        await asyncio.gather(*asyncio.all_tasks() - before)
    assert asyncio.all_tasks() == before


async def test_a_worker_starts_with_a_sweep_although_this_minutes_job_was_taken(
    service: Service,
) -> None:
    service.clock.set("2024-06-12 08:00")
    await execute(service, JOBS_OF_ANOTHER_WORKER)
    mail_arrived = asyncio.Event()

    class SignallingOutbox(Outbox):
        async def take_mail(self, _: Envelope) -> None:
            mail_arrived.set()

    outbox = SignallingOutbox()
    at_work = delivery_context(service, outbox, outbox)
    worker = asyncio.create_task(work(service.database_url, at_work, concurrency=1))
    try:
        async with asyncio.timeout(20):
            await mail_arrived.wait()
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_a_stopped_worker_finishes_its_messages_and_takes_no_more(
    service: Service,
) -> None:
    for number in range(20):
        await add_account(service, f"colleague-{number}", Role.REPORTER, XUAN_HONG)
    begun = asyncio.Event()

    class SlowOutbox(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            begun.set()
            await asyncio.sleep(0.2)
            self.mails.append(mail)

    outbox = SlowOutbox()
    worker = asyncio.create_task(
        work(service.database_url, delivery_context(service, outbox, outbox))
    )
    async with asyncio.timeout(20):
        await begun.wait()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    states = Counter(message.state for message in await list_messages(service, channel="email"))
    assert states.keys() == {"sent", "waiting"}
    assert states["sent"] == len(outbox.mails)


async def test_a_message_that_waited_during_an_outage_is_superseded(
    service: Service,
) -> None:
    service.clock.set("2024-06-15 23:59")
    await run_sweep(service)  # quiet hours: the message waits
    service.clock.set("2024-06-18 08:00")
    outbox = Outbox()
    await plan_then_deliver(delivery_context(service, outbox, outbox), lambda: True)
    to_xuan_hong = [subject for name, subject in outbox.letters if name == "xuan-hong"]
    assert to_xuan_hong == ["Quá hạn 3 ngày: báo cáo quý II năm 2024 và 1 việc khác"]
    assert {row.state for row in await list_notifications(service, rule="due-day")} == {
        "superseded"
    }


async def test_a_failed_sweep_does_not_block_deliveries(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_sweep(service)

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.jobs.sweep", fail)
    outbox = Outbox()
    await plan_then_deliver(delivery_context(service, outbox, outbox), lambda: True)
    assert len(outbox.mails) == 5


async def test_a_failed_reorganisation_does_not_block_the_sweep(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.jobs.apply_due", fail)
    outbox = Outbox()
    await plan_then_deliver(delivery_context(service, outbox, outbox), lambda: True)
    assert len(outbox.mails) == 5


async def count_keys_and_tokens(service: Service) -> tuple[int, int]:
    """The numbers of idempotency keys and access tokens."""
    async with service.database.reading() as session:
        keys, tokens = (await session.execute(text(KEYS_AND_TOKENS))).one()
    return keys, tokens


async def test_idempotency_keys_expire_after_a_day_and_tokens_at_their_end(
    service: Service,
) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "key-1"}
    ok(await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", headers=key))
    form = {"username": "xuan-hong", "password": PASSWORD}
    ok(await service.client().post("/auth/token", data=form))
    _, tokens = await count_keys_and_tokens(service)
    counts = []
    for hours in (11, 1, 11, 1):
        service.clock.advance(hours=hours)
        await delete_expired(delivery_context(service))
        counts.append(await count_keys_and_tokens(service))
    assert counts == [(1, tokens), (1, tokens - 1), (1, tokens - 1), (0, tokens - 1)]


async def test_only_jobs_of_dead_workers_are_aborted(service: Service) -> None:
    await execute(service, JOBS_OF_TWO_WORKERS)
    queue = create_queue(
        QueueConnections(service.database_url), delivery_context(service), asyncio.Event()
    )
    async with queue.open_async():
        await abort_stalled_jobs(queue)
    async with service.database.reading() as session:
        left = await session.scalars(text("SELECT task_name FROM procrastinate_jobs"))
        assert left.all() == ["remind"]
