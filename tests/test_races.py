"""Two at once: one of them wins, the other is told, and nothing is done twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app.models.audit_events import AuditEvent
from app.models.reports import Revision
from tests.conftest import Service
from tests.support.reference_calls import list_events
from tests.support.report_bodies import complete_body
from tests.support.report_calls import Q2, XUAN_HONG, draft, read, seen, send, submit

AT = f"/reports/{Q2}/{XUAN_HONG}"


async def at_once(*asked: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*asked))


async def revisions(service: Service) -> int:
    async with service.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Revision)) or 0


async def submissions_recorded(service: Service) -> int:
    async with service.database.reading() as session:
        query = select(func.count()).where(AuditEvent.action == "report.submitted")
        return await session.scalar(query) or 0


async def test_two_who_send_one_draft_send_it_once(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    paper = {"received_at": "2024-06-10T07:00:00+07:00"}
    answers = await at_once(
        commune.post(f"{AT}/submit", json={}),
        office.post(f"{AT}/submit", json=paper),
        commune.post(f"{AT}/submit", json={}, headers={"Idempotency-Key": "a"}),
        commune.post(f"{AT}/submit", json={}, headers={"Idempotency-Key": "b"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await revisions(service), await submissions_recorded(service)) == (1, 1)


async def test_twenty_retries_with_one_key_send_once_and_get_one_answer(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "the one"}
    answers = await at_once(
        *(commune.post(f"{AT}/submit", json={}, headers=key) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.content, answer.headers["ETag"]) for answer in answers}) == 1
    assert (await revisions(service), await submissions_recorded(service)) == (1, 1)


async def test_of_two_drafts_over_one_version_one_is_kept(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    report = await read(commune, XUAN_HONG)
    for _ in range(2):  # a first draft, then one over another
        tag = (await commune.get(AT)).headers["ETag"]
        bodies = [complete_body(report, {"DA2.02": value}) for value in (1, 2)]
        answers = await at_once(
            *(
                client.put(f"{AT}/draft", json=body, headers={"If-Match": tag})
                for client, body in zip((commune, office), bodies, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (kept,) = (answer.json()["draft"] for answer in answers if answer.status_code == 200)
        assert (await read(commune, XUAN_HONG))["draft"] == kept


async def test_a_draft_waits_for_no_other_report_and_changes_no_aggregate(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    aggregate = f"/aggregates/indicators?period={Q2}"
    before = (await office.get(aggregate)).headers["ETag"]
    service.clock.advance(minutes=1)
    async with service.database.transaction() as session:
        await session.execute(text("SELECT FROM ledger FOR UPDATE"))
        async with asyncio.timeout(5):
            await draft(commune, XUAN_HONG, {"DA2.02": 3})
    assert (await office.get(aggregate)).headers["ETag"] == before


async def test_a_report_is_accepted_or_returned_never_both(service: Service) -> None:
    office = service.client("coordinator")
    await send(service.client("xuan-hong"), XUAN_HONG)
    answers = await at_once(
        office.post(f"{AT}/accept", json={}),
        office.post(f"{AT}/return", json={"reason": "Sửa."}),
        office.post(f"{AT}/accept", json={}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    report = await read(office, XUAN_HONG)
    assert len(report["decisions"]) == 1
    decided = {"accepted": "accepted", "returned": "returned"}[report["decisions"][0]["action"]]
    assert report["report_status"] == decided


async def test_a_year_generated_twice_at_once_is_made_once(service: Service) -> None:
    office, admin = service.client("coordinator"), service.client("district-admin")
    answers = await at_once(
        *(
            client.post("/reporting-periods/generate", json={"year": 2025})
            for client in (office, admin, office)
        )
    )
    made = sorted(len(seen(answer)["created"]) for answer in answers)
    assert made == [0, 0, 6]


async def test_extensions_given_at_once_follow_each_other(service: Service) -> None:
    office = service.client("coordinator")
    at = f"/obligations/{Q2}/{XUAN_HONG}/extension"
    answers = await at_once(
        *(
            office.put(at, json={"due_date": f"2024-06-{day}", "reason": "Mưa lũ."})
            for day in (18, 20, 19, 20)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    events = await list_events(service, "obligation.extended")
    days = ["2024-06-15", *(event.after["due_date"] for event in events if event.after)]
    assert [event.before for event in events] == [{"due_date": day} for day in days[:-1]]
    found = seen(await office.get(f"/obligations/{Q2}/{XUAN_HONG}"))
    assert found["due_date"] == days[-1]


async def _wait_until_somebody_waits(service: Service) -> None:
    async with service.database.reading() as session:
        for _ in range(100):
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            if await session.scalar(waiting):
                return
            await asyncio.sleep(0.02)
    pytest.fail("nobody waits for a lock")


Ask = Callable[[httpx.AsyncClient, dict[str, Any]], Awaitable[httpx.Response]]

CHANGES: dict[str, Ask] = {
    "draft": lambda client, body: client.put(f"{AT}/draft", json=body, headers={"If-Match": '"1"'}),
    "submit": lambda client, _: client.post(f"{AT}/submit", json={}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_comes_while_a_period_is_being_closed_is_refused(
    service: Service, change: str
) -> None:
    """It waits for the closing, then finds the period closed: nothing is sent after the close."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    closing = service.database.writing()
    await closing.begin()
    await closing.execute(
        text("UPDATE reporting_period SET state = 'closed' WHERE code = :code"), {"code": Q2}
    )
    asking = asyncio.ensure_future(CHANGES[change](commune, saved["draft"]))
    await _wait_until_somebody_waits(service)
    await closing.commit()
    await closing.close()
    answer = await asking
    assert (answer.status_code, Q2 in answer.json()["detail"]) == (409, True)


async def test_a_request_cut_off_anywhere_is_sent_once_by_its_retry(service: Service) -> None:
    """The client goes away before the answer; whether or not it was committed, a retry mends it."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    acknowledged = 0
    for attempt in range(1, 16):
        await draft(commune, XUAN_HONG) if attempt == 1 else None
        key = {"Idempotency-Key": f"attempt {attempt}"}
        asking = asyncio.ensure_future(commune.post(f"{AT}/submit", json={}, headers=key))
        await asyncio.wait({asking}, timeout=attempt * 0.002)
        acknowledged += asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        answer = await commune.post(f"{AT}/submit", json={}, headers=key)
        assert seen(answer)["last_revision"]["number"] == attempt
        assert await revisions(service) == attempt
        seen(await office.post(f"{AT}/return", json={"reason": "Sửa."}))
    assert acknowledged < 15, "some were cut off"
    assert await submissions_recorded(service) == 15


REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.mark.parametrize("table", ["report", "revision", "audit_event"])
async def test_what_was_not_committed_is_not_acknowledged(service: Service, table: str) -> None:
    """The commit comes before the answer: one that fails there never tells of success."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    async with service.database.transaction() as session:
        for statement in REFUSE_AT_COMMIT.format(table=table).split(";\nCREATE"):
            sql = statement if statement.startswith("\nCREATE") else "CREATE" + statement
            await session.execute(text(sql))
    key = {"Idempotency-Key": "k"}
    answer = await commune.post(f"{AT}/submit", json={}, headers=key)
    assert answer.status_code == 500, answer.text
    assert answer.json()["type"] == "/problems/internal-error"
    report = await read(commune, XUAN_HONG)
    assert (report["report_status"], report["draft"]) == ("draft", saved["draft"])
    async with service.database.transaction() as session:
        await session.execute(text(f"DROP TRIGGER refuse_at_commit ON {table}"))
    assert (await submit(commune, XUAN_HONG))["last_revision"]["number"] == 1
