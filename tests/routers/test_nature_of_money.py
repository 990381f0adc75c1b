"""Investment and recurrent money: budget lines, disbursements, and their sums by nature."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import Service
from tests.support.reference_calls import (
    change,
    delete,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_bodies import complete_body, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    submit,
    submit_complete,
)
from tests.support.verification import list_findings

RECURRENT_VND = 3_934_000_000
INVESTMENT_VND = 800_000_000
GRANTED = {
    "project": "DA2",
    "source": "central",
    "origin": "current_year",
    "nature": "investment",
    "amount_vnd": INVESTMENT_VND,
    "decision": "Quyết định số 2210/QĐ-UBND ngày 28/5/2024 của UBND tỉnh Thanh Hóa",
}
SHARE = {
    "project": "DA2",
    "agency": XUAN_HONG,
    "source": "central",
    "origin": "current_year",
    "amount_vnd": 100_000_000,
}


@pytest.fixture
async def office(service: Service) -> httpx.AsyncClient:
    """The coordinator, of a plan whose DA2 has investment beside recurrent money of 2024."""
    client = service.client("coordinator")
    ok(await client.post("/budgets", json=GRANTED), 201)
    return client


async def lines(client: httpx.AsyncClient, **query: Any) -> dict[Any, int]:
    """The amounts of DA2's money of 2024, by nature and agency."""
    rows = await list_all(client, "/budgets", project="DA2", origin="current_year", **query)
    return {(row["nature"], row["agency"]): row["amount_vnd"] for row in rows}


async def execution(
    client: httpx.AsyncClient, origin: str = "current_year", **query: str
) -> dict[Any, tuple[int, int]]:
    """What was allocated and, by what was submitted, disbursed of DA2's money, by nature."""
    parameters = {"period": Q2, "basis": "submitted", "agency": "395"} | query
    sums: dict[Any, tuple[int, int]] = {}
    for row in ok(await client.get("/aggregates/budget-execution", params=parameters))["rows"]:
        if (row["project"], row["origin"]) == ("DA2", origin):
            allocated, disbursed = sums.get(row["nature"], (0, 0))
            total = (allocated + row["allocated_vnd"], disbursed + row["disbursed_vnd"])
            sums[row["nature"]] = total
    return sums


async def da2_rows(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    parameters = {"period": Q2, "basis": "submitted"}
    rows = ok(await client.get("/aggregates/budget-execution", params=parameters))["rows"]
    return [row for row in rows if row["project"] == "DA2"]


async def test_two_lines_may_differ_by_their_nature_alone(office: httpx.AsyncClient) -> None:
    assert await lines(office) == {
        ("recurrent", None): RECURRENT_VND,
        ("investment", None): INVESTMENT_VND,
    }
    assert await lines(office, nature="investment") == {("investment", None): INVESTMENT_VND}
    assert problem_of(await office.post("/budgets", json=GRANTED)) == (409, "already-exists")
    project = ok(await office.get("/projects/DA2"))
    assert project["allocated_vnd"] == RECURRENT_VND + INVESTMENT_VND


async def test_money_is_distributed_within_its_nature(office: httpx.AsyncClient) -> None:
    answer = await office.post("/budgets", json=SHARE)
    assert field_errors(answer) == [("/nature", "missing")], "it could be of either nature"
    share = ok(await office.post("/budgets", json=SHARE | {"nature": "investment"}), 201)
    assert await lines(office) == {
        ("recurrent", None): RECURRENT_VND,
        ("investment", None): INVESTMENT_VND - 100_000_000,
        ("investment", XUAN_HONG): 100_000_000,
    }
    too_much = SHARE | {"nature": "investment", "agency": BAC_LUONG, "amount_vnd": INVESTMENT_VND}
    assert field_errors(await office.post("/budgets", json=too_much)) == [
        ("/amount_vnd", "exceeds_undistributed")
    ]
    assert (await delete(office, f"/budgets/{share['id']}")).status_code == 204
    assert (await lines(office))["investment", None] == INVESTMENT_VND


async def test_the_nature_changes_on_all_lines_of_the_money(
    service: Service, office: httpx.AsyncClient
) -> None:
    origin = {"origin": "carried_over", "origin_years": [2022, 2023]}
    share = ok(await office.post("/budgets", json=SHARE | origin), 201)
    assert share["nature"] is None, "that of the money it is taken from"
    path = f"/budgets/{share['id']}"
    assert ok(await change(office, path, {"nature": "investment"}))["nature"] == "investment"
    rows = await list_all(office, "/budgets", project="DA2", origin="carried_over")
    assert {row["agency"]: row["nature"] for row in rows} == {
        None: "investment",
        XUAN_HONG: "investment",
    }
    events = await list_events(service, "budget_line.changed")
    natures = [(event.before, event.after) for event in events]
    assert natures == [({"nature": None}, {"nature": "investment"})] * 2
    ok(await change(office, path, {"nature": None}))
    async with service.as_owner() as session:
        assert await list_findings(session) == []


async def test_a_line_cannot_take_the_nature_of_another(office: httpx.AsyncClient) -> None:
    rows = await list_all(office, "/budgets", project="DA2", nature="recurrent")
    answer = await change(office, f"/budgets/{rows[0]['id']}", {"nature": "investment"})
    assert problem_of(answer) == (409, "already-exists")


async def test_each_nature_is_reported_and_summed(
    service: Service, office: httpx.AsyncClient
) -> None:
    spent = [
        money("DA2", 300) | {"nature": "investment"},
        money("DA2", 50) | {"nature": "recurrent"},
    ]
    sent = await submit_complete(service.client("xuan-hong"), XUAN_HONG, None, spent)
    assert sent["last_revision"]["body"]["disbursements"] == spent
    other = [money("DA2", 7) | {"nature": "investment"}]
    await submit_complete(service.client("bac-luong"), BAC_LUONG, None, other)
    for query in ({}, {"by": "government"}, {"by": "kind"}, {"by": "agency"}):
        assert await execution(office, **query) == {
            "investment": (INVESTMENT_VND, 307),
            "recurrent": (RECURRENT_VND, 50),
        }
    agencies = [row["agencies"] for row in await da2_rows(office)]
    assert agencies == [2, 1, 0], "by nature, then what is carried over"
    async with service.as_owner() as session:
        assert await list_findings(session) == []
        await session.execute(
            text("UPDATE revision_disbursement SET nature = NULL WHERE amount_vnd = 7")
        )
        assert await list_findings(session) != []
        await session.rollback()


async def test_a_report_of_an_ambiguous_nature_cannot_be_sent(
    service: Service, office: httpx.AsyncClient
) -> None:
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG, None, [money("DA2", 300)])
    answer = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert problem_of(answer) == (422, "report-incomplete")
    (finding,) = saved["findings"]
    assert (finding["code"], finding["level"]) == ("nature_missing", "error")
    assert finding["pointer"] == "/disbursements/0/nature"
    await draft(commune, XUAN_HONG, None, [money("DA2", 300) | {"nature": "recurrent"}])
    await submit(commune, XUAN_HONG)
    assert (await execution(office))["recurrent"] == (RECURRENT_VND, 300)


async def test_the_same_money_is_given_once(service: Service) -> None:
    """A nature that is left out and the same one that is stated are the same money."""
    commune = service.client("xuan-hong")
    spent = [money("DA2", 1), money("DA2", 2) | {"nature": "recurrent"}]
    path = f"/reports/{Q2}/{XUAN_HONG}"
    answer = await commune.get(path)
    body = complete_body(ok(answer), None, spent)
    tag = {"If-Match": answer.headers["ETag"]}
    answer = await commune.put(f"{path}/draft", json=body, headers=tag)
    assert field_errors(answer) == [("/disbursements/1", "given_twice")]


async def test_money_of_another_nature_than_the_plans_needs_a_note(service: Service) -> None:
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG, None, [money("DA2", 9) | {"nature": "investment"}])
    (finding,) = saved["findings"]
    assert (finding["code"], finding["level"]) == ("not_allocated", "warning")
    await submit(commune, XUAN_HONG, warnings_note="Vốn tỉnh mới giao.")
    rows = await execution(service.client("coordinator"))
    assert rows == {"investment": (0, 9), "recurrent": (RECURRENT_VND, 0)}


async def test_a_report_without_natures_counts_as_it_did(service: Service) -> None:
    """It has the nature of the plan's money, also where the plan learns of it later."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    spent = [money("DA2", 300), money("DA2", 20, "carried_over")]
    sent = await submit_complete(commune, XUAN_HONG, None, spent)
    assert sent["last_revision"]["body"]["disbursements"] == spent, "the body is kept as sent"
    assert await execution(office) == {"recurrent": (RECURRENT_VND, 300)}
    (line,) = await list_all(office, "/budgets", project="DA2", origin="carried_over")
    assert await execution(office, "carried_over") == {None: (126_450_000, 20)}
    service.clock.advance(hours=1)
    before = service.clock.now().isoformat()
    service.clock.advance(hours=1)
    ok(await change(office, f"/budgets/{line['id']}", {"nature": "investment"}))
    service.clock.advance(hours=1)
    for by in ({}, {"by": "government"}):
        rows = await execution(office, "carried_over", **by)
        assert rows == {"investment": (126_450_000, 20)}
        rows = await execution(office, "carried_over", as_of=before, **by)
        assert rows == {None: (126_450_000, 20)}


async def test_an_unknown_nature_is_refused(office: httpx.AsyncClient) -> None:
    assert field_errors(await office.get("/budgets?nature=gold")) == [("/nature", "enum")]
    answer = await office.post("/budgets", json=GRANTED | {"nature": "gold"})
    assert field_errors(answer) == [("/nature", "enum")]
