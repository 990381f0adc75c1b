"""Concurrent requests: one succeeds, the others are rejected, and no effect happens twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app.models.audit_events import AuditEvent
from app.models.reports import Revision
from tests.conftest import Service
from tests.support.reference_calls import change, list_events
from tests.support.report_bodies import complete_body
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok, read, submit, submit_complete

REPORT = f"/reports/{Q2}/{XUAN_HONG}"


async def concurrently(*requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*requests))


async def count_revisions(service: Service) -> int:
    async with service.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Revision)) or 0


async def count_submission_events(service: Service) -> int:
    async with service.database.reading() as session:
        query = select(func.count()).where(AuditEvent.action == "report.submitted")
        return await session.scalar(query) or 0


async def test_concurrent_submissions_of_one_draft_create_one_revision(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    paper = {"received_at": "2024-06-10T07:00:00+07:00"}
    answers = await concurrently(
        commune.post(f"{REPORT}/submit", json={}),
        office.post(f"{REPORT}/submit", json=paper),
        commune.post(f"{REPORT}/submit", json={}, headers={"Idempotency-Key": "a"}),
        commune.post(f"{REPORT}/submit", json={}, headers={"Idempotency-Key": "b"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await count_revisions(service), await count_submission_events(service)) == (1, 1)


async def test_concurrent_retries_with_one_key_submit_once_and_get_one_answer(
    service: Service,
) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "same key"}
    answers = await concurrently(
        *(commune.post(f"{REPORT}/submit", json={}, headers=key) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.content, answer.headers["ETag"]) for answer in answers}) == 1
    assert (await count_revisions(service), await count_submission_events(service)) == (1, 1)


async def test_concurrent_drafts_over_one_version_keep_one(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    report = await read(commune, XUAN_HONG)
    for _ in range(2):  # without an earlier draft, then over one
        tag = (await commune.get(REPORT)).headers["ETag"]
        bodies = [complete_body(report, {"DA2.02": value}) for value in (1, 2)]
        answers = await concurrently(
            *(
                client.put(f"{REPORT}/draft", json=body, headers={"If-Match": tag})
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
    aggregate = f"/aggregates/indicators?period={Q2}"
    before = await office.get(aggregate)
    service.clock.advance(minutes=1)
    await draft(commune, XUAN_HONG)
    service.clock.advance(minutes=1)
    async with service.database.transaction() as session:
        await session.execute(text("SELECT FROM ledger FOR UPDATE"))
        async with asyncio.timeout(5):
            await draft(commune, XUAN_HONG, {"DA2.02": 3})
    after = await office.get(aggregate)
    assert after.json() == before.json(), "as_of included"
    assert after.headers["ETag"] == before.headers["ETag"]


async def test_concurrent_decisions_on_a_report_take_only_one(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    answers = await concurrently(
        office.post(f"{REPORT}/accept", json={}),
        office.post(f"{REPORT}/return", json={"reason": "Sửa."}),
        office.post(f"{REPORT}/accept", json={}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    report = await read(office, XUAN_HONG)
    assert [each["action"] for each in report["decisions"]] == [report["report_status"]]


async def test_concurrent_generation_of_a_year_creates_its_periods_once(service: Service) -> None:
    office, admin = service.client("coordinator"), service.client("district-admin")
    answers = await concurrently(
        *(
            client.post("/reporting-periods/generate", json={"year": 2025})
            for client in (office, admin, office)
        )
    )
    created_counts = sorted(len(ok(answer)["created"]) for answer in answers)
    assert created_counts == [0, 0, 6]


async def test_concurrent_extensions_are_applied_one_after_another(service: Service) -> None:
    office = service.client("coordinator")
    path = f"/obligations/{Q2}/{XUAN_HONG}/extension"
    answers = await concurrently(
        *(
            office.put(path, json={"due_date": f"2024-06-{day}", "reason": "Mưa lũ."})
            for day in (18, 20, 19, 20)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    events = await list_events(service, "obligation.extended")
    days = ["2024-06-15", *(event.after["due_date"] for event in events if event.after)]
    assert [event.before for event in events] == [{"due_date": day} for day in days[:-1]]
    obligation = ok(await office.get(f"/obligations/{Q2}/{XUAN_HONG}"))
    assert obligation["due_date"] == days[-1]


async def _wait_for_a_blocked_session(service: Service) -> None:
    async with service.database.reading() as session:
        for _ in range(100):
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            if await session.scalar(waiting):
                return
            await asyncio.sleep(0.02)
    pytest.fail("no session waits for a lock")


SendChange = Callable[[httpx.AsyncClient, dict[str, Any]], Awaitable[httpx.Response]]

CHANGES: dict[str, SendChange] = {
    "draft": lambda client, body: client.put(
        f"{REPORT}/draft", json=body, headers={"If-Match": '"1"'}
    ),
    "submit": lambda client, _: client.post(f"{REPORT}/submit", json={}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_during_the_closing_of_a_period_is_rejected(
    service: Service, change: str
) -> None:
    """The change waits for the closing transaction, then finds the period closed."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    closing = service.database.writing()
    await closing.begin()
    await closing.execute(
        text("UPDATE reporting_period SET state = 'closed' WHERE code = :code"), {"code": Q2}
    )
    request = asyncio.ensure_future(CHANGES[change](commune, saved["draft"]))
    await _wait_for_a_blocked_session(service)
    await closing.commit()
    await closing.close()
    answer = await request
    assert (answer.status_code, Q2 in answer.json()["detail"]) == (409, True)


async def test_a_retry_after_a_cancelled_request_submits_once(service: Service) -> None:
    """The client disconnects before the answer, either before or after the commit."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    acknowledged = 0
    for attempt in range(1, 16):
        await draft(commune, XUAN_HONG) if attempt == 1 else None
        key = {"Idempotency-Key": f"attempt {attempt}"}
        request = asyncio.ensure_future(commune.post(f"{REPORT}/submit", json={}, headers=key))
        await asyncio.wait({request}, timeout=attempt * 0.002)
        acknowledged += request.done()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        answer = await commune.post(f"{REPORT}/submit", json={}, headers=key)
        assert ok(answer)["last_revision"]["number"] == attempt
        assert await count_revisions(service) == attempt
        ok(await office.post(f"{REPORT}/return", json={"reason": "Sửa."}))
    assert acknowledged < 15, "at least one request has to be cancelled"
    assert await count_submission_events(service) == 15


REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.mark.parametrize("table", ["report", "revision", "audit_event"])
async def test_a_failed_commit_is_not_acknowledged(service: Service, table: str) -> None:
    """The answer is sent after the commit, so a failed commit gives an error."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG)
    async with service.as_owner() as session:
        for statement in REFUSE_AT_COMMIT.format(table=table).split(";\nCREATE"):
            sql = statement if statement.startswith("\nCREATE") else "CREATE" + statement
            await session.execute(text(sql))
    key = {"Idempotency-Key": "k"}
    answer = await commune.post(f"{REPORT}/submit", json={}, headers=key)
    assert answer.status_code == 500, answer.text
    assert answer.json()["type"] == "/problems/internal-error"
    report = await read(commune, XUAN_HONG)
    assert (report["report_status"], report["draft"]) == ("draft", saved["draft"])
    async with service.as_owner() as session:
        await session.execute(text(f"DROP TRIGGER refuse_at_commit ON {table}"))
    assert (await submit(commune, XUAN_HONG))["last_revision"]["number"] == 1


async def _open_period(service: Service) -> httpx.Response:
    return await service.client("coordinator").post(f"/reporting-periods/{Q2}/open")


async def _move_periods(service: Service) -> httpx.Response:
    body = {"day": 17, "move_open_periods": True}
    return await change(service.client("coordinator"), "/schedules/quarterly", body)


@pytest.mark.parametrize(
    ("state", "send", "changed"),
    [
        ("closed", _open_period, {"state": "open"}),
        ("open", _move_periods, {"due_date": "2024-06-17"}),
    ],
    ids=["open", "move"],
)
async def test_a_change_of_a_period_waits_for_a_submission_and_does_not_block_it(
    service: Service,
    state: str,
    send: Callable[[Service], Awaitable[httpx.Response]],
    changed: dict[str, str],
) -> None:
    """Both lock the obligation first, so neither waits for what the other has."""
    async with service.database.transaction() as session:
        update = text("UPDATE reporting_period SET state = :state")
        await session.execute(update, {"state": state})
        await session.execute(text("UPDATE obligation SET reopened = true"))
    submission = service.database.writing()
    await submission.begin()
    of_q2 = "period_id = (SELECT id FROM reporting_period WHERE code = :code)"
    lock = f"SELECT FROM obligation WHERE {of_q2} FOR NO KEY UPDATE"
    await submission.execute(text(lock), {"code": Q2})
    request = asyncio.ensure_future(send(service))
    await _wait_for_a_blocked_session(service)
    assert not request.done()
    lock = "SELECT FROM reporting_period WHERE code = :code FOR SHARE"
    await submission.execute(text(lock), {"code": Q2})
    await submission.commit()
    await submission.close()
    ok(await request)
    period = ok(await service.client("coordinator").get(f"/reporting-periods/{Q2}"))
    assert period.items() >= changed.items()
