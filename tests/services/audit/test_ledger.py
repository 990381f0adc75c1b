"""Audit events: recorded in the transaction of the change, in a hash chain."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.models.audit_events import AuditEvent, Ledger
from app.policy import Principal
from app.services.audit import ledger
from app.services.audit.action import Action
from app.vocabulary import AuditAction
from tests.conftest import Service
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok, review, submit_complete
from tests.support.verification import list_findings

DONE = AuditAction.AGENCY_CHANGED
ACTOR = Principal("somebody", None, frozenset(), None, "", "", "")
REJECT_EVENTS_OF_XUAN_HONG = "ALTER TABLE audit_event ADD CHECK (actor <> 'xuan-hong') NOT VALID"


async def findings_in(service: Service) -> list[str]:
    async with service.database.snapshot() as session:
        return await list_findings(session)


async def count_events(service: Service) -> int:
    async with service.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(AuditEvent)) or 0


async def _record_some_events(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    service.clock.advance(hours=1)
    await review(office, "return", XUAN_HONG, reason="Sửa «số hộ».")
    day_off = {"change": "off", "note": "Nghỉ bù."}
    # An event that belongs to no plan.
    ok(await office.put("/working-days/2024-07-01", json=day_off), 201)


async def test_an_intact_chain_has_no_broken_links(service: Service) -> None:
    await _record_some_events(service)
    assert await count_events(service) >= 6
    assert await findings_in(service) == []


TAMPERING = {
    "another actor": "UPDATE audit_event SET actor = 'nobody' WHERE id = :id",
    "another action": "UPDATE audit_event SET action = 'report.accepted' WHERE id = :id",
    "another subject": "UPDATE audit_event SET subject = 'reports/x' WHERE id = :id",
    "another instant": "UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = :id",
    "another address": "UPDATE audit_event SET origin = '1.2.3.4' WHERE id = :id",
    "another agency": "UPDATE audit_event SET agency_id = 1 WHERE id = :id",
    "another before": "UPDATE audit_event SET before = '{\"a\": 1}' WHERE id = :id",
    "another after": "UPDATE audit_event SET after = after || '{\"a\": 1}' WHERE id = :id",
    "another hash": "UPDATE audit_event SET hash = sha256('x') WHERE id = :id",
}


async def test_a_changed_event_is_reported(service: Service) -> None:
    await _record_some_events(service)
    async with service.database.reading() as session:
        query = select(AuditEvent.id).where(AuditEvent.action == "report.submitted")
        event = await session.scalar(query)
    for name, statement in TAMPERING.items():
        async with service.as_owner() as session:
            await session.execute(text(statement), {"id": event})
            findings = await list_findings(session)
            await session.rollback()
        assert findings, name
        assert findings[0].startswith(f"audit event {event} "), name
    assert await findings_in(service) == []


async def test_a_deleted_event_is_reported_at_every_position(service: Service) -> None:
    await _record_some_events(service)
    async with service.database.reading() as session:
        ids = list(await session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)))
    for event_id in ids:
        async with service.as_owner() as session:
            await session.execute(text("DELETE FROM audit_event WHERE id = :id"), {"id": event_id})
            assert await list_findings(session), event_id
            await session.rollback()


async def test_a_change_and_its_event_are_one_transaction(service: Service) -> None:
    """A rejected change is not recorded; a change whose event fails is rolled back."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    before = await count_events(service)
    rejected = await commune.post(
        f"/reports/{Q2}/{XUAN_HONG}/submit", json={"received_at": "2024-06-10T07:00:00+07:00"}
    )
    assert rejected.status_code == 422
    assert await count_events(service) == before

    async with service.as_owner() as session:
        await session.execute(text(REJECT_EVENTS_OF_XUAN_HONG))
    failed = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert failed.status_code == 500
    report = ok(await commune.get(f"/reports/{Q2}/{XUAN_HONG}"))
    assert (report["report_status"], report["draft"]) == ("draft", saved["draft"])
    assert await count_events(service) == before


async def test_a_change_that_fails_after_its_event_leaves_no_event(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    before = await count_events(service)
    async with service.as_owner() as session:
        await session.execute(text("ALTER TABLE revision ADD CHECK (number > 1)"))
    failed = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert failed.status_code == 500
    assert failed.json()["type"] == "/problems/internal-error"
    assert await count_events(service) == before
    assert await findings_in(service) == []


async def test_instants_of_a_ledger_increase_even_if_clocks_go_back(service: Service) -> None:
    now = service.clock.now()
    async with service.database.reading() as session:
        plan_id = await session.scalar(select(Ledger.plan_id).where(Ledger.plan_id.is_not(None)))
    instants = []
    for clock in (now, now, now - timedelta(days=1), now + timedelta(seconds=1), now):
        async with service.database.transaction() as session:
            action = Action(ACTOR, clock)
            instants.append(await ledger.record_event(session, action, DONE, "y", plan_id=plan_id))
    moment = timedelta(microseconds=1)
    later = now + timedelta(seconds=1)
    assert instants == [now, now + moment, now + 2 * moment, later, later + moment]
    assert await findings_in(service) == []


@pytest.mark.parametrize(
    ("name", "subject", "fields"),
    [
        (DONE, "y", {"before": {"giá trị": None, "số": 1.5, "danh sách": [1, "hai"]}, "after": {}}),
        (DONE, "y", {"before": None, "after": {"a": "\x1f", "b": "\\u0000"}}),
        (AuditAction.PLAN_CHANGED, "x\x1fy", {}),
    ],
)
async def test_any_values_can_be_recorded_and_verified(
    service: Service, name: AuditAction, subject: str, fields: dict[str, Any]
) -> None:
    async with service.database.transaction() as session:
        action = Action(ACTOR, service.clock.now())
        await ledger.record_event(session, action, name, subject, **fields)
    assert await findings_in(service) == []


async def test_a_plan_without_a_ledger_accepts_no_changes(service: Service) -> None:
    action = Action(ACTOR, service.clock.now())
    with pytest.raises(Exception, match="query returned no rows"):
        async with service.database.transaction() as session:
            await ledger.record_event(session, action, DONE, "y", plan_id=10**9)


async def test_a_plan_has_one_ledger_and_so_have_changes_of_no_plan(service: Service) -> None:
    for plan_id in (None, 1):
        async with service.database.transaction() as session:
            count = select(func.count()).select_from(Ledger)
            before = await session.scalar(count)
            await ledger.open_ledger(session, plan_id, service.clock.now())
            assert await session.scalar(count) == before
    with pytest.raises(DBAPIError):
        async with service.database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO ledger (plan_id, last_at, figures_at, last_hash)"
                    " VALUES (NULL, now(), now(), '')"
                )
            )
