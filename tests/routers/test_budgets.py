"""Budget lines over HTTP: granting, distributing, returning, and the sums."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.reference_calls import (
    add_neighbour,
    capture_statements,
    change,
    delete,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import ok

ALLOCATED, CARRIED_OVER, TOTAL = 9_595_000_000, 2_703_140_000, 12_298_140_000
DA2_ALLOCATED = 3_934_000_000
DISTRIBUTED = {
    "project": "DA2",
    "agency": "15493",
    "source": "central",
    "origin": "current_year",
    "origin_years": [2024],
    "amount_vnd": 126_450_000,
    "decision": "Quyết định số 1412/QĐ-UBND ngày 10/5/2024 của UBND huyện Thọ Xuân",
}
GRANTED = {
    "project": "DA2",
    "agency": None,
    "source": "provincial",
    "origin": "current_year",
    "origin_years": [2024],
    "amount_vnd": 250_000_000,
    "decision": "Quyết định số 2210/QĐ-UBND ngày 28/5/2024 của UBND tỉnh Thanh Hóa",
}


async def distribute(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """Distribute 126.45 million VND of DA2 to Xã Xuân Hồng."""
    line: dict[str, Any] = ok(await client.post("/budgets", json=DISTRIBUTED | more), 201)
    return line


async def undistributed(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    """The undistributed line of DA2, by default of central money of 2024."""
    query = {"project": "DA2", "source": "central", "origin": "current_year"} | query
    (line,) = [
        line for line in await list_all(client, "/budgets", **query) if line["agency"] is None
    ]
    return line


async def total(client: httpx.AsyncClient) -> int:
    """The sum of all lines."""
    return sum(line["amount_vnd"] for line in await list_all(client, "/budgets"))


async def test_the_list_has_all_lines_of_the_plan(service: Service) -> None:
    client = service.client("xuan-hong")
    lines = await list_all(client, "/budgets", limit=5)
    assert len(lines) == 14
    assert lines[1] == {
        "id": lines[1]["id"],
        "plan": "tho-xuan-2024",
        "project": "DA2",
        "agency": None,
        "source": "central",
        "origin": "carried_over",
        "origin_years": [2022, 2023],
        "nature": None,
        "amount_vnd": 126_450_000,
        "decision": None,
        "version": 1,
    }
    projects = [line["project"] for line in lines]
    assert projects == sorted(projects)
    assert sum(line["amount_vnd"] for line in lines) == TOTAL
    answer = await client.get(f"/budgets/{lines[1]['id']}")
    assert ok(answer) == lines[1]
    assert answer.headers["ETag"]


async def test_the_list_is_filtered(service: Service) -> None:
    client = service.client("coordinator")
    await distribute(client)
    assert len(await list_all(client, "/budgets", project="DA3")) == 4
    assert len(await list_all(client, "/budgets", project="DA3.TDA1")) == 2
    assert len(await list_all(client, "/budgets", origin="carried_over")) == 5
    assert await list_all(client, "/budgets", source="credit") == []
    (line,) = await list_all(client, "/budgets", agency="15493")
    assert line["amount_vnd"] == DISTRIBUTED["amount_vnd"]
    assert problem_of(await client.get("/budgets?project=DA9")) == (404, "not-found")
    assert problem_of(await client.get("/budgets?agency=x")) == (404, "not-found")
    assert field_errors(await client.get("/budgets?source=gold")) == [("/source", "enum")]


async def test_the_summary_has_every_project_and_source(service: Service) -> None:
    client = service.client("coordinator")
    await distribute(client)
    summary = ok(await client.get("/budgets/summary"))
    assert summary["plan"] == "tho-xuan-2024"
    assert summary["allocated_vnd"] == ALLOCATED
    assert summary["carried_over_vnd"] == CARRIED_OVER
    assert summary["total_vnd"] == TOTAL
    assert summary["distributed_vnd"] == DISTRIBUTED["amount_vnd"]
    projects = {project["project"]: project for project in summary["projects"]}
    assert list(projects) == [
        "DA2",
        "DA3.TDA1",
        "DA3.TDA2",
        "DA4.TDA1",
        "DA4.TDA3",
        "DA6.TDA1",
        "DA6.TDA2",
        "DA7.TDA1",
        "DA7.TDA2",
    ]
    assert sum(project["total_vnd"] for project in projects.values()) == TOTAL
    assert projects["DA4.TDA1"] == {
        "project": "DA4.TDA1",
        "name": "Phát triển giáo dục nghề nghiệp vùng nghèo, vùng khó khăn",
        "parent": "DA4",
        "allocated_vnd": 1_332_000_000,
        "carried_over_vnd": 1_540_660_000,
        "total_vnd": 2_872_660_000,
        "distributed_vnd": 0,
    }
    assert projects["DA2"]["distributed_vnd"] == DISTRIBUTED["amount_vnd"]
    sources = {
        (money["source"], money["origin"]): money["amount_vnd"] for money in summary["sources"]
    }
    assert len(sources) == len(summary["sources"]) == 14
    assert sources["central", "current_year"] == ALLOCATED
    assert sources["central", "carried_over"] == CARRIED_OVER
    assert sources["credit", "current_year"] == 0
    assert sum(sources.values()) == TOTAL


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("coordinator")
    with capture_statements(service) as for_one:
        await client.get("/budgets?limit=1")
    with capture_statements(service) as for_all:
        assert len(ok(await client.get("/budgets?limit=200"))["items"]) == 14
    assert len(for_all) == len(for_one) <= 3
    with capture_statements(service) as for_summary:
        await client.get("/budgets/summary")
    assert len(for_summary) <= 4


async def test_distributing_changing_and_returning_money_keeps_the_sum(
    service: Service,
) -> None:
    client = service.client("coordinator")
    line = await distribute(client)
    assert {name: line[name] for name in DISTRIBUTED} == DISTRIBUTED
    assert (await undistributed(client))["amount_vnd"] == DA2_ALLOCATED - 126_450_000
    assert await total(client) == TOTAL

    path = f"/budgets/{line['id']}"
    for amount in (200_000_000, 50_000_000, DA2_ALLOCATED, 0):
        answer = await change(client, path, {"amount_vnd": amount})
        version = ok(answer)["version"]
        assert ok(answer) == line | {"amount_vnd": amount, "version": version}
        assert (await undistributed(client))["amount_vnd"] == DA2_ALLOCATED - amount
        assert await total(client) == TOTAL

    ok(await change(client, path, {"amount_vnd": 10}))
    answer = await delete(client, path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert problem_of(await client.get(path)) == (404, "not-found")
    assert (await undistributed(client))["amount_vnd"] == DA2_ALLOCATED
    assert await total(client) == TOTAL
    project = ok(await client.get("/projects/DA2"))
    assert project["allocated_vnd"] == DA2_ALLOCATED


async def test_each_operation_is_audited(service: Service) -> None:
    client = service.client("coordinator")
    line = await distribute(client)
    path = f"/budgets/{line['id']}"
    await change(client, path, {"amount_vnd": 10, "decision": DISTRIBUTED["decision"]})
    await delete(client, path)
    (created,) = await list_events(service, "budget_line.created")
    (changed,) = await list_events(service, "budget_line.changed")
    (deleted,) = await list_events(service, "budget_line.deleted")
    assert created.subject == changed.subject == deleted.subject == f"budget-lines/{line['id']}"
    values = DISTRIBUTED | {"nature": "recurrent"}
    assert (created.before, created.after) == (None, values)
    assert (changed.before, changed.after) == ({"amount_vnd": 126_450_000}, {"amount_vnd": 10})
    assert deleted.before == values | {"amount_vnd": 10, "plan": "tho-xuan-2024"}
    assert deleted.after is None


def dotted(amount: int) -> str:
    """An amount in Vietnamese notation."""
    return f"{amount:,}".replace(",", ".")


async def test_more_than_the_undistributed_amount_is_rejected(service: Service) -> None:
    client = service.client("coordinator")
    line = await distribute(client)
    left = DA2_ALLOCATED - 126_450_000
    body = DISTRIBUTED | {"agency": "15502", "amount_vnd": left + 1}
    answer = await client.post("/budgets", json=body)
    assert field_errors(answer) == [("/amount_vnd", "exceeds_undistributed")]
    assert f"còn {dotted(left)} đồng" in answer.json()["errors"][0]["message"]
    path = f"/budgets/{line['id']}"
    answer = await change(client, path, {"amount_vnd": DA2_ALLOCATED + 1})
    assert field_errors(answer) == [("/amount_vnd", "exceeds_undistributed")]
    assert f"Chỉ được tối đa {dotted(DA2_ALLOCATED)} đồng" in answer.json()["errors"][0]["message"]
    body = DISTRIBUTED | {"source": "mobilised", "amount_vnd": 1}
    assert field_errors(await client.post("/budgets", json=body)) == [
        ("/amount_vnd", "exceeds_undistributed")
    ]
    assert await total(client) == TOTAL
    await distribute(client, agency="15502", amount_vnd=left)
    assert (await undistributed(client))["amount_vnd"] == 0


async def test_concurrent_requests_cannot_distribute_the_same_money(service: Service) -> None:
    client = service.client("coordinator")
    bodies = [
        DISTRIBUTED | {"agency": agency, "amount_vnd": 3_000_000_000}
        for agency in ("15493", "15502", "15505", "15508")
    ]
    answers = await asyncio.gather(*(client.post("/budgets", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert (await undistributed(client))["amount_vnd"] == DA2_ALLOCATED - 3_000_000_000
    assert await total(client) == TOTAL


async def test_concurrent_changes_keep_the_sum(service: Service) -> None:
    client = service.client("coordinator")
    lines = [await distribute(client, agency=agency) for agency in ("15493", "15502", "15505")]
    steps = [change(client, f"/budgets/{line['id']}", {"amount_vnd": 7}) for line in lines]
    steps += [change(client, f"/budgets/{line['id']}", {"amount_vnd": 9}) for line in lines]
    steps += [delete(client, f"/budgets/{line['id']}") for line in lines]
    answers = await asyncio.gather(*steps)
    assert {answer.status_code for answer in answers} <= {200, 204, 404, 412, 428}
    assert await total(client) == TOTAL


async def test_newly_granted_money_requires_a_decision(service: Service) -> None:
    client = service.client("coordinator")
    answer = await client.post("/budgets", json=GRANTED | {"decision": None})
    assert field_errors(answer) == [("/decision", "missing")]
    line = ok(await client.post("/budgets", json=GRANTED), 201)
    assert await total(client) == TOTAL + 250_000_000
    assert problem_of(await client.post("/budgets", json=GRANTED)) == (409, "already-exists")
    path = f"/budgets/{line['id']}"
    assert field_errors(await change(client, path, {"decision": None})) == [
        ("/decision", "missing")
    ]
    ok(await change(client, path, {"amount_vnd": 300_000_000, "decision": "QĐ 2300"}))
    assert await total(client) == TOTAL + 300_000_000
    await distribute(client, source="provincial", amount_vnd=100_000_000)
    assert problem_of(await delete(client, path)) == (409, "state-conflict")
    assert ok(await client.get(path))["amount_vnd"] == 200_000_000
    (distributed,) = await list_all(client, "/budgets", agency="15493")
    assert (await delete(client, f"/budgets/{distributed['id']}")).status_code == 204
    assert (await delete(client, path)).status_code == 204
    assert await total(client) == TOTAL


async def test_origin_years_fit_the_origin(service: Service) -> None:
    client = service.client("coordinator")
    body = DISTRIBUTED.copy()
    del body["origin_years"]
    line = ok(await client.post("/budgets", json=body), 201)
    assert line["origin_years"] == [2024]
    carried = DISTRIBUTED | {"origin": "carried_over", "amount_vnd": 100}
    assert field_errors(await client.post("/budgets", json=carried)) == [
        ("/origin_years", "wrong_origin_years")
    ]
    carried |= {"origin_years": [2023, 2022]}
    line = ok(await client.post("/budgets", json=carried), 201)
    assert line["origin_years"] == [2022, 2023]
    remaining = await undistributed(client, origin="carried_over")
    assert remaining["amount_vnd"] == 126_449_900
    one_year = carried | {"agency": "15502", "origin_years": [2023]}
    assert field_errors(await client.post("/budgets", json=one_year)) == [
        ("/amount_vnd", "exceeds_undistributed")
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"project": "DA9"}, ("/project", "unknown_project")),
        ({"project": "DA3"}, ("/project", "has_sub_projects")),
        ({"agency": "nobody"}, ("/agency", "unknown_agency")),
        ({"agency": "38-SYT"}, ("/agency", "unknown_agency")),
        ({"agency": "395-TCKH"}, ("/agency", "not_assigned")),
        ({"source": "gold"}, ("/source", "enum")),
        ({"amount_vnd": -1}, ("/amount_vnd", "greater_than_equal")),
        ({"amount_vnd": 126_450_000.5}, ("/amount_vnd", "int_type")),
        ({"amount_vnd": "126450000"}, ("/amount_vnd", "int_type")),
        ({"amount_vnd": 10**15 + 1}, ("/amount_vnd", "less_than_equal")),
        ({"origin_years": []}, ("/origin_years", "too_short")),
        ({"origin_years": [2024, 2024]}, ("/origin_years", "not_unique")),
        ({"origin_years": [2023]}, ("/origin_years", "wrong_origin_years")),
    ],
)
async def test_an_invalid_line_is_rejected(
    service: Service, more: dict[str, Any], expected: tuple[str, str]
) -> None:
    client = service.client("coordinator")
    assert field_errors(await client.post("/budgets", json=DISTRIBUTED | more)) == [expected]
    assert await total(client) == TOTAL
    assert len(await list_all(client, "/budgets")) == 14


async def test_an_agency_has_one_line_per_project_source_origin_and_years(service: Service) -> None:
    client = service.client("coordinator")
    await distribute(client)
    assert problem_of(await client.post("/budgets", json=DISTRIBUTED)) == (409, "already-exists")
    assert await total(client) == TOTAL


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client = service.client("coordinator")
    path = f"/budgets/{(await distribute(client))['id']}"
    stale = {"If-Match": (await client.get(path)).headers["ETag"]}
    body = {"amount_vnd": 5}
    assert problem_of(await client.patch(path, json=body)) == (428, "precondition-required")
    assert problem_of(await client.delete(path)) == (428, "precondition-required")
    fresh = await client.patch(path, json=body, headers=stale)
    assert fresh.headers["ETag"] not in {None, stale["If-Match"]}
    assert problem_of(await client.patch(path, json=body, headers=stale)) == (412, "stale")
    assert problem_of(await client.delete(path, headers=stale)) == (412, "stale")
    assert await total(client) == TOTAL


async def test_distributing_money_changes_the_version_of_the_undistributed_line(
    service: Service,
) -> None:
    client = service.client("coordinator")
    path = f"/budgets/{(await undistributed(client))['id']}"
    stale = {"If-Match": (await client.get(path)).headers["ETag"]}
    await distribute(client)
    answer = await client.patch(path, json={"amount_vnd": DA2_ALLOCATED}, headers=stale)
    assert problem_of(answer) == (412, "stale")


async def test_only_coordinators_and_admins_of_the_district_distribute_money(
    service: Service,
) -> None:
    await add_neighbour(service)
    admin = service.client("admin")
    foreign, *others = await list_all(admin, "/budgets", plan="trieu-son-2024")
    for person in ("coordinator", "district-admin"):
        client = service.client(person)
        assert problem_of(await client.get(f"/budgets/{foreign['id']}")) == (404, "not-found")
        answer = await client.patch(
            f"/budgets/{foreign['id']}", json={"amount_vnd": 1}, headers={"If-Match": '"1"'}
        )
        assert problem_of(answer) == (404, "not-found")
        answer = await client.post("/budgets?plan=trieu-son-2024", json=DISTRIBUTED)
        assert problem_of(answer) == (404, "not-found")
    for person in ("xuan-hong", "vice-chairman", "province"):
        answer = await service.client(person).post("/budgets", json=DISTRIBUTED)
        assert problem_of(answer) == (403, "forbidden")
    assert problem_of(await admin.post("/budgets", json=DISTRIBUTED)) == (400, "ambiguous-plan")
    ok(await admin.post("/budgets?plan=tho-xuan-2024", json=DISTRIBUTED), 201)
    assert problem_of(await admin.get("/budgets/summary")) == (400, "ambiguous-plan")
    summary = ok(await admin.get("/budgets/summary?plan=trieu-son-2024"))
    assert summary["total_vnd"] == sum(line["amount_vnd"] for line in [foreign, *others])


@pytest.mark.parametrize(
    ("line_id", "status"), [("0", 422), ("x", 422), ("9223372036854775808", 422), ("999", 404)]
)
async def test_an_unknown_line_id_is_rejected(service: Service, line_id: str, status: int) -> None:
    answer = await service.client("coordinator").get(f"/budgets/{line_id}")
    assert answer.status_code == status


@pytest.mark.parametrize("amount", ["126450000.0", "1.2645e8"])
async def test_an_integer_may_be_written_with_a_fraction_of_zero(
    service: Service, amount: str
) -> None:
    text = json.dumps(DISTRIBUTED).replace("126450000", amount)
    headers = {"Content-Type": "application/json"}
    answer = await service.client("coordinator").post("/budgets", content=text, headers=headers)
    assert ok(answer, 201)["amount_vnd"] == 126_450_000


@pytest.mark.parametrize("amount", [126_450_000.5, "126450000", True])
async def test_an_amount_is_an_integer(service: Service, amount: Any) -> None:
    body = DISTRIBUTED | {"amount_vnd": amount}
    answer = await service.client("coordinator").post("/budgets", json=body)
    assert field_errors(answer) == [("/amount_vnd", "int_type")]
