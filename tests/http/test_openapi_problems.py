"""The problems in the OpenAPI document are those that the operations answer."""

import json
from typing import Any

import httpx
import pytest

from app.http.problems import MEDIA_TYPE
from app.policy import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Permission, permissions_of
from app.vocabulary import Role
from tests.conftest import Service
from tests.support.operations import DOCUMENT, OPERATIONS, PUBLIC, Operation

ACCOUNTS = {
    Role.REPORTER: "xuan-hong",
    Role.VIEWER: "vice-chairman",
    Role.COORDINATOR: "coordinator",
    Role.ADMIN: "admin",
}
BY_NAME = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}
ALL = [pytest.param(operation, id=operation["operationId"]) for operation in BY_NAME.values()]
FORM = "application/x-www-form-urlencoded"


def _example(name: str, status: int, slug: str) -> Any:
    content = BY_NAME[name]["responses"][str(status)]["content"]
    return content[MEDIA_TYPE]["examples"][slug]["value"]


def _caller(service: Service, operation: Operation, *, allowed: bool) -> httpx.AsyncClient | None:
    """A client that has, or lacks, the permission of the operation."""
    permission = BY_NAME[operation.name].get("x-permission")
    if permission is None:
        return service.client() if allowed else None
    for role, account in ACCOUNTS.items():
        if (Permission(permission) in ROLE_PERMISSIONS[role]) is allowed:
            return service.client(account)
    return None


@pytest.mark.parametrize("operation", ALL)
def test_an_operation_lists_its_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    assert {"401", "403"} <= responses.keys() or operation["operationId"] in PUBLIC
    if operation["operationId"] not in {"live", "ready", "metrics"}:
        assert {"422", "503"} <= responses.keys()
    if "requestBody" in operation:
        assert {"400", "413", "415"} <= responses.keys()
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        assert "404" in responses
    assert list(responses) == sorted(responses)


@pytest.mark.parametrize("operation", ALL)
def test_an_example_of_a_problem_has_its_status_and_level(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        for slug, example in (
            response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items()
        ):
            problem = example["value"]
            assert problem["status"] == int(status)
            assert problem["type"] == f"/problems/{slug}"
            level = "warning" if slug == "warnings-unconfirmed" else "error"
            assert {error["level"] for error in problem.get("errors", [])} <= {level}


async def test_the_403_of_each_operation_is_its_example(service: Service) -> None:
    compared = 0
    for operation in OPERATIONS:
        client = _caller(service, operation, allowed=False)
        if client is None:
            continue
        answer = await client.request(
            operation.method, operation.address(), params=operation.required()
        )
        assert answer.json() == _example(operation.name, 403, "forbidden"), operation.name
        compared += 1
    assert compared > 50


async def test_the_422_of_each_operation_is_its_example(service: Service) -> None:
    for operation in OPERATIONS:
        if operation.tag == "health" or operation.name == "get_calendar_feed":
            continue
        client = _caller(service, operation, allowed=True)
        assert client is not None
        example = _example(operation.name, 422, "validation-failed")
        request: dict[str, Any] = {"params": operation.required()}
        (error,) = example["errors"]
        name = error["pointer"][1:]
        if error["in"] == "query":
            request["params"] |= {name: "1"}
        elif operation.name == "sign_in":
            request["data"] = {"password": "x"}
        elif operation.takes_file:
            request["files"] = {"another": b"x"}
        else:
            body = {key: value for key, value in operation.body.items() if key != name}
            request["json"] = body | ({name: 1} if error["code"] == "extra_forbidden" else {})
        headers = {"If-Match": "*"}
        answer = await client.request(
            operation.method, operation.address(), headers=headers, **request
        )
        assert answer.json() == example, operation.name


async def test_the_415_and_400_of_each_operation_are_its_examples(service: Service) -> None:
    for operation in OPERATIONS:
        content = BY_NAME[operation.name].get("requestBody", {}).get("content", {})
        if not content:
            continue
        client = _caller(service, operation, allowed=True)
        assert client is not None
        answer = await client.request(
            operation.method,
            operation.address(),
            content=b"x",
            headers={"Content-Type": "text/plain", "If-Match": "*"},
        )
        assert answer.json() == _example(operation.name, 415, "unsupported-media-type")
        is_form = FORM in content or operation.takes_file
        slug = "malformed-form" if is_form else "malformed-json"
        assert _example(operation.name, 400, slug)


async def test_the_404_of_each_resource_is_its_example(service: Service) -> None:
    """Codes and ids differ from the example's where the test's own table has others."""
    for operation in OPERATIONS:
        addresses = operation.path_parameters and operation.tag != "aggregates"
        if operation.method != "GET" or not addresses:
            continue
        example = _example(operation.name, 404, "not-found")
        codes = {
            "code": "khong-co",
            "agency": "395-TTYT" if operation.name == "get_assignment" else "99999",
            "username": "khong-co",
            "number": "9",
            **({} if "agency" in operation.path_parameters else {"target": "khong-co"}),
            **dict.fromkeys(("line_id", "webhook_id"), "9999"),
        }
        names = {"number"} & set(operation.path_parameters) or operation.path_parameters
        named = {name: codes[name] for name in names if name in codes}
        address = operation.address(**named)
        client = _caller(service, operation, allowed=True)
        assert client is not None
        answer = await client.get(address, params=operation.required())
        assert answer.json()["type"] == "/problems/not-found", (operation.name, answer.text)
        noun = slice(0, 4)
        assert answer.json()["detail"].split()[noun] == example["detail"].split()[noun]


def test_security_names_what_works() -> None:
    for name, operation in BY_NAME.items():
        if name in PUBLIC:
            assert operation["security"] == []
            assert "x-permission" not in operation
            continue
        permission = Permission(operation["x-permission"])
        keys = permissions_of(None, list(SCOPE_PERMISSIONS))
        expected: list[dict[str, list[str]]] = (
            [{"token": []}, {"key": []}] if permission in keys else [{"token": []}]
        )
        assert operation["security"] == expected, name
        assert f"`{permission}`" in operation["description"]


async def test_a_key_is_refused_where_security_does_not_list_it(service: Service) -> None:
    scopes = [scope.value for scope in SCOPE_PERMISSIONS]
    body = {"name": "mọi quyền", "scopes": scopes, "agency": "395"}
    created = await service.client("admin").post("/api-keys", json=body)
    client = service.client(secret=created.json()["key"])
    for operation in OPERATIONS:
        security = BY_NAME[operation.name]["security"]
        if not security:
            continue
        address, query = operation.address(), operation.required()
        answer = await client.request(operation.method, address, params=query, json=operation.body)
        assert (answer.status_code == 403) is ({"key": []} not in security), operation.name


def test_the_document_has_the_examples_of_no_other_operation() -> None:
    texts = {json.dumps(_example(name, 403, "forbidden")) for name in BY_NAME if name not in PUBLIC}
    assert len(texts) == len(set(map(str, Permission)) - {"self"}) + 1
