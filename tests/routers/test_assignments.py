"""Assignments over HTTP: reading, assigning, deleting, permissions."""

import pytest

from tests.conftest import Service
from tests.support.reference_calls import (
    add_neighbour,
    capture_statements,
    delete,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import ok

DA2 = "/assignments/DA2"


async def test_the_list_is_ordered_by_project_and_agency(service: Service) -> None:
    items = await list_all(service.client("xuan-hong"), "/assignments", limit=50)
    assert len(items) == 9 * 30 + 27
    assert len({(item["project"], item["agency"]) for item in items}) == len(items)
    assert items[0] == {
        "plan": "tho-xuan-2024",
        "project": "DA2",
        "agency": "15493",
        "agency_name": "Xã Xuân Hồng",
        "agency_kind": "commune",
        "role": "lead",
        "version": 1,
    }
    places = [(item["project"], item["agency"]) for item in items]
    assert places == sorted(places)


async def test_the_list_is_filtered(service: Service) -> None:
    client = service.client("xuan-hong")
    leads = await list_all(client, "/assignments", project="DA3.TDA2", role="lead")
    assert [item["agency"] for item in leads] == ["395-TTYT", "395-VP"]
    coordinating = await list_all(client, "/assignments", agency="15493", role="coordinating")
    assert [item["project"] for item in coordinating] == ["DA3.TDA2", "DA6.TDA1", "DA6.TDA2"]
    of_project = await list_all(client, "/assignments", project="DA3", agency="395-LDTBXH")
    assert [item["project"] for item in of_project] == ["DA3.TDA1"]
    assert problem_of(await client.get("/assignments?project=DA9")) == (404, "not-found")
    assert problem_of(await client.get("/assignments?agency=x")) == (404, "not-found")


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("coordinator")
    with capture_statements(service) as for_one:
        await client.get("/assignments?limit=1")
    with capture_statements(service) as for_many:
        assert len(ok(await client.get("/assignments?limit=200"))["items"]) == 200
    assert len(for_many) == len(for_one) <= 3


async def test_an_assignment_is_created_changed_and_deleted(service: Service) -> None:
    client = service.client("coordinator")
    path = f"{DA2}/395-TCKH"
    assert problem_of(await client.get(path)) == (404, "not-found")
    answer = await client.put(path, json={"role": "coordinating"})
    assignment = ok(answer, 201)
    assert (assignment["project"], assignment["agency"], assignment["role"]) == (
        "DA2",
        "395-TCKH",
        "coordinating",
    )
    assert "395-TCKH" in ok(await client.get("/projects/DA2"))["coordinators"]
    first = await client.get(path)
    assert (ok(first), first.headers["ETag"]) == (assignment, answer.headers["ETag"])
    headers = {"If-Match": first.headers["ETag"]}
    second = await client.put(path, json={"role": "lead"}, headers=headers)
    assert ok(second) == assignment | {"role": "lead", "version": 2}
    assert second.headers["ETag"] != first.headers["ETag"]
    headers = {"If-Match": second.headers["ETag"]}
    same = await client.put(path, json={"role": "lead"}, headers=headers)
    assert (ok(same), same.headers["ETag"]) == (ok(second), second.headers["ETag"])
    assert "395-TCKH" in ok(await client.get("/projects/DA2"))["leads"]
    answer = await delete(client, path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "395-TCKH" not in str(ok(await client.get("/projects/DA2")))
    assert problem_of(await client.delete(path)) == (404, "not-found")
    (created,) = await list_events(service, "assignment.created")
    (changed,) = await list_events(service, "assignment.changed")
    (deleted,) = await list_events(service, "assignment.deleted")
    assert created.subject == "assignments/DA2/395-TCKH"
    assert (created.before, created.after) == (None, {"role": "coordinating"})
    assert (changed.before, changed.after) == ({"role": "coordinating"}, {"role": "lead"})
    assert (deleted.before, deleted.after) == ({"role": "lead"}, None)


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client, lead = service.client("coordinator"), {"role": "lead"}
    path = f"{DA2}/15493"
    assert problem_of(await client.put(path, json=lead)) == (428, "precondition-required")
    assert problem_of(await client.delete(path)) == (428, "precondition-required")
    stale = {"If-Match": (await client.get(path)).headers["ETag"]}
    ok(await client.put(path, json={"role": "coordinating"}, headers=stale))
    assert problem_of(await client.put(path, json=lead, headers=stale)) == (412, "stale")
    assert problem_of(await client.delete(path, headers=stale)) == (412, "stale")
    assert (await client.delete(path, headers={"If-Match": "*"})).status_code == 204
    assert problem_of(await client.put(path, json=lead, headers=stale)) == (412, "stale")


async def test_assignments_of_another_district_are_not_found(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("coordinator")
    for path, query in (
        (f"{DA2}/15901", {}),
        (f"{DA2}/15901", {"plan": "trieu-son-2024"}),
        ("/assignments/DA9/15493", {}),
        (f"{DA2}/395-TCKH", {}),
    ):
        assert problem_of(await client.get(path, params=query)) == (404, "not-found")
    assert problem_of(await service.client("admin").get(f"{DA2}/15493")) == (400, "ambiguous-plan")


async def test_an_assignment_with_budget_lines_is_not_deleted(service: Service) -> None:
    client = service.client("coordinator")
    line = {
        "project": "DA2",
        "agency": "15493",
        "source": "central",
        "origin": "current_year",
        "amount_vnd": 1_000_000,
    }
    budget_line = ok(await client.post("/budgets", json=line), 201)
    assert problem_of(await delete(client, f"{DA2}/15493")) == (409, "state-conflict")
    assert (await delete(client, f"/budgets/{budget_line['id']}")).status_code == 204
    assert (await delete(client, f"{DA2}/15493")).status_code == 204


async def test_only_agencies_of_the_district_are_assigned(service: Service) -> None:
    await add_neighbour(service)
    body = {"role": "lead"}
    admin = service.client("admin")
    for code in ("15901", "38-SYT", "38", "nobody"):
        answer = await admin.put(f"{DA2}/{code}", json=body, params={"plan": "tho-xuan-2024"})
        assert problem_of(answer) == (404, "not-found")
    coordinator = service.client("coordinator")
    assert problem_of(await coordinator.put("/assignments/DA9/15493", json=body))[0] == 404
    answer = await coordinator.put(f"{DA2}/15901", json=body, params={"plan": "trieu-son-2024"})
    assert problem_of(answer) == (404, "not-found")
    assert problem_of(await admin.put(f"{DA2}/15493", json=body)) == (400, "ambiguous-plan")
    assert field_errors(await coordinator.put(f"{DA2}/15493", json={"role": "boss"})) == [
        ("/role", "enum")
    ]


@pytest.mark.parametrize("person", ["xuan-hong", "vice-chairman", "province"])
async def test_readers_cannot_assign(service: Service, person: str) -> None:
    client = service.client(person)
    answer = await client.put(f"{DA2}/395-TCKH", json={"role": "lead"})
    assert problem_of(answer) == (403, "forbidden")
    assert problem_of(await client.delete(f"{DA2}/15493")) == (403, "forbidden")
