"""Reading the record of changes."""

from typing import Any

import pytest
from sqlalchemy import select, text

from app.models.agencies import Agency
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from tests.conftest import Service

ACTOR = Actor("somebody", "10.38.95.7")


async def note(service: Service, action: str, agency: str | None = "15493", **more: Any) -> None:
    async with service.database.transaction() as session:
        agency_id = await session.scalar(select(Agency.id).where(Agency.code == agency))
        await ledger.record(
            session,
            now=service.clock.now(),
            actor=ACTOR,
            action=action,
            subject=more.pop("subject", "things/1"),
            agency_id=agency_id,
            **more,
        )


async def seen(service: Service, person: str, **query: Any) -> list[dict[str, Any]]:
    answer = await service.client(person).get(
        "/audit-events", params={"actor": ACTOR.name, **query}
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def actions(events: list[dict[str, Any]]) -> list[str]:
    return [event["action"] for event in events]


async def test_an_event_tells_who_did_what_when_and_from_where(service: Service) -> None:
    await note(service, "thing.changed", before={"name": "cũ"}, after={"name": "mới"})
    (event,) = await seen(service, "coordinator")
    digest = event.pop("hash")
    assert len(bytes.fromhex(digest)) == 32
    assert event == {
        "at": "2024-06-10T08:00:00+07:00",
        "actor": "somebody",
        "action": "thing.changed",
        "subject": "things/1",
        "agency": "15493",
        "origin": "10.38.95.7",
        "before": {"name": "cũ"},
        "after": {"name": "mới"},
    }


async def test_the_newest_comes_first_in_pages(service: Service) -> None:
    for number in range(5):
        await note(service, f"thing.{number}")
        service.clock.advance(minutes=number % 2)  # some at the same instant
    client = service.client("coordinator")
    found: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"/audit-events?actor=somebody&limit=2{cursor}")).json()
        found += actions(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [f"thing.{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"action": "one.done"}, ["one.done"]),
        ({"subject": "things/2"}, ["two.done"]),
        ({"since": "2024-06-10T09:00:00+07:00"}, ["two.done"]),
        ({"since": "2024-06-10T02:00:00.000001Z"}, []),
        ({"until": "2024-06-10T09:00:00+07:00"}, ["one.done"]),
        ({"actor": "nobody"}, []),
        ({"since": "2024-06-10T00:00:00+07:00", "until": "2024-06-11T00:00:00+07:00"}, None),
    ],
)
async def test_events_are_found_by_actor_action_subject_and_time(
    service: Service, query: dict[str, str], found: list[str] | None
) -> None:
    await note(service, "one.done")
    service.clock.advance(hours=1)
    await note(service, "two.done", subject="things/2")
    expected = ["two.done", "one.done"] if found is None else found
    assert actions(await seen(service, "coordinator", **query)) == expected


async def test_only_what_is_within_reach_is_seen(service: Service) -> None:
    await note(service, "commune", "15493")
    await note(service, "district", "395")
    await note(service, "province", "38")
    await note(service, "nowhere", None)
    assert actions(await seen(service, "coordinator")) == ["district", "commune"]
    assert actions(await seen(service, "district-admin")) == ["district", "commune"]
    everything = ["nowhere", "province", "district", "commune"]
    assert actions(await seen(service, "admin")) == everything
    assert (await seen(service, "admin"))[0]["agency"] is None


@pytest.mark.parametrize("person", ["xuan-hong", "vice-chairman", "province"])
async def test_others_than_coordinators_and_admins_see_nothing(
    service: Service, person: str
) -> None:
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
        {"subject": "\x00"},
        {"unknown": "1"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    service: Service, query: dict[str, str]
) -> None:
    answer = await service.client("admin").get("/audit-events", params=query)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_changed_or_missing_event_breaks_the_chain(service: Service) -> None:
    for number in range(4):
        await note(service, f"thing.{number}", after={"n": number})
    async with service.database.transaction() as session:
        assert await ledger.list_broken_links(session) == []
        changed = "UPDATE audit_event SET after = '{\"n\": 7}' WHERE action = 'thing.1'"
        await session.execute(text(changed))
        await session.execute(text("DELETE FROM audit_event WHERE action = 'thing.2'"))
        query = "SELECT id FROM audit_event WHERE action IN ('thing.1', 'thing.3') ORDER BY id"
        expected = list((await session.execute(text(query))).scalars())
        assert await ledger.list_broken_links(session) == expected
