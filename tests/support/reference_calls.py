"""Requests and checks that many tests share: lists, versions, problems, audit events, SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import event, select

from app.models.audit_events import AuditEvent
from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, Service
from tests.support.report_calls import ok


async def list_all(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, from all of its pages."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ok(await client.get(path, params={**query, **cursor}))
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def change(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], **query: Any
) -> httpx.Response:
    """PATCH the current version."""
    read = await client.get(path, params=query)
    headers = {"If-Match": read.headers.get("ETag", "")}
    return await client.patch(path, json=body, params=query, headers=headers)


async def allow_decimals(office: httpx.AsyncClient, code: str) -> None:
    """Give an indicator two decimals; the plan's own indicators are all counted in whole units."""
    ok(await change(office, f"/indicators/{code}", {"decimals": 2}))


async def delete(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """DELETE the current version."""
    read = await client.get(path)
    return await client.delete(path, headers={"If-Match": read.headers["ETag"]})


def field_errors(answer: httpx.Response) -> list[tuple[str, str]]:
    """The pointers and codes of the errors of a 422."""
    return [(error["pointer"], error["code"]) for error in ok(answer, 422)["errors"]]


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the slug of a problem document."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def list_events(service: Service, action: str) -> list[AuditEvent]:
    """The audit events of an action, oldest first."""
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return list((await session.scalars(query)).all())


async def add_neighbour(service: Service, now: datetime = PLAN_IN_FORCE) -> None:
    """Load the plan of another district, so that the province sees two plans."""
    async with service.database.transaction() as session:
        await load(session, NEIGHBOUR_FOLDER, now=now, echo=lambda _: None)


@contextmanager
def capture_statements(service: Service) -> Iterator[list[str]]:
    """The SQL that the service executes within the block."""
    executed: list[str] = []

    def append(*event_arguments: Any) -> None:
        executed.append(event_arguments[2])

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", append)
    try:
        yield executed
    finally:
        event.remove(engine, "before_cursor_execute", append)
