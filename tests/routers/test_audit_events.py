"""Listing audit events."""

from typing import Any

import pytest
from sqlalchemy import select, text

from app.models.agencies import Agency
from app.policy import Principal
from app.services.audit import ledger
from app.services.audit.action import Action
from app.vocabulary import AuditAction
from tests.conftest import Service
from tests.support.verification import list_findings

ACTOR = Principal("somebody", None, frozenset(), None, "", "", "")

FIVE = (
    AuditAction.AGENCY_CREATED,
    AuditAction.AGENCY_CHANGED,
    AuditAction.PROJECT_CREATED,
    AuditAction.PROJECT_CHANGED,
    AuditAction.INDICATOR_CREATED,
)
ONE, TWO, THREE, FOUR, _ = FIVE


async def record(
    service: Service, name: AuditAction, agency: str | None = "15493", **more: Any
) -> None:
    async with service.database.transaction() as session:
        agency_id = await session.scalar(select(Agency.id).where(Agency.code == agency))
        action = Action(ACTOR, service.clock.now(), "10.38.95.7")
        subject = more.pop("subject", "things/1")
        await ledger.record_event(session, action, name, subject, agency_id=agency_id, **more)


async def list_events(service: Service, person: str, **query: Any) -> list[dict[str, Any]]:
    answer = await service.client(person).get(
        "/audit-events", params={"actor": ACTOR.name, **query}
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["action"] for event in events]


async def test_an_event_has_actor_action_subject_instant_and_origin(service: Service) -> None:
    await record(service, ONE, before={"name": "cũ"}, after={"name": "mới"})
    (event,) = await list_events(service, "coordinator")
    assert len(bytes.fromhex(event.pop("hash"))) == 32
    assert event == {
        "at": "2024-06-10T08:00:00+07:00",
        "actor": "somebody",
        "action": ONE,
        "subject": "things/1",
        "agency": "15493",
        "origin": "10.38.95.7",
        "before": {"name": "cũ"},
        "after": {"name": "mới"},
    }


async def test_events_are_paginated_newest_first(service: Service) -> None:
    for number in range(5):
        await record(service, FIVE[number])
        service.clock.advance(minutes=number % 2)  # some of them at the same instant
    client = service.client("coordinator")
    listed: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"/audit-events?actor=somebody&limit=2{cursor}")).json()
        listed += names(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert listed == [FIVE[number] for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "matching"),
    [
        ({"action": ONE}, [ONE]),
        ({"subject": "things/2"}, [TWO]),
        ({"since": "2024-06-10T09:00:00+07:00"}, [TWO]),
        ({"since": "2024-06-10T02:00:00.000001Z"}, []),
        ({"until": "2024-06-10T09:00:00+07:00"}, [ONE]),
        ({"actor": "nobody"}, []),
        ({"since": "2024-06-10T00:00:00+07:00", "until": "2024-06-11T00:00:00+07:00"}, None),
    ],
)
async def test_events_are_filtered_by_actor_action_subject_and_time(
    service: Service, query: dict[str, str], matching: list[str] | None
) -> None:
    await record(service, ONE)
    service.clock.advance(hours=1)
    await record(service, TWO, subject="things/2")
    expected = [TWO, ONE] if matching is None else matching
    assert names(await list_events(service, "coordinator", **query)) == expected


async def test_only_events_within_reach_are_listed(service: Service) -> None:
    await record(service, ONE, "15493")
    await record(service, TWO, "395")
    await record(service, THREE, "38")
    await record(service, FOUR, None)
    assert names(await list_events(service, "coordinator")) == [TWO, ONE]
    assert names(await list_events(service, "district-admin")) == [TWO, ONE]
    all_events = [FOUR, THREE, TWO, ONE]
    assert names(await list_events(service, "admin")) == all_events
    assert (await list_events(service, "admin"))[0]["agency"] is None


@pytest.mark.parametrize("person", ["xuan-hong", "vice-chairman", "province"])
async def test_only_coordinators_and_admins_list_events(service: Service, person: str) -> None:
    assert (await service.client(person).get("/audit-events")).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "2024-06-10T08:00:00"},
        {"since": "2024-06-10"},
        {"since": "1718000000"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"since": "0001-01-01T00:00:00+23:59"},
        {"cursor": "no"},
        {"limit": "0"},
        {"actor": "a" * 201},
        {"action": "report.burned"},
        {"subject": "\x00"},
        {"unknown": "1"},
    ],
)
async def test_an_invalid_query_is_rejected(service: Service, query: dict[str, str]) -> None:
    answer = await service.client("admin").get("/audit-events", params=query)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_changed_or_missing_event_breaks_the_chain(service: Service) -> None:
    for number in range(4):
        await record(service, FIVE[number], after={"n": number})
    async with service.as_owner() as session:
        assert await list_findings(session) == []
        changed = "UPDATE audit_event SET after = '{\"n\": 7}' WHERE action = 'agency.changed'"
        await session.execute(text(changed))
        await session.execute(text("DELETE FROM audit_event WHERE action = 'project.created'"))
        query = (
            "SELECT id FROM audit_event WHERE action IN ('agency.changed', 'project.changed') "
            "ORDER BY id"
        )
        expected = list((await session.execute(text(query))).scalars())
        findings = await list_findings(session)
        assert len(findings) == len(expected)
        for event_id, finding in zip(expected, findings, strict=True):
            assert finding.startswith(f"audit event {event_id} ")
