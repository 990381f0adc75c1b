"""The headers of responses in the OpenAPI document."""

from typing import Any

from app.routers.responses import references

_TEXT = {"type": "string"}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Identifies the request in the log of the service. Quote it in a report of "
        "a fault.",
        "required": True,
        "schema": _TEXT | {"examples": ["9f1c2ab34d5e6f70"]},
    },
    "ETag": {
        "description": "The version of the representation: `version` of the body in quotes, or a "
        "fingerprint of what cannot be edited. Send the one as `If-Match` with a change, the other "
        "as `If-None-Match` to save a repeated transfer.",
        "required": True,
        "schema": _TEXT | {"examples": ['"3"']},
    },
    "Location": {
        "description": "The path of the created resource.",
        "required": True,
        "schema": _TEXT | {"format": "uri-reference"},
    },
    "Retry-After": {
        "description": "The seconds to wait before the request is repeated.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After-If-Known": {
        "description": "The seconds to wait, if the state ends by itself.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "The scheme of authentication.",
        "required": True,
        "schema": _TEXT | {"enum": ["Bearer"]},
    },
    "Vary": {
        "description": "The request headers on which the representation depends.",
        "required": True,
        "schema": _TEXT | {"examples": ["Accept, Authorization, X-API-Key"]},
    },
    "Content-Disposition": {
        "description": "Names the file of a download.",
        "required": True,
        "schema": _TEXT | {"examples": ['attachment; filename="2024-Q2-395.csv"']},
    },
    "Idempotent-Replayed": {
        "description": "`true`: the answer repeats that to an earlier request with the same "
        "`Idempotency-Key`. Absent otherwise.",
        "schema": _TEXT | {"enum": ["true"]},
    },
}
"""The described headers by name, kept once as components."""

WITHOUT_ETAG = "ObligationOut"
"""Its `version` is that of the report; an obligation itself is changed without If-Match."""
BY_STATUS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


def describe_headers(
    operation: dict[str, Any], method: str, schemas: dict[str, dict[str, Any]]
) -> None:
    """Add the headers that follow from a response's status and schema.

    A body with `version` comes with its ETag, as does what a 304 can confirm; a POST that creates a
    resource answers with its Location. Routes declare other headers.
    """
    responses = operation["responses"]
    for status, response in responses.items():
        names = ["X-Request-ID"]
        if status in BY_STATUS:
            names.append(BY_STATUS[status])
        if status == "304" or (status == "200" and "304" in responses):
            names.append("ETag")
        if status.startswith("2") and _has_version(response, schemas):
            names.append("ETag")
        if status == "201" and method == "post":
            names.append("Location")
        response["headers"] = response.get("headers", {}) | references(*names)


def _has_version(response: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return name != WITHOUT_ETAG and "version" in schemas.get(name, schema).get("properties", {})
