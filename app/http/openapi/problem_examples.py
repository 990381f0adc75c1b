"""The problems that follow from an operation itself, with the answers that it really gives."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from app.errors import (
    AgencyEnded,
    BodyTooLarge,
    DatabaseUnavailable,
    FieldError,
    Forbidden,
    InsufficientStorage,
    MalformedForm,
    MalformedJson,
    NotFound,
    Overloaded,
    Problem,
    RequestTimeout,
    SeveralCredentials,
    Unauthenticated,
    UnsupportedMediaType,
    ValidationFailed,
)
from app.http.problems import MEDIA_TYPE
from app.http.routing import DUPLICATE_PARAMETER, unknown_parameter
from app.policy import READING, Permission
from app.routers.responses import add_problem
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.validation_messages import MESSAGES

JSON = "application/json"
API_PREFIX = "/api/v1/"

MISSING_RESOURCES: dict[str, tuple[Bilingual, Mapping[str, Any]]] = {
    "reports": (terms.REPORT, {"period": "2024-Q2", "agency": "99999"}),
    "obligations": (terms.REPORT, {"period": "2024-Q2", "agency": "99999"}),
    "revisions": (terms.REVISION, {"number": 9}),
    "aggregates": (terms.PERIOD, {"code": "2024-Q9"}),
    "users": (terms.ACCOUNT, {"username": "khong-co"}),
    "api-keys": (terms.API_KEY, {"id": 9999}),
    "programmes": (terms.PROGRAMME, {"code": "khong-co"}),
    "plans": (terms.PLAN, {"code": "khong-co"}),
    "targets": (terms.TARGET, {"code": "khong-co"}),
    "projects": (terms.PROJECT, {"code": "DA99"}),
    "agencies": (terms.AGENCY, {"code": "99999"}),
    "reorganisations": (terms.REORGANISATION, {"id": 9999}),
    "assignments": (terms.ASSIGNMENT, {"project": "DA2", "agency": "395-TTYT"}),
    "budgets": (terms.BUDGET_LINE, {"id": 9999}),
    "indicators": (terms.INDICATOR, {"code": "DA9.99"}),
    "schedules": (terms.SCHEDULE, {"code": "khong-co"}),
    "reporting-periods": (terms.PERIOD, {"code": "2024-Q9"}),
    "working-days": (terms.WORKING_DAY, {"day": "2024-07-01"}),
    "notifications": (terms.MESSAGE, {"id": 9999}),
    "reminder-rules": (terms.REMINDER_RULE, {"code": "khong-co"}),
    "webhooks": (terms.WEBHOOK, {"id": 9999}),
    "calendar-links": (terms.CALENDAR_LINK, {"id": 9999}),
    "calendar.ics": (terms.CALENDAR, {}),
}
"""What an operation does not find, by the last word of its path that a code or an id follows."""

SHARED_LINKS = {"get_calendar_feed"}
"""Operations that ignore unknown parameters, which applications add to shared addresses."""

PROBES = frozenset({"live", "ready"})
"""Operations that do not wait for the database."""


def describe_problems(
    operation: dict[str, Any],
    method_and_path: tuple[str, str],
    permission: Permission | None,
    schemas: Mapping[str, dict[str, Any]],
) -> None:
    """Add an operation's own problems, and order its responses by status."""
    method, path = method_and_path
    responses = operation["responses"]
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {}):
        responses.pop("422", None)  # FastAPI's own, which the service never answers
    for problem in _problems(operation, path, permission, schemas):
        add_problem(responses, problem, key=str(problem.status))
    if method != "get":
        add_problem(responses, InsufficientStorage(), key="507")
    if "404" in responses:
        add_problem(responses, _not_found(path), key="404")
    operation["responses"] = dict(sorted(responses.items()))


def _problems(
    operation: Mapping[str, Any],
    path: str,
    permission: Permission | None,
    schemas: Mapping[str, dict[str, Any]],
) -> Iterator[Problem]:
    if permission is not None:
        yield SeveralCredentials()
        yield Unauthenticated()
        yield Forbidden(terms.OPERATION[permission], permission.value)
        if permission not in READING:
            yield AgencyEnded()
    if path.startswith(API_PREFIX):
        yield ValidationFailed([_field_error(operation, schemas)])
    if operation["operationId"] not in PROBES:
        yield Overloaded()
        yield DatabaseUnavailable()
    for media_type in operation.get("requestBody", {}).get("content", {}):
        is_json = media_type == JSON
        yield MalformedJson(position=17) if is_json else MalformedForm(expected=media_type)
        yield RequestTimeout()
        yield BodyTooLarge()
        yield UnsupportedMediaType(expected=media_type)


def _field_error(operation: Mapping[str, Any], schemas: Mapping[str, dict[str, Any]]) -> FieldError:
    """An error that the operation finds: a missing field, or one that it does not know."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        reference = content["schema"].get("$ref") or content["schema"]["anyOf"][0]["$ref"]
        body = schemas[reference.rpartition("/")[2]]
        for name in body.get("required", ()):
            return FieldError(f"/{name}", "missing", MESSAGES["missing"])
        return FieldError("/unknown", "extra_forbidden", MESSAGES["extra_forbidden"])
    parameters = operation.get("parameters", ())
    known = [each["name"] for each in parameters if each["in"] == "query"]
    if operation["operationId"] in SHARED_LINKS:
        pointer = f"/{known[0]}"
        return FieldError(pointer, "duplicate_parameter", DUPLICATE_PARAMETER, part="query")
    return unknown_parameter("page", known)


def _not_found(path: str) -> NotFound:
    """The answer about what the path addresses; about the plan where it addresses nothing."""
    first, *_ = words = path.removeprefix(API_PREFIX).split("/")
    addressed = [word for word, next_word in pairwise(words) if next_word.startswith("{")]
    if not addressed and first not in {"aggregates", "calendar.ics"}:
        return NotFound(terms.PLAN, code="khong-co")
    named = [word for word in addressed if word in MISSING_RESOURCES] or [first]
    noun, facts = MISSING_RESOURCES[named[-1]]
    return NotFound(noun, **facts)
