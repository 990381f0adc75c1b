"""A worker's life: it starts, works, and ends cleanly whenever it is told to."""

import asyncio

import pytest

from app.jobs import plan_then_deliver, work
from app.mail import Envelope
from tests.conftest import Service
from tests.reminding import Outbox, desk, execute, swept, told

TICKS_OF_ANOTHER = """
INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
SELECT task, '', 60 * (floor(extract(epoch FROM now()) / 60) + minute)
FROM unnest(ARRAY['remind']) AS task, generate_series(0, 2) AS minute
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
