"""Programmes and their catalogues over HTTP, and definitions that plans share."""

from tests.conftest import Service
from tests.support.reference_calls import add_neighbour, change, field_errors, list_all, problem_of
from tests.support.report_calls import ok

CODE = "giam-ngheo-2021-2025"
OTHER_PLAN = "trieu-son-2024"


async def test_a_programme_and_its_catalogue(service: Service) -> None:
    client = service.client("xuan-hong")
    assert [row["code"] for row in await list_all(client, "/programmes")] == [CODE]
    programme = ok(await client.get(f"/programmes/{CODE}"))
    assert (programme["first_year"], programme["last_year"]) == (2021, 2025)
    projects = await list_all(client, f"/programmes/{CODE}/projects", limit=5)
    assert [row["code"] for row in projects[:3]] == ["DA2", "DA3", "DA3.TDA1"]
    assert {row["parent"] for row in projects[2:4]} == {"DA3"}
    indicators = await list_all(client, f"/programmes/{CODE}/indicators", limit=50)
    assert len(indicators) == 103
    assert {row["official"] for row in indicators} == {False}
    assert problem_of(await client.get("/programmes/khac")) == (404, "not-found")
    assert problem_of(await client.get("/programmes/khac/projects")) == (404, "not-found")
    assert problem_of(await client.get("/programmes/khac/indicators")) == (404, "not-found")


async def test_the_plan_names_its_programme(service: Service) -> None:
    assert ok(await service.client("xuan-hong").get("/plans/tho-xuan-2024"))["programme"] == CODE


async def test_a_definition_that_another_plan_uses_does_not_change(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("coordinator")
    for body in ({"name": "Tên khác"}, {"unit": "nhà"}, {"note": "Khác."}, {"decimals": 1}):
        answer = await change(client, "/indicators/KQ.01", body)
        assert problem_of(answer) == (409, "state-conflict"), body
    answer = await change(client, "/projects/DA2", {"name": "Tên khác"})
    assert problem_of(answer) == (409, "state-conflict")
    # What the plan itself decides still changes, and so does what only this plan has adopted.
    assert ok(await change(client, "/indicators/KQ.01", {"maximum": 9000}))["maximum"] == 9000
    assert ok(await change(client, "/indicators/DA61.01", {"name": "Tên khác"}))
    assert ok(await change(client, "/projects/DA2", {"objective": "Mục tiêu khác."}))


async def test_a_plan_adopts_what_its_programme_defines(service: Service) -> None:
    await add_neighbour(service)
    client, query = service.client("admin"), f"?plan={OTHER_PLAN}"
    defined = ok(await client.get("/indicators/DA2.02.1?plan=tho-xuan-2024"))
    names = ("code", "name", "project", "unit", "kind", "decimals", "formula", "note")
    body = {name: defined[name] for name in names} | {
        "frequencies": ["quarter", "year"],
        "filled_by": ["communes"],
    }
    answer = await client.post(f"/indicators{query}", json=body | {"name": "Tên khác"})
    assert field_errors(answer) == [("/name", "defined_otherwise")]
    indicator = ok(await client.post(f"/indicators{query}", json=body), 201)
    assert (indicator["own"], indicator["plan"]) == (False, OTHER_PLAN)
    answer = await client.post(f"/indicators{query}", json=body)
    assert problem_of(answer) == (409, "already-exists")


async def test_what_a_plan_defines_for_itself_is_marked(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("admin")
    own = ok(await client.get(f"/indicators/DA7.01?plan={OTHER_PLAN}"))
    assert own["own"] is True
    codes = {row["code"] for row in await list_all(client, f"/programmes/{CODE}/indicators")}
    assert "DA7.01" not in codes
    body = {"code": "DA8", "name": "Dự án riêng"}
    assert ok(await client.post(f"/projects?plan={OTHER_PLAN}", json=body), 201)["own"] is True
    assert problem_of(await client.get("/projects/DA8?plan=tho-xuan-2024")) == (404, "not-found")
