"""The record of changes: each with its change, in one chain that shows any tampering."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.models.audit_events import AuditEvent, Ledger
from app.services.audit import ledger
from app.services.audit.ledger import Actor
from tests.conftest import Service
from tests.support.report_calls import Q2, XUAN_HONG, draft, review, seen, send

ACTOR = Actor("somebody", "10.0.0.1")
NOBODY_FROM_XUAN_HONG = "ALTER TABLE audit_event ADD CHECK (actor <> 'xuan-hong') NOT VALID"


async def broken(service: Service) -> list[int]:
    async with service.database.reading() as session:
        return await ledger.list_broken_links(session)


async def events(service: Service) -> int:
    async with service.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(AuditEvent)) or 0


async def _make_some_history(service: Service) -> None:
    office = service.client("coordinator")
    await send(service.client("xuan-hong"), XUAN_HONG)
    service.clock.advance(hours=1)
    await review(office, "return", XUAN_HONG, reason="Sửa «số hộ».")
    said = {"change": "off", "note": "Nghỉ bù."}
    seen(await office.put("/working-days/2024-07-01", json=said), 201)  # belongs to no plan


async def test_a_sound_record_has_no_list_broken_links(service: Service) -> None:
    await _make_some_history(service)
    assert await events(service) >= 6
    assert await broken(service) == []


TAMPERING = {
    "another actor": "UPDATE audit_event SET actor = 'nobody' WHERE id = :id",
    "another action": "UPDATE audit_event SET action = 'report.accepted' WHERE id = :id",
    "another subject": "UPDATE audit_event SET subject = 'reports/x' WHERE id = :id",
    "another instant": "UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = :id",
    "another address": "UPDATE audit_event SET origin = '1.2.3.4' WHERE id = :id",
    "somebody else's": "UPDATE audit_event SET agency_id = 1 WHERE id = :id",
    "another before": "UPDATE audit_event SET before = '{\"a\": 1}' WHERE id = :id",
    "another after": "UPDATE audit_event SET after = after || '{\"a\": 1}' WHERE id = :id",
    "another hash": "UPDATE audit_event SET hash = sha256('x') WHERE id = :id",
}


async def test_an_event_that_was_changed_is_found(service: Service) -> None:
    await _make_some_history(service)
    async with service.database.reading() as session:
        query = select(AuditEvent.id).where(AuditEvent.action == "report.submitted")
        event = await session.scalar(query)
    for name, statement in TAMPERING.items():
        session = service.database.writing()
        await session.execute(text(statement), {"id": event})
        found = await ledger.list_broken_links(session)
        assert found, name
        assert found[0] == event, name
        await session.rollback()
        await session.close()
    assert await broken(service) == []


async def test_an_event_that_is_missing_is_found_wherever_it_stood(service: Service) -> None:
    await _make_some_history(service)
    async with service.database.reading() as session:
        ids = list(await session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)))
    for gone in ids:
        session = service.database.writing()
        await session.execute(text("DELETE FROM audit_event WHERE id = :id"), {"id": gone})
        assert await ledger.list_broken_links(session), gone
        await session.rollback()
        await session.close()


async def test_each_change_is_recorded_in_its_own_transaction(service: Service) -> None:
    """What cannot be recorded does not happen; what is refused is not recorded."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    before = await events(service)
    refused = await commune.post(
        f"/reports/{Q2}/{XUAN_HONG}/submit", json={"received_at": "2024-06-10T07:00:00+07:00"}
    )
    assert refused.status_code == 422
    assert await events(service) == before

    async with service.database.transaction() as session:
        await session.execute(text(NOBODY_FROM_XUAN_HONG))
    failed = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert failed.status_code == 500
    report = seen(await commune.get(f"/reports/{Q2}/{XUAN_HONG}"))
    assert (report["report_status"], report["draft"]) == ("draft", saved["draft"])
    assert await events(service) == before


async def test_a_change_that_fails_after_its_event_leaves_no_event(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    before = await events(service)
    async with service.database.transaction() as session:
        await session.execute(text("ALTER TABLE revision ADD CHECK (number > 1)"))
    failed = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert failed.status_code == 500
    assert failed.json()["type"] == "/problems/internal-error"
    assert await events(service) == before
    assert await broken(service) == []


async def test_instants_of_a_ledger_only_grow_whatever_the_clocks_show(service: Service) -> None:
    now = service.clock.now()
    async with service.database.reading() as session:
        plan_id = await session.scalar(select(Ledger.plan_id).where(Ledger.plan_id.is_not(None)))
    given = []
    for clock in (now, now, now - timedelta(days=1), now + timedelta(seconds=1), now):
        async with service.database.transaction() as session:
            given.append(
                await ledger.record(
                    session, now=clock, actor=ACTOR, action="x", subject="y", plan_id=plan_id
                )
            )
    moment = timedelta(microseconds=1)
    later = now + timedelta(seconds=1)
    assert given == [now, now + moment, now + 2 * moment, later, later + moment]
    assert await broken(service) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"before": {"giá trị": None, "số": 1.5, "danh sách": [1, "hai"]}, "after": {}},
        {"before": None, "after": {"a": "\x1f", "b": "\\u0000"}},
        {"subject": "x\x1fy", "action": "z"},
    ],
)
async def test_any_facts_can_be_recorded_and_verified(
    service: Service, facts: dict[str, Any]
) -> None:
    async with service.database.transaction() as session:
        told = {"action": "x", "subject": "y"} | facts
        await ledger.record(session, now=service.clock.now(), actor=ACTOR, **told)
    assert await broken(service) == []


async def test_a_plan_without_its_ledger_takes_no_changes(service: Service) -> None:
    with pytest.raises(Exception, match="query returned no rows"):
        async with service.database.transaction() as session:
            await ledger.record(
                session,
                now=service.clock.now(),
                actor=ACTOR,
                action="x",
                subject="y",
                plan_id=10**9,
            )


async def test_only_one_ledger_can_be_opened_for_a_plan_or_for_none(service: Service) -> None:
    for plan_id in (None, 1):
        async with service.database.transaction() as session:
            count = select(func.count()).select_from(Ledger)
            before = await session.scalar(count)
            await ledger.open_ledger(session, plan_id, service.clock.now())
            assert await session.scalar(count) == before
    with pytest.raises(DBAPIError):
        async with service.database.transaction() as session:
            await session.execute(
                text("INSERT INTO ledger (plan_id, last_at, last_hash) VALUES (NULL, now(), '')")
            )
