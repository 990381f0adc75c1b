"""Projects over HTTP: reading, creating, changing, permissions."""

from typing import Any

import pytest

from tests.conftest import Service
from tests.support.reference_calls import (
    add_neighbour,
    capture_statements,
    change,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import ok

IN_ORDER = [
    "DA2",
    "DA3",
    "DA3.TDA1",
    "DA3.TDA2",
    "DA4",
    "DA4.TDA1",
    "DA4.TDA3",
    "DA6",
    "DA6.TDA1",
    "DA6.TDA2",
    "DA7",
    "DA7.TDA1",
    "DA7.TDA2",
]
MONEY = {
    "DA2": (3_934_000_000, 126_450_000),
    "DA3": (2_432_000_000, 985_780_000),
    "DA3.TDA1": (1_764_000_000, 491_780_000),
    "DA3.TDA2": (668_000_000, 494_000_000),
    "DA4": (2_128_000_000, 1_540_660_000),
    "DA4.TDA1": (1_332_000_000, 1_540_660_000),
    "DA4.TDA3": (796_000_000, 0),
    "DA6": (336_000_000, 0),
    "DA6.TDA1": (172_000_000, 0),
    "DA6.TDA2": (164_000_000, 0),
    "DA7": (765_000_000, 50_250_000),
    "DA7.TDA1": (478_000_000, 0),
    "DA7.TDA2": (287_000_000, 50_250_000),
}


async def test_the_list_has_the_plan_s_order_and_budgets(service: Service) -> None:
    projects = await list_all(service.client("xuan-hong"), "/projects", limit=5)
    assert [project["code"] for project in projects] == IN_ORDER
    assert {
        project["code"]: (project["allocated_vnd"], project["carried_over_vnd"])
        for project in projects
    } == MONEY
    assert all(
        project["total_vnd"] == project["allocated_vnd"] + project["carried_over_vnd"]
        for project in projects
    )


async def test_one_project_has_its_texts_and_agencies(service: Service) -> None:
    project = ok(await service.client("xuan-hong").get("/projects/DA3.TDA2"))
    assert project["plan"] == "tho-xuan-2024"
    assert project["parent"] == "DA3"
    assert project["name"] == "Cải thiện dinh dưỡng"
    assert project["completion_date"] == "2024-09-30"
    assert project["completion_text"] == "Hoàn thành quý III năm 2024"
    assert project["coordination_note"] == "các phòng, ngành, đơn vị có liên quan"
    assert project["leads"] == ["395-TTYT", "395-VP"]
    assert project["coordinators"] == sorted(project["coordinators"])
    assert len(project["coordinators"]) == 31
    for text in ("objective", "target_group", "support_content"):
        assert project[text]


async def test_all_communes_are_among_the_leads(service: Service) -> None:
    project = ok(await service.client("xuan-hong").get("/projects/DA2"))
    assert len(project["leads"]) == 31
    assert project["leads"] == sorted(project["leads"])
    assert project["coordinators"] == ["395-NNPTNT", "395-TTDVNN"]


async def test_the_list_is_filtered_by_parent(service: Service) -> None:
    client = service.client("xuan-hong")
    parts = await list_all(client, "/projects", parent="DA4")
    assert [project["code"] for project in parts] == ["DA4.TDA1", "DA4.TDA3"]
    assert await list_all(client, "/projects", parent="DA2") == []
    assert problem_of(await client.get("/projects?parent=DA9")) == (404, "not-found")


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("coordinator")
    with capture_statements(service) as for_one:
        await client.get("/projects?limit=1")
    with capture_statements(service) as for_all:
        assert len(ok(await client.get("/projects?limit=200"))["items"]) == 13
    assert len(for_all) == len(for_one) <= 3


async def test_a_project_of_several_plans_requires_the_plan(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("province")
    answer = await client.get("/projects/DA2")
    assert problem_of(answer) == (400, "ambiguous-plan")
    assert answer.json()["choices"] == ["tho-xuan-2024", "trieu-son-2024"]
    tho_xuan = ok(await client.get("/projects/DA2", params={"plan": "tho-xuan-2024"}))
    trieu_son = ok(await client.get("/projects/DA2", params={"plan": "trieu-son-2024"}))
    assert (tho_xuan["total_vnd"], trieu_son["total_vnd"]) == (4_060_450_000, 1_050_000_000)
    assert ok(await client.get("/projects/DA3"))["plan"] == "tho-xuan-2024"
    assert ok(await service.client("xuan-hong").get("/projects/DA2")) == tho_xuan
    answer = await service.client("xuan-hong").get("/projects?plan=trieu-son-2024")
    assert problem_of(answer) == (404, "not-found")


async def test_a_sub_project_is_added_at_the_end_and_audited(service: Service) -> None:
    client = service.client("coordinator")
    body = {
        "code": "DA3.TDA3",
        "name": "Tiểu dự án thử",
        "parent": "DA3",
        "completion_date": "2024-11-30",
    }
    answer = await client.post("/projects", json=body)
    project = ok(answer, 201)
    assert {name: project[name] for name in body} == body
    assert (project["position"], project["total_vnd"], project["leads"]) == (14, 0, [])
    read = await client.get("/projects/DA3.TDA3")
    assert read.json() == project
    assert read.headers["ETag"] == answer.headers["ETag"]
    (event,) = await list_events(service, "project.created")
    assert (event.subject, event.before, event.after) == ("projects/DA3.TDA3", None, body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"code": "DA9", "name": "X", "parent": "DA8"}, [("/parent", "unknown_project")]),
        ({"code": "DA9", "name": "X", "parent": "DA3.TDA1"}, [("/parent", "is_sub_project")]),
        ({"code": "DA9", "name": "X", "parent": "DA2"}, [("/parent", "has_budget_lines")]),
        ({"code": "DA 9", "name": "X"}, [("/code", "string_pattern_mismatch")]),
        ({"code": "DA/9", "name": "X"}, [("/code", "string_pattern_mismatch")]),
        ({"code": "DA9"}, [("/name", "missing")]),
        ({"code": "DA9", "name": "X", "leads": []}, [("/leads", "extra_forbidden")]),
    ],
)
async def test_an_invalid_project_is_rejected(
    service: Service, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    client = service.client("coordinator")
    assert field_errors(await client.post("/projects", json=body)) == expected
    assert len(await list_all(client, "/projects")) == 13


async def test_a_code_is_unique_in_the_plan(service: Service) -> None:
    answer = await service.client("coordinator").post(
        "/projects", json={"code": "DA2", "name": "Lần nữa"}
    )
    assert problem_of(answer) == (409, "already-exists")


async def test_a_change_is_stored_audited_and_gives_a_new_etag(service: Service) -> None:
    client = service.client("coordinator")
    before = await client.get("/projects/DA6.TDA1")
    body = {"completion_date": "2024-07-31", "completion_text": None}
    answer = await change(client, "/projects/DA6.TDA1", body)
    assert ok(answer) == before.json() | body | {"version": 2}
    assert answer.headers["ETag"] == '"2"'
    (event,) = await list_events(service, "project.changed")
    assert event.before == {name: before.json()[name] for name in body}
    assert event.after == body


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client = service.client("coordinator")
    path, body = "/projects/DA2", {"name": "Khác"}
    assert problem_of(await client.patch(path, json=body)) == (428, "precondition-required")
    answer = await client.patch(path, json=body, headers={"If-Match": '"99"'})
    assert problem_of(answer) == (412, "stale")


async def test_a_project_moves_below_another_with_its_budget(service: Service) -> None:
    client = service.client("coordinator")
    assert ok(await change(client, "/projects/DA2", {"parent": "DA3"}))["parent"] == "DA3"
    assert ok(await client.get("/projects/DA3"))["total_vnd"] == 3_417_780_000 + 4_060_450_000
    assert ok(await change(client, "/projects/DA2", {"parent": None}))["parent"] is None
    assert ok(await client.get("/projects/DA3"))["total_vnd"] == 3_417_780_000
    first, second = await list_events(service, "project.changed")
    assert (first.before, first.after) == ({"parent": None}, {"parent": "DA3"})
    assert (second.before, second.after) == ({"parent": "DA3"}, {"parent": None})


@pytest.mark.parametrize(
    ("code", "parent", "expected"),
    [
        ("DA3", "DA4", "has_sub_projects"),
        ("DA2", "DA2", "has_sub_projects"),
        ("DA2", "DA3.TDA1", "is_sub_project"),
        ("DA3.TDA1", "DA2", "has_budget_lines"),
    ],
)
async def test_a_project_cannot_move_below_an_unsuitable_parent(
    service: Service, code: str, parent: str, expected: str
) -> None:
    client = service.client("coordinator")
    answer = await change(client, f"/projects/{code}", {"parent": parent})
    assert field_errors(answer) == [("/parent", expected)]


async def test_only_coordinators_and_admins_of_the_district_change_projects(
    service: Service,
) -> None:
    await add_neighbour(service)
    body = {"code": "DA9", "name": "X"}
    for person in ("xuan-hong", "vice-chairman", "province"):
        answer = await service.client(person).post("/projects", json=body)
        assert problem_of(answer) == (403, "forbidden")
    for person in ("coordinator", "district-admin"):
        client = service.client(person)
        answer = await client.post("/projects?plan=trieu-son-2024", json=body)
        assert problem_of(answer) == (404, "not-found")
        answer = await change(client, "/projects/DA2", {"name": "X"}, plan="trieu-son-2024")
        assert problem_of(answer) == (404, "not-found")
    answer = await service.client("admin").post("/projects", json=body)
    assert problem_of(answer) == (400, "ambiguous-plan")
    answer = await service.client("admin").post("/projects?plan=trieu-son-2024", json=body)
    assert ok(answer, 201)["plan"] == "trieu-son-2024"
