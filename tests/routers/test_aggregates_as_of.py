"""An aggregate as of an instant: the same question has the same answer for ever."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.services.accounts import principals
from app.services.audit import ledger
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
    review,
    seen,
    send,
    send_paper,
)

QUESTIONS: list[tuple[str, dict[str, str]]] = [
    (what, {"period": Q2} | more)
    for what in ("indicators", "budget-execution", "timeliness")
    for more in (
        {"basis": "accepted"},
        {"basis": "submitted"},
        {"basis": "submitted", "agency": XUAN_HONG},
    )
]


class Notebook:
    """Answers that were given, to be asked for again."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._given: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    async def ask(self) -> None:
        """Ask everything now, and keep the answers."""
        for what, question in QUESTIONS:
            answer = seen(await self._client.get(f"/aggregates/{what}", params=question))
            self._given.append((what, question | {"as_of": answer["as_of"]}, answer))

    async def see_that_all_still_stand(self, fresh: int | None = None) -> None:
        """Ask every question (or of the freshest) again as of its instant."""
        for what, question, answer in self._given[-fresh if fresh else 0 :]:
            again = seen(await self._client.get(f"/aggregates/{what}", params=question))
            assert again == answer, (what, question)

    def different(self) -> int:
        """How many answers differ in more than their instant."""
        return len({str(answer | {"as_of": None}) for *_, answer in self._given})


async def _patch(client: httpx.AsyncClient, at: str, **changes: Any) -> None:
    tag = (await client.get(at)).headers["ETag"]
    seen(await client.patch(at, json=changes, headers={"If-Match": tag}))


async def test_the_same_question_has_the_same_answer_for_ever(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    notebook = Notebook(office)
    reporters = seen(await office.get("/schedules/quarterly"))["reporters"]

    async def happen(what: Any) -> None:
        service.clock.advance(minutes=1)
        await what
        await notebook.see_that_all_still_stand(len(QUESTIONS))
        await notebook.ask()

    await notebook.ask()
    await happen(send(commune, XUAN_HONG, {"DA2.02": 5}, [money("DA2", 7)]))
    await happen(review(office, "return", XUAN_HONG, reason="Sửa."))
    await happen(send(commune, XUAN_HONG, {"DA2.02": 6}, [money("DA2", 8)]))
    await happen(review(office, "accept", XUAN_HONG))
    await happen(review(office, "reopen", XUAN_HONG, note="Sửa."))
    extension = {"due_date": "2024-06-20", "reason": "Mưa lũ."}
    await happen(office.put(f"/obligations/{Q2}/15505/extension", json=extension))
    await happen(office.put(f"/obligations/{Q2}/15508/exemption", json={"reason": "Miễn."}))
    await happen(office.delete(f"/obligations/{Q2}/15508/exemption"))
    line = {
        "project": "DA2",
        "agency": XUAN_HONG,
        "source": "central",
        "origin": "current_year",
        "amount_vnd": 500_000_000,
    }
    await happen(office.post("/budgets", json=line))
    service.clock.set("2024-06-17 08:00")
    await happen(send_paper(service, BAC_LUONG, received_at=datetime(2024, 6, 11, tzinfo=LOCAL)))
    await happen(_patch(office, "/schedules/quarterly", reporters=[*reporters, "395-TCKH"]))
    await happen(office.post("/reporting-periods/generate", json={"year": 2024}))
    await happen(_patch(office, "/plans/tho-xuan-2024", due_soon_days=1))
    await happen(office.post(f"/reporting-periods/{Q2}/close"))
    await notebook.see_that_all_still_stand()
    assert notebook.different() > 20, "the answers change, only not afterwards"


async def test_what_was_due_soon_is_judged_by_the_notice_of_that_time(service: Service) -> None:
    office = service.client("coordinator")
    question = {"period": Q2, "as_of": "2024-06-10T08:00:00+07:00"}
    before = seen(await office.get("/aggregates/timeliness", params=question))
    assert before["counts"] == {"due_soon": 35}
    for days in (2, 30):
        service.clock.advance(days=1)
        await _patch(office, "/plans/tho-xuan-2024", due_soon_days=days)
        assert seen(await office.get("/aggregates/timeliness", params=question)) == before
    service.clock.set("2024-06-10 08:00")


async def test_an_instant_after_now_is_refused(service: Service) -> None:
    office = service.client("coordinator")
    for what in ("indicators", "budget-execution", "timeliness"):
        for as_of, status in (
            ("2024-06-10T08:00:00+07:00", 200),
            ("2024-06-10T01:00:00Z", 200),
            ("2024-06-10T08:00:00.000001+07:00", 422),
            ("2030-01-01T00:00:00+07:00", 422),
            ("2024-06-10T08:00:00", 422),
        ):
            question = {"period": Q2, "as_of": as_of}
            answer = await office.get(f"/aggregates/{what}", params=question)
            assert answer.status_code == status, as_of
    assert answer.json()["type"] == "/problems/validation-failed"
    question = {"period": Q2, "as_of": "2024-06-10T08:00:00.000001+07:00"}
    answer = await office.get("/aggregates/indicators", params=question)
    assert answer.json()["type"] == "/problems/not-settled"


async def test_a_bare_plus_of_an_address_is_read_as_one(service: Service) -> None:
    office = service.client("coordinator")
    at = f"/aggregates/indicators?period={Q2}&as_of="
    meant = seen(await office.get(f"{at}2024-06-10T07:03:30%2B07:00"))
    for written, status in (
        ("2024-06-10T07:03:30+07:00", 200),
        ("2024-06-10T07:03:30%2007:00", 200),
        ("2024-06-10T07:03:30.000000+07:00", 200),
        ("2024-06-10T07:03:30", 422),
        ("2024-06-10+07:03", 422),
        ("2024-06-10+07:03:30", 422),
        ("2024-06-10T07:03:30++07:00", 422),
        ("2024-06-10T07:03:30+07:00+", 422),
    ):
        answer = await office.get(f"{at}{written}")
        assert answer.status_code == status, written
        assert status != 200 or answer.json() == meant
    early = seen(await office.get("/audit-events?until=2024-04-01T08:00:00+07:00"))
    assert early["items"] == []


async def test_a_blank_in_a_body_is_no_plus(service: Service) -> None:
    answer = await service.client("coordinator").post(
        f"/reports/{Q2}/{BAC_LUONG}/submit", json={"received_at": "2024-06-10T07:00:00 07:00"}
    )
    assert [error["pointer"] for error in seen(answer, 422)["errors"]] == ["/received_at"]


async def test_an_instant_before_everything_knows_nothing_yet(service: Service) -> None:
    await send(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5}, [money("DA2", 7)])
    office = service.client("coordinator")
    question = {"period": Q2, "basis": "submitted", "as_of": "2024-01-01T00:00:00+07:00"}
    early = seen(await office.get("/aggregates/indicators", params=question))
    assert {row["value"] for row in early["rows"]} == {None}
    assert (early["coverage"]["expected"], early["coverage"]["submitted"]) == (35, 0)
    early = seen(await office.get("/aggregates/budget-execution", params=question))
    assert early["total"]["allocated_vnd"] == early["total"]["disbursed_vnd"] == 0


async def _submit_without_committing(
    session: AsyncSession, agency: str, person: str, now: datetime
) -> None:
    """Submit by the service's own function, in a transaction of the test."""
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


async def _value(client: httpx.AsyncClient, **question: str) -> tuple[Any, str]:
    asked = {"period": Q2, "basis": "submitted"} | question
    answer = seen(await client.get("/aggregates/indicators", params=asked))
    row = next(row for row in answer["rows"] if row["indicator"] == "DA2.02")
    return row["value"], answer["as_of"]


async def test_commits_in_another_order_than_their_clocks_change_no_answer(
    service: Service,
) -> None:
    """The one whose clock is behind commits last: its instant comes after what was answered."""
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
        value, as_of = await _value(office)
        assert value == 70

        await _submit_without_committing(slow, XUAN_HONG, "xuan-hong", behind)
        assert await _value(office) == (70, as_of), "nothing of what is not committed"
    assert await _value(office, as_of=as_of) == (70, as_of)
    assert (await _value(office))[0] == 75


async def test_an_instant_during_a_commit_waits_for_it(service: Service) -> None:
    """Asked for an instant past a change that is under way, the answer has that change."""
    office = service.client("coordinator")
    await draft(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    started = service.clock.now()
    service.clock.advance(seconds=5)
    between = (started + timedelta(seconds=2)).isoformat()
    async with service.database.transaction() as under_way:
        await _submit_without_committing(under_way, XUAN_HONG, "xuan-hong", started)
        asking = asyncio.create_task(_value(office, as_of=between))
        done, _ = await asyncio.wait({asking}, timeout=0.3)
        assert not done, "not settled while an earlier change can still be committed"
    value, as_of = await asking
    assert (value, datetime.fromisoformat(as_of).isoformat()) == (5, between)
    assert await _value(office, as_of=between) == (5, as_of)


async def test_an_instant_once_answered_gets_no_more_changes(service: Service) -> None:
    """Whoever commits after an instant was answered gets a later one, whatever its clock says."""
    office = service.client("coordinator")
    await draft(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    behind = service.clock.now()
    service.clock.advance(seconds=5)
    asked = service.clock.now().isoformat()
    before = await _value(office, as_of=asked)
    assert before[0] is None
    async with service.database.transaction() as session:
        await _submit_without_committing(session, XUAN_HONG, "xuan-hong", behind)
    assert await _value(office, as_of=asked) == before
    assert (await _value(office))[0] == 5
    async with service.database.transaction() as session:
        assert await ledger.list_broken_links(session) == []
