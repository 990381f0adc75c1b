"""Lists span the plans of two districts; each row names its plan."""

from typing import Any

import pytest

from tests.conftest import Service
from tests.support.reference_calls import add_neighbour, list_all, problem_of
from tests.support.report_calls import Q2, ok
from tests.test_query_counts import count_statements

PLANS = ["tho-xuan-2024", "trieu-son-2024"]
LISTS: list[tuple[str, dict[str, str]]] = [
    ("/obligations", {}),
    ("/obligations", {"period": Q2}),
    ("/reports", {"period": Q2}),
    ("/reporting-periods", {"year": "2024"}),
    ("/schedules", {}),
    ("/reminder-rules", {}),
    ("/projects", {}),
    ("/indicators", {}),
    ("/indicators", {"project": "DA2"}),
    ("/budgets", {}),
    ("/budgets", {"project": "DA2", "source": "central"}),
    ("/assignments", {}),
    ("/assignments", {"project": "DA7", "role": "lead"}),
]


@pytest.mark.parametrize(("path", "query"), LISTS)
async def test_a_list_has_the_rows_of_each_plan(
    service: Service, path: str, query: dict[str, str]
) -> None:
    await add_neighbour(service)
    province = service.client("province")

    def key(row: dict[str, Any]) -> str:
        return str(sorted(row.items(), key=str))

    spanning = await list_all(province, path, limit=7, **query)
    each = [await list_all(province, path, plan=plan, **query) for plan in PLANS]
    assert all(each), "every plan has rows"
    assert sorted(spanning, key=key) == sorted(each[0] + each[1], key=key)
    assert {row["plan"] for row in spanning} == set(PLANS)


async def test_a_district_sees_the_rows_of_its_plan(service: Service) -> None:
    await add_neighbour(service)
    office = service.client("coordinator")
    for path, query in LISTS:
        rows = await list_all(office, path, **query)
        assert {row["plan"] for row in rows} == {PLANS[0]}, path
    answer = await office.get("/projects", params={"plan": PLANS[1]})
    assert problem_of(answer) == (404, "not-found")


async def test_the_matrix_has_the_rows_of_each_plan(service: Service) -> None:
    await add_neighbour(service)
    province = service.client("province")
    path = "/obligations/matrix?year=2024"
    spanning = ok(await province.get(path))
    each = [ok(await province.get(f"{path}&plan={plan}")) for plan in PLANS]
    assert (spanning["plan"], spanning["plans"]) == (None, PLANS)
    assert spanning["rows"] == each[0]["rows"] + each[1]["rows"]
    assert spanning["periods"] == each[0]["periods"] + each[1]["periods"]
    assert (each[1]["plan"], each[1]["plans"]) == (PLANS[1], [PLANS[1]])


async def test_the_number_of_statements_does_not_grow_with_the_plans(service: Service) -> None:
    counts: dict[str, set[int]] = {}
    for _ in range(2):
        for path, query in [*LISTS, ("/obligations/matrix", {"year": "2024"})]:
            parameters = "&".join(f"{name}={value}" for name, value in query.items())
            counts.setdefault(f"{path}?{parameters}", set()).add(
                await count_statements(service, f"{path}?{parameters}", "province")
            )
        await add_neighbour(service)
    assert all(len(different) == 1 and max(different) <= 3 for different in counts.values()), counts


async def test_one_thing_that_several_plans_have_needs_the_plan(service: Service) -> None:
    await add_neighbour(service)
    province = service.client("province")
    for path in (f"/reporting-periods/{Q2}", "/projects/DA2", "/indicators/DA2.02"):
        answer = await province.get(path)
        assert problem_of(answer) == (400, "ambiguous-plan")
        assert answer.json()["choices"] == PLANS


async def test_a_key_for_aggregates_finds_the_periods(service: Service) -> None:
    body = {"name": "Sở", "scopes": ["aggregates:read"], "agency": "38", "expires_on": None}
    key = ok(await service.client("admin").post("/api-keys", json=body), 201)["key"]
    client = service.client(secret=key)
    codes = {row["code"] for row in await list_all(client, "/reporting-periods", year=2024)}
    assert Q2 in codes
    assert ok(await client.get(f"/reporting-periods/{Q2}"))["plan"] == PLANS[0]
    assert problem_of(await client.get("/projects")) == (403, "forbidden")
