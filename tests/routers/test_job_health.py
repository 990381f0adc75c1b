"""The health of background work, and the metrics."""

import asyncio
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.channels.errors import DeliveryDelayedError, DeliveryRefusedError
from app.services.notifications.delivery import deliver
from tests.conftest import Service
from tests.support.deliveries import (
    Outbox,
    deliver_all,
    delivery_context,
    execute,
    keep_rules,
    run_sweep,
)
from tests.support.reference_calls import problem_of
from tests.support.report_calls import Q2, XUAN_HONG, ok

HEALTH = "/jobs/health"
QUIET = {
    "oldest_unsent_seconds": None,
    "waiting": 0,
    "sending": 0,
    "failed": 0,
    "failed_last_24h": 0,
}


async def health(service: Service) -> dict[str, Any]:
    """The health as the coordinator gets it."""
    state: dict[str, Any] = ok(await service.client("coordinator").get(HEALTH))
    return state


async def with_trouble(service: Service, trouble: Exception) -> None:
    """Deliver while the mail server fails."""
    await deliver(delivery_context(service, mail=Outbox(trouble=trouble)))


async def test_a_service_without_messages_is_healthy(service: Service) -> None:
    assert await health(service) == {
        "ok": True,
        "held_since": None,
        "messages": QUIET,
        "last_sweep_seconds": None,
        "queue": {},
    }
    for person in ("admin", "district-admin"):
        assert ok(await service.client(person).get(HEALTH))["ok"]
    for person in ("xuan-hong", "vice-chairman", "province"):
        assert problem_of(await service.client(person).get(HEALTH)) == (403, "forbidden")


async def test_the_age_of_the_oldest_unsent_message_is_reported(service: Service) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    state = await health(service)
    assert (state["ok"], state["messages"]["oldest_unsent_seconds"]) == (True, 0)
    waiting = state["messages"]["waiting"]
    assert waiting >= 10
    service.clock.set("2024-06-12 08:11")
    state = await health(service)
    assert (state["ok"], state["messages"]["oldest_unsent_seconds"]) == (False, 660)
    await deliver_all(service)
    assert await health(service) | {"messages": QUIET} == await health(service)


async def test_quiet_hours_do_not_count_as_delay(service: Service) -> None:
    await keep_rules(service, "before-3")
    service.clock.set("2024-06-12 23:00")  # the service was down all day
    await run_sweep(service)
    service.clock.set("2024-06-13 05:59")
    state = await health(service)
    assert state["ok"]
    assert state["messages"]["oldest_unsent_seconds"] is None
    assert state["messages"]["waiting"] > 0
    service.clock.set("2024-06-13 06:05")
    state = await health(service)
    assert (state["ok"], state["messages"]["oldest_unsent_seconds"]) == (True, 300)
    service.clock.set("2024-06-13 06:15")
    assert not (await health(service))["ok"]


async def test_a_retry_does_not_reset_the_age_of_a_message(service: Service) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await with_trouble(service, DeliveryDelayedError("away"))
    service.clock.set("2024-06-12 08:30")
    state = await health(service)
    assert (state["ok"], state["messages"]["oldest_unsent_seconds"]) == (False, 1800)


async def test_failed_messages_are_counted_without_affecting_health(service: Service) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await with_trouble(service, DeliveryRefusedError("no such mailbox"))
    state = await health(service)
    failed = state["messages"]["failed"]
    assert failed >= 5
    assert state == state | {"ok": True, "messages": QUIET | state["messages"]}
    assert state["messages"]["failed_last_24h"] == failed
    service.clock.set("2024-06-13 09:00")
    state = await health(service)
    assert (state["messages"]["failed"], state["messages"]["failed_last_24h"]) == (failed, 0)


async def test_a_missing_sweep_is_unhealthy(service: Service) -> None:
    await _deferred(service, "remind", seconds_ago=30)
    state = await health(service)
    assert state["ok"]
    assert 30 <= state["last_sweep_seconds"] < 60
    await execute(service, "UPDATE procrastinate_periodic_defers SET defer_timestamp = 0")
    await _deferred(service, "tidy", seconds_ago=30)
    assert not (await health(service))["ok"]
    await execute(
        service,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
        " VALUES ('default', 'tidy', 'failed'), ('default', 'remind', 'todo')",
    )
    assert (await health(service))["queue"] == {"failed": 1, "todo": 1}


async def _deferred(service: Service, task: str, seconds_ago: int) -> None:
    await execute(
        service,
        "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, periodic_id)"
        " VALUES (:task, floor(extract(epoch FROM now())) - :ago, '')",
        task=task,
        ago=seconds_ago,
    )


def outside(service: Service) -> httpx.AsyncClient:
    """An anonymous client of the paths outside /api/v1."""
    client = service.client()
    client.base_url = httpx.URL("http://test")
    return client


async def figures(service: Service) -> dict[tuple[str, ...], float]:
    """The metrics by name and label values, without the process."""
    answer = await outside(service).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (
            sample.name,
            *(v for k, v in sorted(sample.labels.items()) if k != "process"),
        ): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def figures_since(
    service: Service, before: dict[tuple[str, ...], float]
) -> dict[tuple[str, ...], float]:
    """The growth of each metric, since all tests of a process share the counters."""
    now = await figures(service)
    return {key: value - before.get(key, 0) for key, value in now.items()}


async def test_requests_are_counted_by_their_route(service: Service) -> None:
    before = await figures(service)
    mine = service.client("xuan-hong")
    for agency in (XUAN_HONG, XUAN_HONG, "15502"):
        await mine.get(f"/obligations/{Q2}/{agency}")
    await mine.get("/nowhere/15493")
    await outside(service).get("/health/live")
    await outside(service).request("BREW", "/health/live")
    found = await figures_since(service, before)
    route = "/api/v1/obligations/{period}/{agency}"
    total = "tiendo_http_requests_total"
    assert found[total, "GET", route, "200"] == 2
    assert found[total, "GET", route, "404"] == 1
    assert found[total, "GET", "other", "404"] == 1
    assert found[total, "GET", "/health/live", "200"] == 1
    assert found[total, "other", "/health/live", "405"] == 1
    assert found["tiendo_http_request_duration_seconds_count", "GET", route] == 3
    assert 0 < found["tiendo_http_request_duration_seconds_sum", "GET", route] < 60
    again = await figures_since(service, before)
    assert again[total, "GET", "/metrics", "200"] == 2
    assert not any(XUAN_HONG in label for key in again for label in key)


async def test_gauges_show_the_present_state(service: Service) -> None:
    found = await figures(service)
    assert found["tiendo_overdue_obligations",] == 0
    assert found["tiendo_messages_waiting",] == 0
    service.clock.set("2024-06-16 08:00")
    await run_sweep(service)
    service.clock.set("2024-06-16 08:02")
    found = await figures(service)
    assert found["tiendo_overdue_obligations",] == 35  # the second quarter's
    assert found["tiendo_messages_waiting",] > 0
    assert found["tiendo_messages_oldest_unsent_seconds",] == 120
    assert found["tiendo_messages_failed",] == 0
    await with_trouble(service, DeliveryRefusedError("no such mailbox"))
    found = await figures(service)
    assert found["tiendo_messages_failed",] > 0
    assert found["tiendo_messages_waiting",] == 0
    assert found["tiendo_messages_oldest_unsent_seconds",] == 0


async def test_concurrent_requests_are_all_counted(service: Service) -> None:
    client = outside(service)
    before = await figures(service)
    await asyncio.gather(*(client.get("/health/live") for _ in range(50)))
    found = await figures_since(service, before)
    assert found["tiendo_http_requests_total", "GET", "/health/live", "200"] == 50
