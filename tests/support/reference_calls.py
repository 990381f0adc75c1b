"""Steps over the reference data: reading all pages, changing what was read, counting questions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import event, select

from app.models.audit_events import AuditEvent
from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, Service
from tests.support.report_calls import seen


async def listed(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, through as many pages as there are."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = seen(await client.get(path, params={**query, **cursor}))
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def change(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], **query: Any
) -> httpx.Response:
    """PATCH the version that there is."""
    read = await client.get(path, params=query)
    headers = {"If-Match": read.headers.get("ETag", "")}
    return await client.patch(path, json=body, params=query, headers=headers)


async def delete(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """DELETE the version that there is."""
    read = await client.get(path)
    return await client.delete(path, headers={"If-Match": read.headers["ETag"]})


def refused(answer: httpx.Response) -> list[tuple[str, str]]:
    """What a 422 finds wrong: pointers and codes."""
    return [(error["pointer"], error["code"]) for error in seen(answer, 422)["errors"]]


def kind_of(answer: httpx.Response) -> tuple[int, str]:
    """The status of a refusal, and its slug."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def recorded(service: Service, action: str) -> list[AuditEvent]:
    """The record's events of one action."""
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return list((await session.scalars(query)).all())


async def add_neighbour(service: Service) -> None:
    """Load the plan of the district next door: whoever sees the province now sees two."""
    async with service.database.transaction() as session:
        await load(session, NEIGHBOUR_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    """The SQL that the service sends in the block."""
    sent: list[str] = []

    def note(*about: Any) -> None:
        sent.append(about[2])

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
