"""Sums over several plans while others write: the same question has the same answer for ever."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import permutations
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.accounts import principals
from app.services.audit.action import FRESH_SECONDS, Action
from app.services.audit.settlement import MARGIN, SETTLED_AFTER, settled_in_all_plans
from app.services.periods.obligations import ReportKey
from app.services.reports import submission
from app.services.reports.idempotency import IdempotentRequest
from tests.conftest import PLAN_IN_FORCE, Service
from tests.support.accounts import NEIGHBOURS, add_people, token_of
from tests.support.reference_calls import add_neighbour, problem_of
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, draft, ok, submit_complete
from tests.test_query_counts import recorded_statements

KINDS = ("indicators", "budget-execution", "timeliness")
NEIGHBOUR = "15901"
REPORTERS = {"xuan-hong": XUAN_HONG, "neighbour-reporter": NEIGHBOUR}
RECORD_LATE = """
SELECT record_event(id, CAST(:now AS timestamptz), 'x', 'x.late', 'x', NULL, NULL, NULL, NULL)
FROM plan, (SELECT pg_sleep(5.2)) AS waited WHERE code = 'tho-xuan-2024'
"""


@pytest.fixture
async def districts(service: Service) -> Service:
    """Two districts, each with one report that is drafted."""
    await add_neighbour(service)
    async with service.database.transaction() as session:
        await add_people(session, PLAN_IN_FORCE, NEIGHBOURS)
    await submit_complete(service.client("bac-luong"), BAC_LUONG, {"DA2.02": 1})
    service.clock.advance(minutes=5)
    for person, agency in REPORTERS.items():
        await draft(service.client(person), agency, {"DA2.02": len(person)})
    return service


class Answers:
    """Answers over all plans, kept to be asked for again."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._kept: list[tuple[str, dict[str, Any]]] = []

    async def ask(self) -> dict[str, dict[str, Any]]:
        """Ask for each kind now, without an instant."""
        answers = {kind: await self._get(kind) for kind in KINDS}
        self._kept += answers.items()
        return answers

    async def assert_unchanged(self) -> None:
        """Ask for each answer again as of its instant, and for that of each plan."""
        for kind, answer in self._kept:
            assert await self._get(kind, as_of=answer["as_of"]) == answer
            if kind == "indicators":
                total = 0
                for plan in answer["plans"]:
                    alone = await self._get(kind, plan=plan, as_of=answer["as_of"])
                    total += households(alone)
                assert households(answer) == total

    async def _get(self, kind: str, **query: str) -> dict[str, Any]:
        parameters = {"period": Q2, "basis": "submitted"} | query
        answer: dict[str, Any] = ok(
            await self._client.get(f"/aggregates/{kind}", params=parameters)
        )
        return answer


def households(aggregate: dict[str, Any]) -> int:
    """The sum of DA2.02."""
    return sum(row["value"] or 0 for row in aggregate["rows"] if row["indicator"] == "DA2.02")


async def submit_in(session: AsyncSession, person: str, now: datetime) -> None:
    """Submit in a transaction that the test commits."""
    principal = await principals.authenticate(session, token_of(person), now)
    assert principal is not None
    await submission.submit(
        session,
        Action(principal, now),
        ReportKey(Q2, REPORTERS[person]),
        IdempotentRequest(None, ""),
        warnings_note=None,
        received_at=None,
        check_version=lambda _: None,
    )


ORDERS = [
    order
    for order in permutations(["record 0", "record 1", "commit 0", "commit 1"])
    if all(order.index(f"record {n}") < order.index(f"commit {n}") for n in (0, 1))
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
@pytest.mark.parametrize("behind", [0, 4])
async def test_interleaved_commits_do_not_alter_an_answer(
    districts: Service, order: tuple[str, ...], behind: int
) -> None:
    """One district's clock is behind; a minute passes between the steps."""
    answers = Answers(districts.client("province"))
    async with AsyncExitStack() as open_sessions:
        sessions = [
            await open_sessions.enter_async_context(districts.database.writing()) for _ in (0, 1)
        ]
        await answers.ask()
        for step in order:
            verb, number = step.split()
            if verb == "record":
                person = list(REPORTERS)[int(number)]
                now = districts.clock.now() - timedelta(seconds=behind * int(number))
                await submit_in(sessions[int(number)], person, now)
            else:
                await sessions[int(number)].commit()
            await answers.ask()
            districts.clock.advance(minutes=1)
            await answers.ask()
            await answers.assert_unchanged()
    last = await answers.ask()
    assert households(last["indicators"]) == 1 + sum(len(person) for person in REPORTERS)
    await answers.assert_unchanged()


async def test_an_open_transaction_is_not_waited_for(districts: Service) -> None:
    province = districts.client("province")
    before = districts.clock.now()
    async with districts.database.transaction() as session:
        await submit_in(session, "xuan-hong", before)
        await submit_complete(districts.client("neighbour-reporter"), NEIGHBOUR, {"DA2.02": 5})
        districts.clock.advance(minutes=10)
        async with asyncio.timeout(30):
            answer = ok(await province.get(f"/aggregates/timeliness?period={Q2}"))
        # The open transaction may still be committed at its instant.
        assert datetime.fromisoformat(answer["as_of"]) < before
    answer = ok(await province.get(f"/aggregates/timeliness?period={Q2}"))
    expected = districts.clock.now() - SETTLED_AFTER - MARGIN
    assert datetime.fromisoformat(answer["as_of"]) == expected


async def test_plans_are_listed_once_after_the_instant_is_settled(districts: Service) -> None:
    """A plan that is committed before the list is read may have changes up to the instant."""
    province = districts.client("province")
    for kind in KINDS:
        with recorded_statements(districts) as statements:
            ok(await province.get(f"/aggregates/{kind}?period={Q2}"))
        settling, listing = (
            [number for number, sql in enumerate(statements) if part in sql]
            for part in ("FROM pg_locks", "AS is_reported")
        )
        assert (len(settling), len(listing)) == (1, 1)
        assert settling < listing < [len(statements) - 1]


async def test_an_answer_writes_nothing(districts: Service) -> None:
    state = "SELECT array_agg(ledger ORDER BY id)::text FROM ledger"
    async with districts.database.reading() as session:
        before = await session.scalar(text(state))
        answers = Answers(districts.client("province"))
        await answers.ask()
        assert await session.scalar(text(state)) == before


async def test_an_instant_that_is_not_settled_is_refused(districts: Service) -> None:
    province = districts.client("province")
    settled = districts.clock.now() - SETTLED_AFTER
    for kind in KINDS:
        for as_of, expected in (
            (settled, (200, None)),
            (settled + timedelta(microseconds=1), (422, "not-settled")),
            (districts.clock.now() + timedelta(days=1), (422, "not-settled")),
            (datetime.fromisoformat("2023-12-31T23:00:00+07:00"), (422, "validation-failed")),
        ):
            query = {"period": Q2, "as_of": as_of.isoformat()}
            answer = await province.get(f"/aggregates/{kind}", params=query)
            if expected[1] is None:
                assert ok(answer)["as_of"] == as_of.isoformat()
            else:
                assert problem_of(answer) == expected
    assert (
        settled.isoformat()
        in (
            await province.get(
                "/aggregates/indicators",
                params={"period": Q2, "as_of": districts.clock.now().isoformat()},
            )
        ).json()["detail"]
    )


async def test_a_plan_counts_from_when_its_period_was_generated(service: Service) -> None:
    """Before that there was one plan, and its answer was another."""
    office = service.client("province")
    as_of = (service.clock.now() - timedelta(hours=1)).isoformat()
    query = {"period": Q2, "as_of": as_of}
    before = {kind: ok(await office.get(f"/aggregates/{kind}", params=query)) for kind in KINDS}
    await add_neighbour(service, now=service.clock.now())
    service.clock.advance(minutes=1)
    for kind in KINDS:
        assert ok(await office.get(f"/aggregates/{kind}", params=query)) == before[kind]
        assert len(ok(await office.get(f"/aggregates/{kind}?period={Q2}"))["plans"]) == 2


async def test_an_action_that_lasts_long_is_recorded_as_of_the_present(service: Service) -> None:
    now = service.clock.now()
    async with service.database.reading() as session:
        principal = await principals.authenticate(session, token_of("coordinator"), now)
    assert principal is not None
    assert Action(principal, now).recording_instant == now
    slow = Action(principal, now, began=monotonic() - 2 * FRESH_SECONDS)
    assert slow.recording_instant >= now + timedelta(seconds=2 * FRESH_SECONDS)


async def test_a_statement_that_waited_long_records_nothing(service: Service) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with service.database.transaction() as session:
            await session.execute(text(RECORD_LATE), {"now": service.clock.now()})
    assert isinstance(caught.value.orig.__cause__, asyncpg.LockNotAvailableError)  # type: ignore[union-attr]  # of DBAPIError


async def test_locks_of_others_do_not_hold_an_instant_back(service: Service) -> None:
    now = service.clock.now()
    async with service.database.transaction() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock_shared(5)"))
        await session.execute(
            text(
                "SELECT pg_advisory_xact_lock((extract(epoch FROM CAST(:at AS timestamptz))"
                " * 1000000)::bigint)"
            ),
            {"at": now - timedelta(minutes=1)},
        )
        assert await settled_in_all_plans(service.database.driver, now) == now - SETTLED_AFTER
