"""A worker's life: it starts, works, and ends cleanly whenever it is told to."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from app.channels.mail import Envelope
from app.jobs import forget_what_is_over, job_queue, plan_then_deliver, release_stalled, work
from app.vocabulary import Role
from tests.conftest import Service
from tests.support.accounts import PASSWORD
from tests.support.deliveries import Outbox, add_account, carried, desk, execute, swept, told
from tests.support.report_calls import Q2, XUAN_HONG, draft, seen

TICKS_OF_ANOTHER = """
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
async def test_nothing_is_left_running_however_early_a_worker_is_stopped(
    service: Service, seconds: float
) -> None:
    before = asyncio.all_tasks()
    worker = asyncio.create_task(work(service.database_url, desk(service)))
    await asyncio.sleep(seconds)
    worker.cancel()
    async with asyncio.timeout(15):
        await asyncio.gather(worker, return_exceptions=True)
        await asyncio.gather(*asyncio.all_tasks() - before)
    assert asyncio.all_tasks() == before


async def test_it_begins_with_what_waits_also_where_another_had_this_minute_and_died(
    service: Service,
) -> None:
    service.clock.set("2024-06-12 08:00")
    await execute(service, TICKS_OF_ANOTHER)
    came = asyncio.Event()

    class Expecting(Outbox):
        async def take_mail(self, _: Envelope) -> None:
            came.set()

    outbox = Expecting()
    at_work = desk(service, outbox, outbox)
    worker = asyncio.create_task(work(service.database_url, at_work, concurrency=1))
    try:
        async with asyncio.timeout(20):
            await came.wait()
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_a_worker_that_is_stopped_finishes_what_it_holds_and_takes_no_more(
    service: Service,
) -> None:
    for number in range(20):
        await add_account(service, f"colleague-{number}", Role.REPORTER, XUAN_HONG)
    begun = asyncio.Event()

    class Unhurried(Outbox):
        async def take_mail(self, mail: Envelope) -> None:
            begun.set()
            await asyncio.sleep(0.2)
            self.mails.append(mail)

    outbox = Unhurried()
    worker = asyncio.create_task(work(service.database_url, desk(service, outbox, outbox)))
    async with asyncio.timeout(20):
        await begun.wait()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    states = Counter(message.state for message in await carried(service, channel="email"))
    assert states.keys() == {"sent", "waiting"}
    assert states["sent"] == len(outbox.mails)


async def test_what_waited_while_the_server_was_down_is_overtaken_not_sent_beside(
    service: Service,
) -> None:
    service.clock.set("2024-06-15 23:59")
    await swept(service)  # and held back by the quiet hours
    service.clock.set("2024-06-18 08:00")
    outbox = Outbox()
    await plan_then_deliver(desk(service, outbox, outbox), lambda: True)
    to_xuan_hong = [subject for name, subject in outbox.letters if name == "xuan-hong"]
    assert to_xuan_hong == ["Quá hạn 3 ngày: báo cáo quý II năm 2024 và 1 việc khác"]
    assert {row.state for row in await told(service, rule="due-day")} == {"superseded"}


async def test_a_sweep_that_fails_holds_up_no_mail(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await swept(service)

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.jobs.sweep", fail)
    outbox = Outbox()
    await plan_then_deliver(desk(service, outbox, outbox), lambda: True)
    assert len(outbox.mails) == 5


async def kept(service: Service) -> tuple[int, int]:
    """How many idempotency keys and tokens there are."""
    async with service.database.reading() as session:
        keys, tokens = (await session.execute(text(KEYS_AND_TOKENS))).one()
    return keys, tokens


async def test_keys_are_deleted_after_a_day_and_tokens_when_they_end(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "key-1"}
    seen(await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", headers=key))
    form = {"username": "xuan-hong", "password": PASSWORD}
    seen(await service.client().post("/auth/token", data=form))
    _, tokens = await kept(service)
    found = []
    for hours in (11, 1, 11, 1):
        service.clock.advance(hours=hours)
        await forget_what_is_over(desk(service))
        found.append(await kept(service))
    assert found == [(1, tokens), (1, tokens - 1), (1, tokens - 1), (0, tokens - 1)]


async def test_jobs_of_a_worker_that_died_are_ended_and_no_others(service: Service) -> None:
    await execute(service, JOBS_OF_TWO_WORKERS)
    queue = job_queue(service.database_url, desk(service), asyncio.Event())
    async with queue.open_async():
        await release_stalled(queue)
    async with service.database.reading() as session:
        left = await session.scalars(text("SELECT task_name FROM procrastinate_jobs"))
        assert left.all() == ["remind"]
