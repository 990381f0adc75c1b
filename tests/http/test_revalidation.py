"""Reference data has an ETag, and 304 confirms that it has not changed."""

import httpx
import pytest

from tests.conftest import Service
from tests.support.operations import DOCUMENT, OPERATIONS, Operation
from tests.support.report_calls import ok

BY_NAME = {operation.name: operation for operation in OPERATIONS}
REVALIDATED = [
    "list_plans",
    "list_programmes",
    "get_programme",
    "list_programme_projects",
    "list_programme_indicators",
    "list_projects",
    "list_agencies",
    "list_responsibilities",
    "list_assignments",
    "list_budget_lines",
    "get_budget_summary",
    "list_indicators",
    "list_schedules",
    "list_reporting_periods",
    "get_reporting_period",
    "list_working_days",
]


async def get(client: httpx.AsyncClient, operation: Operation, tag: str = "") -> httpx.Response:
    headers = {"If-None-Match": tag} if tag else {}
    return await client.get(operation.address(), params=operation.required(), headers=headers)


@pytest.mark.parametrize("name", REVALIDATED)
async def test_an_unchanged_answer_is_confirmed_without_its_body(
    service: Service, name: str
) -> None:
    client, operation = service.client("coordinator"), BY_NAME[name]
    first = await get(client, operation)
    assert first.status_code == 200, first.text
    tag = first.headers["ETag"]
    for listed in (tag, f"W/{tag}", f'"other", {tag[:-1]}-gzip"', "*"):
        again = await get(client, operation, listed)
        assert (again.status_code, again.content) == (304, b""), listed
    assert again.headers["ETag"] == tag
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        vary = answer.headers["Vary"].split(", ")
        assert {"Authorization", "X-API-Key"} <= set(vary)
        assert len(vary) == len(set(vary))
    assert "Accept-Encoding" in again.headers["Vary"]
    assert (await get(client, operation, '"other"')).json() == first.json()


@pytest.mark.parametrize("name", REVALIDATED)
def test_the_document_describes_304(name: str) -> None:
    (operation,) = (
        each
        for methods in DOCUMENT["paths"].values()
        for each in methods.values()
        if each["operationId"] == name
    )
    assert {"ETag", "Vary"} <= operation["responses"]["304"]["headers"].keys()
    assert {"ETag", "Vary"} <= operation["responses"]["200"]["headers"].keys()
    assert "If-None-Match" in {parameter["name"] for parameter in operation["parameters"]}


async def test_a_change_gives_a_list_a_new_tag(service: Service) -> None:
    client = service.client("coordinator")
    names = ("list_budget_lines", "get_budget_summary", "list_projects")
    before = {name: (await get(client, BY_NAME[name])).headers["ETag"] for name in names}
    (line, *_) = ok(await client.get("/budgets?limit=1"))["items"]
    changed = await client.patch(
        f"/budgets/{line['id']}",
        json={"amount_vnd": line["amount_vnd"] + 1},
        headers={"If-Match": f'"{line["version"]}"'},
    )
    assert changed.status_code == 200
    for name, tag in before.items():  # a project's version stays, but its sum changes
        assert (await get(client, BY_NAME[name], tag)).status_code == 200, name


async def test_the_tag_of_one_resource_stays_its_version(service: Service) -> None:
    client = service.client("coordinator")
    answer = await client.get("/projects/DA2")
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    assert answer.headers["Cache-Control"] == "no-store"
    repeated = await client.get("/projects/DA2", headers={"If-None-Match": answer.headers["ETag"]})
    assert repeated.status_code == 200


async def test_problems_have_no_tag(service: Service) -> None:
    answer = await service.client("coordinator").get(
        "/plans?year=1", headers={"If-None-Match": "*"}
    )
    assert answer.status_code == 422
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    anonymous = await service.client().get("/plans", headers={"If-None-Match": "*"})
    assert anonymous.status_code == 401
