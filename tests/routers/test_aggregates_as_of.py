"""Aggregates as of an instant: later changes do not alter the answer to a query."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.services.accounts import principals
from app.services.audit.action import Action
from app.services.periods import obligations
from app.services.periods.obligations import ReportKey
from app.services.reports import submission
from app.services.reports.idempotency import IdempotentRequest
from tests.conftest import Service
from tests.support.accounts import token_of
from tests.support.report_bodies import money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    review,
    submit_complete,
    submit_paper,
)
from tests.support.verification import list_findings

QUERIES: list[tuple[str, dict[str, str]]] = [
    (kind, {"period": Q2} | more)
    for kind in ("indicators", "budget-execution", "timeliness")
    for more in (
        {"basis": "accepted"},
        {"basis": "submitted"},
        {"basis": "submitted", "agency": XUAN_HONG},
    )
]


class AnswerLog:
    """Answers that are kept and compared with those to the repeated queries."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._answers: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    async def record(self) -> None:
        """Run all queries now and keep the answers."""
        for kind, query in QUERIES:
            answer = ok(await self._client.get(f"/aggregates/{kind}", params=query))
            self._answers.append((kind, query | {"as_of": answer["as_of"]}, answer))

    async def assert_unchanged(self, latest: int | None = None) -> None:
        """Repeat all queries, or the latest ones, as of the instants of their answers."""
        for kind, query, answer in self._answers[-latest if latest else 0 :]:
            again = ok(await self._client.get(f"/aggregates/{kind}", params=query))
            assert again == answer, (kind, query)

    def count_distinct(self) -> int:
        """The number of answers that differ in more than their instant."""
        return len({str(answer | {"as_of": None}) for *_, answer in self._answers})


async def _patch(client: httpx.AsyncClient, path: str, **changes: Any) -> None:
    tag = (await client.get(path)).headers["ETag"]
    ok(await client.patch(path, json=changes, headers={"If-Match": tag}))


async def test_later_changes_do_not_alter_an_earlier_answer(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    log = AnswerLog(office)
    reporters = ok(await office.get("/schedules/quarterly"))["reporters"]

    async def apply(change: Any) -> None:
        """Make a change and check that it leaves the latest answers unchanged."""
        service.clock.advance(minutes=1)
        await change
        await log.assert_unchanged(len(QUERIES))
        await log.record()

    await log.record()
    await apply(submit_complete(commune, XUAN_HONG, {"DA2.02": 5}, [money("DA2", 7)]))
    await apply(review(office, "return", XUAN_HONG, reason="Sửa."))
    await apply(submit_complete(commune, XUAN_HONG, {"DA2.02": 6}, [money("DA2", 8)]))
    await apply(review(office, "accept", XUAN_HONG))
    await apply(review(office, "reopen", XUAN_HONG, note="Sửa."))
    extension = {"due_date": "2024-06-20", "reason": "Mưa lũ."}
    await apply(office.put(f"/obligations/{Q2}/15505/extension", json=extension))
    await apply(office.put(f"/obligations/{Q2}/15508/exemption", json={"reason": "Miễn."}))
    await apply(office.delete(f"/obligations/{Q2}/15508/exemption"))
    budget_line = {
        "project": "DA2",
        "agency": XUAN_HONG,
        "source": "central",
        "origin": "current_year",
        "amount_vnd": 500_000_000,
    }
    await apply(office.post("/budgets", json=budget_line))
    service.clock.set("2024-06-17 08:00")
    await apply(submit_paper(service, BAC_LUONG, received_at=datetime(2024, 6, 11, tzinfo=LOCAL)))
    await apply(_patch(office, "/schedules/quarterly", reporters=[*reporters, "395-TCKH"]))
    await apply(office.post("/reporting-periods/generate", json={"year": 2024}))
    await apply(_patch(office, "/plans/tho-xuan-2024", due_soon_days=1))
    await apply(office.post(f"/reporting-periods/{Q2}/close"))
    await log.assert_unchanged()
    assert log.count_distinct() > 20, "the changes alter later answers"


async def test_due_soon_is_judged_by_the_setting_in_force_at_the_instant(service: Service) -> None:
    office = service.client("coordinator")
    query = {"period": Q2, "as_of": "2024-06-10T08:00:00+07:00"}
    before = ok(await office.get("/aggregates/timeliness", params=query))
    assert before["counts"] == {"due_soon": 35}
    for days in (2, 30):
        service.clock.advance(days=1)
        await _patch(office, "/plans/tho-xuan-2024", due_soon_days=days)
        assert ok(await office.get("/aggregates/timeliness", params=query)) == before


async def test_an_instant_after_now_is_rejected(service: Service) -> None:
    office = service.client("coordinator")
    for kind in ("indicators", "budget-execution", "timeliness"):
        for as_of, status in (
            ("2024-06-10T08:00:00+07:00", 200),
            ("2024-06-10T01:00:00Z", 200),
            ("2024-06-10T08:00:00.000001+07:00", 422),
            ("2030-01-01T00:00:00+07:00", 422),
            ("2024-06-10T08:00:00", 422),
        ):
            query = {"period": Q2, "as_of": as_of}
            answer = await office.get(f"/aggregates/{kind}", params=query)
            assert answer.status_code == status, as_of
    assert answer.json()["type"] == "/problems/validation-failed"
    query = {"period": Q2, "as_of": "2024-06-10T08:00:00.000001+07:00"}
    answer = await office.get("/aggregates/indicators", params=query)
    assert answer.json()["type"] == "/problems/not-settled"


async def test_an_unencoded_plus_in_an_instant_is_read_as_a_plus(service: Service) -> None:
    office = service.client("coordinator")
    path = f"/aggregates/indicators?period={Q2}&as_of="
    expected = ok(await office.get(f"{path}2024-06-10T07:03:30%2B07:00"))
    for as_of, status in (
        ("2024-06-10T07:03:30+07:00", 200),
        ("2024-06-10T07:03:30%2007:00", 200),
        ("2024-06-10T07:03:30.000000+07:00", 200),
        ("2024-06-10T07:03:30", 422),
        ("2024-06-10+07:03", 422),
        ("2024-06-10+07:03:30", 422),
        ("2024-06-10T07:03:30++07:00", 422),
        ("2024-06-10T07:03:30+07:00+", 422),
    ):
        answer = await office.get(f"{path}{as_of}")
        assert answer.status_code == status, as_of
        assert status != 200 or answer.json() == expected
    early = ok(await office.get("/audit-events?until=2024-04-01T08:00:00+07:00"))
    assert early["items"] == []


async def test_a_space_in_a_body_is_not_read_as_a_plus(service: Service) -> None:
    answer = await service.client("coordinator").post(
        f"/reports/{Q2}/{BAC_LUONG}/submit", json={"received_at": "2024-06-10T07:00:00 07:00"}
    )
    assert [error["pointer"] for error in ok(answer, 422)["errors"]] == ["/received_at"]


async def test_an_instant_before_all_changes_has_no_figures(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5}, [money("DA2", 7)])
    office = service.client("coordinator")
    query = {"period": Q2, "basis": "submitted", "as_of": "2024-01-01T00:00:00+07:00"}
    early = ok(await office.get("/aggregates/indicators", params=query))
    assert {row["value"] for row in early["rows"]} == {None}
    assert (early["coverage"]["expected"], early["coverage"]["submitted"]) == (35, 0)
    early = ok(await office.get("/aggregates/budget-execution", params=query))
    assert early["total"]["allocated_vnd"] == early["total"]["disbursed_vnd"] == 0


async def _submit_without_committing(
    session: AsyncSession, agency: str, person: str, now: datetime
) -> None:
    """Submit with the service function, in the test's own transaction."""
    principal = await principals.authenticate(session, token_of(person), now)
    assert principal is not None
    await submission.submit(
        session,
        Action(principal, now),
        ReportKey(Q2, agency),
        IdempotentRequest(None, ""),
        warnings_note=None,
        received_at=None,
        check_version=lambda _: None,
    )


async def _value_and_as_of(client: httpx.AsyncClient, **query: str) -> tuple[Any, str]:
    parameters = {"period": Q2, "basis": "submitted"} | query
    answer = ok(await client.get("/aggregates/indicators", params=parameters))
    row = next(row for row in answer["rows"] if row["indicator"] == "DA2.02")
    return row["value"], answer["as_of"]


async def test_commits_out_of_clock_order_do_not_alter_an_answer(
    service: Service,
) -> None:
    """The transaction with the earlier clock commits last and gets the later instant."""
    office = service.client("coordinator")
    await draft(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    await draft(service.client("bac-luong"), BAC_LUONG, {"DA2.02": 70})
    behind, ahead = service.clock.now(), service.clock.now() + timedelta(seconds=5)
    async with service.database.transaction() as slow:
        principal = await principals.authenticate(slow, token_of("xuan-hong"), behind)
        assert principal is not None
        await obligations.get(slow, principal, ReportKey(Q2, XUAN_HONG), lock=True)

        async with service.database.transaction() as fast:
            await _submit_without_committing(fast, BAC_LUONG, "bac-luong", ahead)
        service.clock.instant = ahead + timedelta(seconds=1)
        value, as_of = await _value_and_as_of(office)
        assert value == 70

        await _submit_without_committing(slow, XUAN_HONG, "xuan-hong", behind)
        assert await _value_and_as_of(office) == (70, as_of), "an uncommitted change is not visible"
    assert await _value_and_as_of(office, as_of=as_of) == (70, as_of)
    assert (await _value_and_as_of(office))[0] == 75


async def test_an_aggregate_waits_for_earlier_uncommitted_changes(service: Service) -> None:
    """The answer for an instant after an uncommitted change includes that change."""
    office = service.client("coordinator")
    await draft(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    started = service.clock.now()
    service.clock.advance(seconds=5)
    between = (started + timedelta(seconds=2)).isoformat()
    async with service.database.transaction() as session:
        await _submit_without_committing(session, XUAN_HONG, "xuan-hong", started)
        request = asyncio.create_task(_value_and_as_of(office, as_of=between))
        done, _ = await asyncio.wait({request}, timeout=0.3)
        assert not done, "not settled while an earlier change can still be committed"
    value, as_of = await request
    assert (value, datetime.fromisoformat(as_of).isoformat()) == (5, between)
    assert await _value_and_as_of(office, as_of=between) == (5, as_of)


async def test_a_commit_after_an_answer_gets_a_later_instant(service: Service) -> None:
    """This also holds if the clock of the committing transaction is behind."""
    office = service.client("coordinator")
    await draft(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    behind = service.clock.now()
    service.clock.advance(seconds=5)
    as_of = service.clock.now().isoformat()
    before = await _value_and_as_of(office, as_of=as_of)
    assert before[0] is None
    async with service.database.transaction() as session:
        await _submit_without_committing(session, XUAN_HONG, "xuan-hong", behind)
    assert await _value_and_as_of(office, as_of=as_of) == before
    assert (await _value_and_as_of(office))[0] == 5
    async with service.database.transaction() as session:
        assert await list_findings(session) == []


async def test_an_instant_before_the_plan_is_refused(service: Service) -> None:
    client = service.client("coordinator")
    for kind in ("indicators", "budget-execution", "timeliness"):
        query = {"period": Q2, "as_of": "1900-01-01T00:00:00Z"}
        answer = await client.get(f"/aggregates/{kind}", params=query)
        (error,) = ok(answer, 422)["errors"]
        assert (error["in"], error["pointer"]) == ("query", "/as_of")
        assert error["code"] == "before_the_plan"
