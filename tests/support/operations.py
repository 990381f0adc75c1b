"""Every operation of the API, as its own document tells of them, with an address to call it at."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.clock import Clock
from app.main import create_app
from app.settings import Settings

PREFIX = "/api/v1"
PATH_PARAMETERS = {
    "period": "2024-Q2",
    "agency": "15493",
    "number": "1",
    "project": "DA2",
    "schedule": "quarterly",
    "day": "2024-07-01",
    "username": "xuan-hong",
}
CODES = {
    "plans": "tho-xuan-2024",
    "projects": "DA2",
    "agencies": "15493",
    "indicators": "DA2.02",
    "schedules": "quarterly",
    "reporting-periods": "2024-Q2",
    "reminder-rules": "before",
}
"""What `{code}` stands for, by resource; a place that is in neither table is the number 1."""


@dataclass(frozen=True)
class Operation:
    """One operation: its name, where it is, and what it takes."""

    name: str
    tag: str
    method: str
    path: str
    query: dict[str, bool]
    """The parameters, and whether each is required."""
    body: Any
    """An example of the JSON that it takes; None where it takes none."""
    needs_body: bool
    path_parameters: tuple[str, ...] = field(default=())

    def address(self, **other: str) -> str:
        """Where it is in the plan of 2024, with `other` in the places that are named."""
        address = self.path.removeprefix(PREFIX)
        resource = address.split("/")[1]
        for place in self.path_parameters:
            value = CODES.get(resource, "1") if place == "code" else PATH_PARAMETERS.get(place, "1")
            address = address.replace(f"{{{place}}}", other.get(place) or quote(value))
        return address

    def required(self) -> dict[str, str]:
        """The query without which it cannot be asked at all."""
        value = {"period": "2024-Q2", "year": "2024"}
        return {name: value[name] for name, required in self.query.items() if required}


APPLICATION = create_app(Settings(embedded_worker=False), "", Clock())
"""Made once: that its routes are analysed takes longer than most tests."""
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
