"""A worker's life: it starts, works, and ends cleanly whenever it is told to."""

import asyncio

import pytest

from app.jobs import work
from tests.conftest import Service
from tests.reminding import desk


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
