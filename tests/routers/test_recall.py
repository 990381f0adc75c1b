"""A sender recalls a report that no reviewer has opened."""

import asyncio

import pytest
from sqlalchemy import select

from app.models.reports import Revision, RevisionOpening
from tests.conftest import Service
from tests.support.reference_calls import list_events, problem_of
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    submit,
    submit_complete,
    submit_paper,
)
from tests.support.verification import list_findings

REPORT = f"/reports/{Q2}/{XUAN_HONG}"


async def openings(service: Service) -> list[tuple[int, str]]:
    """The number of each opened revision, and who opened it."""
    async with service.database.reading() as session:
        query = select(Revision.number, RevisionOpening.opened_by).join(
            RevisionOpening, RevisionOpening.revision_id == Revision.id
        )
        return [(row[0], row[1]) for row in await session.execute(query.order_by(Revision.id))]


async def findings(service: Service) -> list[str]:
    async with service.database.transaction() as session:
        return await list_findings(session)


async def test_an_unopened_report_becomes_a_draft_and_stays_on_time(service: Service) -> None:
    commune = service.client("xuan-hong")
    sent = await submit_complete(commune, XUAN_HONG, {"DA2.02": 12})
    assert (sent["can_recall"], sent["opened_at"]) == (True, None)
    assert await read(commune, XUAN_HONG) == sent  # its own reading opens nothing
    service.clock.set("2024-06-15 23:00")
    recalled = ok(await commune.post(f"{REPORT}/recall"))
    assert (recalled["report_status"], recalled["can_submit"]) == ("draft", True)
    assert recalled["draft"] == sent["last_revision"]["body"]
    assert (recalled["can_recall"], recalled["version"]) == (False, sent["version"] + 1)
    assert await read(commune, XUAN_HONG) == recalled

    service.clock.set("2024-06-17 08:00")
    late = await read(commune, XUAN_HONG)
    assert (late["timeliness"], late["first_submitted_at"]) == (
        "on_time",
        sent["first_submitted_at"],
    )
    again = await submit_complete(commune, XUAN_HONG, {"DA2.02": 11})
    assert (again["last_revision"]["number"], again["timeliness"]) == (2, "on_time")
    [event] = await list_events(service, "report.recalled")
    assert (event.actor, event.after) == ("xuan-hong", {"status": "draft", "revision": 1})
    assert await findings(service) == []


async def test_what_a_reviewer_has_opened_stays_sent(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    sent = await submit_complete(commune, XUAN_HONG)
    for reader in ("vice-chairman", "province", "district-admin"):
        await service.client(reader).get(REPORT)
    assert await openings(service) == []
    opened = await read(office, XUAN_HONG)
    assert opened["opened_at"] == "2024-06-10T08:00:00+07:00"
    assert (opened["can_recall"], opened["version"]) == (False, sent["version"])
    await read(office, XUAN_HONG)
    assert await openings(service) == [(1, "coordinator")]
    assert len(await list_events(service, "report.opened")) == 1
    refused = await commune.post(f"{REPORT}/recall")
    assert problem_of(refused) == (409, "state-conflict")
    assert "đã mở xem" in refused.json()["detail"]
    # The next revision is not opened yet. Recalled, it is what it was before: returned.
    await review(office, "return", XUAN_HONG, reason="Sửa.", correction_due="2024-06-20")
    again = await submit(commune, XUAN_HONG)
    assert (again["can_recall"], again["opened_at"]) == (True, None)
    recalled = ok(await commune.post(f"{REPORT}/recall"))
    assert (recalled["report_status"], recalled["correction_due"]) == ("returned", "2024-06-20")
    assert await read(commune, XUAN_HONG) == recalled
    assert await findings(service) == []


@pytest.mark.parametrize("path", ["/revisions", "/revisions/1"])
async def test_reading_a_revision_opens_it(service: Service, path: str) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)
    ok(await commune.get(REPORT + path))
    assert await openings(service) == []
    ok(await office.get(REPORT + path))
    assert await openings(service) == [(1, "coordinator")]


async def test_only_what_is_sent_can_be_recalled_by_its_sender(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    assert problem_of(await commune.post(f"{REPORT}/recall")) == (409, "state-conflict")
    await draft(commune, XUAN_HONG)
    assert problem_of(await commune.post(f"{REPORT}/recall")) == (409, "state-conflict")
    await submit(commune, XUAN_HONG)
    assert problem_of(await office.post(f"{REPORT}/recall")) == (409, "state-conflict")
    stale = await commune.post(f"{REPORT}/recall", headers={"If-Match": '"1"'})
    assert problem_of(stale) == (412, "stale")
    assert problem_of(await commune.post(f"/reports/{Q2}/{BAC_LUONG}/recall"))[0] == 404
    await submit_paper(service, BAC_LUONG, received_at=service.clock.now().replace(hour=7))
    entered = ok(await office.post(f"/reports/{Q2}/{BAC_LUONG}/recall"))
    assert entered["report_status"] == "draft"
    assert entered["draft"] is not None


async def test_a_closed_period_takes_nothing_back_that_could_not_be_sent_again(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)
    ok(await office.post(f"/reporting-periods/{Q2}/close", headers={"If-Match": "*"}))
    assert (await read(commune, XUAN_HONG))["can_recall"] is False
    assert problem_of(await commune.post(f"{REPORT}/recall")) == (409, "state-conflict")


async def test_a_recall_and_an_opening_exclude_each_other(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    for _ in range(5):
        await submit_complete(commune, XUAN_HONG)
        recalled, opened = await asyncio.gather(
            commune.post(f"{REPORT}/recall"), office.get(REPORT)
        )
        was_opened = ok(opened)["report_status"] == "submitted"
        assert recalled.status_code == (409 if was_opened else 200)
        if was_opened:
            await review(office, "return", XUAN_HONG, reason="Sửa.")


async def test_a_recall_and_an_acceptance_exclude_each_other(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    for _ in range(5):
        await submit_complete(commune, XUAN_HONG)
        recalled, accepted = await asyncio.gather(
            commune.post(f"{REPORT}/recall"), office.post(f"{REPORT}/accept")
        )
        assert {recalled.status_code, accepted.status_code} == {200, 409}
        if accepted.status_code == 200:
            await review(office, "reopen", XUAN_HONG, note="Sửa.")
    assert await findings(service) == []


async def test_a_recall_changes_no_aggregate(service: Service) -> None:
    commune, viewer = service.client("xuan-hong"), service.client("vice-chairman")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12})
    question = f"/aggregates/indicators?period={Q2}&basis=submitted"
    before = await viewer.get(question)
    service.clock.advance(minutes=1)
    ok(await commune.post(f"{REPORT}/recall"))
    after = await viewer.get(question)
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])
