"""The headers of responses: those that the OpenAPI document describes are sent."""

from typing import Any

import pytest

from tests.conftest import Service
from tests.support.operations import DOCUMENT, OPERATIONS
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok

COMPONENTS = DOCUMENT["components"]
BY_NAME = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}


def _headers(name: str, status: int) -> set[str]:
    return set(BY_NAME[name]["responses"][str(status)].get("headers", {}))


def test_every_response_describes_its_headers() -> None:
    for operation in BY_NAME.values():
        for status, response in operation["responses"].items():
            headers = response["headers"]
            assert "X-Request-ID" in headers
            assert ("Retry-After" in headers) or status not in {"429", "503"}
            assert ("WWW-Authenticate" in headers) is (status == "401")
            for name, header in headers.items():
                component = header["$ref"].removeprefix("#/components/headers/")
                assert component in {name, f"{name}-If-Known"}
                assert COMPONENTS["headers"][name]["description"]


def test_a_409_that_ends_by_itself_describes_retry_after() -> None:
    assert "Retry-After" in _headers("remind_obligation", 409)
    assert "Retry-After" not in _headers("accept_report", 409)


async def test_reads_send_the_headers_that_they_describe(service: Service) -> None:
    client = service.client("coordinator")
    for operation in OPERATIONS:
        if operation.method != "GET" or operation.name == "get_calendar_feed":
            continue
        answer = await client.get(
            operation.address() if operation.tag != "health" else f"http://test{operation.path}",
            params=operation.required(),
        )
        described = BY_NAME[operation.name]["responses"][str(answer.status_code)]["headers"]
        for name in described:
            if COMPONENTS["headers"][name].get("required"):
                assert name in answer.headers, (operation.name, answer.status_code, name)
        if "ETag" in answer.headers and answer.status_code == 200:
            assert "ETag" in described, operation.name


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("admin", "/users", {"username": "moi", "full_name": "Mới", "role": "viewer", "agency": "395"}),
    ("admin", "/api-keys", {"name": "k", "scopes": ["reports:read"], "agency": "395"}),
    (
        "coordinator",
        "/agencies",
        {"code": "99901", "name": "A", "kind": "bank", "parent": "395"},
    ),
    ("coordinator", "/projects", {"code": "DA9", "name": "Dự án 9"}),
    ("coordinator", "/webhooks", {"agency": "395", "url": "http://127.0.0.1:9/x"}),
    ("coordinator", "/calendar-links", {"agency": "395"}),
]


@pytest.mark.parametrize(("person", "path", "body"), BODIES, ids=[path for _, path, _ in BODIES])
async def test_a_created_resource_has_a_location(
    service: Service, person: str, path: str, body: dict[str, Any]
) -> None:
    client = service.client(person)
    answer = await client.post(path, json=body)
    created = ok(answer, 201)
    code = created.get("username") or created.get("code") or created["id"]
    assert answer.headers["Location"] == f"/api/v1{path}/{code}"
    found = await client.get(f"http://test{answer.headers['Location']}")
    assert found.status_code in {200, 405}  # keys and calendars can only be revoked
    if found.status_code == 200:
        assert found.headers["ETag"] == answer.headers["ETag"]


async def test_a_repeated_submission_describes_its_mark(service: Service) -> None:
    client = service.client("xuan-hong")
    await draft(client, XUAN_HONG)
    path, headers = f"/reports/{Q2}/{XUAN_HONG}/submit", {"Idempotency-Key": "k"}
    first = await client.post(path, json={}, headers=headers)
    second = await client.post(path, json={}, headers=headers)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" in _headers("submit_report", 200)


async def test_a_row_of_a_list_can_be_changed_without_reading_it_again(service: Service) -> None:
    client = service.client("coordinator")
    (line, *_) = ok(await client.get("/budgets?limit=1"))["items"]
    answer = await client.patch(
        f"/budgets/{line['id']}",
        json={"decision": "Quyết định số 1/QĐ-UBND"},
        headers={"If-Match": f'"{line["version"]}"'},
    )
    assert ok(answer)["version"] == line["version"] + 1
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'


async def test_rows_of_reports_have_the_version_of_the_report(service: Service) -> None:
    client = service.client("xuan-hong")
    query = {"period": Q2}
    for path in ("/reports", "/obligations"):
        (row,) = ok(await client.get(path, params=query))["items"]
        assert row["version"] == 0
    body: dict[str, Any] = {"entries": [], "disbursements": [], "narrative": {}}
    path = f"/reports/{Q2}/{XUAN_HONG}"
    answer = await client.put(f"{path}/draft", json=body, headers={"If-Match": '"0"'})
    assert ok(answer)["version"] == 1
    assert answer.headers["ETag"] == '"1"'
    (row,) = ok(await client.get("/reports", params=query))["items"]
    assert row["version"] == ok(await client.get(path))["version"] == 1
