"""All operations of the API, read from its OpenAPI document, with example requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi.routing import APIRoute

from app.clock import Clock
from app.main import create_app
from app.settings import Settings

PREFIX = "/api/v1"
PATH_PARAMETERS = {
    "period": "2024-Q2",
    "agency": "15493",
    "number": "1",
    "project": "DA2",
    "plan": "tho-xuan-2024",
    "target": "poor_households_reduction",
    "schedule": "quarterly",
    "day": "2024-07-01",
    "username": "xuan-hong",
    "extension": "csv",
}
CODES = {
    "programmes": "giam-ngheo-2021-2025",
    "plans": "tho-xuan-2024",
    "projects": "DA2",
    "agencies": "15493",
    "indicators": "DA2.02",
    "schedules": "quarterly",
    "reporting-periods": "2024-Q2",
    "reminder-rules": "before",
}
"""The value of `{code}` by resource. Parameters in neither table have the value 1."""


PUBLIC = {
    "live",
    "ready",
    "metrics",
    "sign_in",
    "check_receipt",
    "request_password_link",
    "set_password_by_link",
    "set_password_by_code",
    "get_calendar_feed",
}
"""Operations without authentication. The URL of a calendar feed contains a secret."""


@dataclass(frozen=True)
class Operation:
    """An operation of the API and its parameters."""

    name: str
    tag: str
    method: str
    path: str
    query: dict[str, bool]
    """Names of the query parameters, and whether each is required."""
    body: Any
    """An example of the JSON body; None if it takes none."""
    needs_body: bool
    path_parameters: tuple[str, ...] = field(default=())
    takes_file: bool = False
    """Whether the body is a form with the part `file`."""

    def address(self, **other: str) -> str:
        """The path with example codes of the 2024 plan; `other` overrides them by name."""
        address = self.path.removeprefix(PREFIX)
        resource = address.split("/")[1]
        for name in self.path_parameters:
            value = CODES.get(resource, "1") if name == "code" else PATH_PARAMETERS.get(name, "1")
            address = address.replace(f"{{{name}}}", other.get(name) or quote(value))
        return address

    def required(self) -> dict[str, str]:
        """Example values of the required query parameters."""
        values = {
            "period": "2024-Q2",
            "year": "2024",
            "from": "1",
            "number": "3F9A",
            "fingerprint": "5f0c",
        }
        return {name: values[name] for name, required in self.query.items() if required}


APPLICATION = create_app(Settings(embedded_worker=False), "", Clock())
"""Created once, because FastAPI's analysis of the routes takes longer than most tests."""
DOCUMENT = APPLICATION.openapi()


def _read_operations() -> list[Operation]:
    return [
        _operation(DOCUMENT, path, method, description)
        for path, methods in DOCUMENT["paths"].items()
        for method, description in methods.items()
    ]


def _operation(
    document: dict[str, Any], path: str, method: str, description: dict[str, Any]
) -> Operation:
    parameters = description.get("parameters", [])
    return Operation(
        name=description["operationId"],
        tag=description["tags"][0],
        method=method.upper(),
        path=path,
        query={p["name"]: p.get("required", False) for p in parameters if p["in"] == "query"},
        body=_example(document, description),
        needs_body=description.get("requestBody", {}).get("required", False),
        path_parameters=tuple(p["name"] for p in parameters if p["in"] == "path"),
        takes_file="multipart/form-data" in description.get("requestBody", {}).get("content", {}),
    )


def _example(document: dict[str, Any], description: dict[str, Any]) -> Any:
    content = description.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    reference = schema.get("$ref") or schema["anyOf"][0]["$ref"]
    return document["components"]["schemas"][reference.rsplit("/")[-1]]["examples"][0]


OPERATIONS = _read_operations()
UNDER_VERSION = [operation for operation in OPERATIONS if operation.path.startswith(PREFIX)]


def routes(router: Any) -> Iterator[APIRoute]:
    """All routes of a router and its included routers, with those hidden from the document."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)
