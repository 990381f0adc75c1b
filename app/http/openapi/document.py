"""The OpenAPI document: FastAPI's, completed with problem documents, tags and exact examples."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.http.openapi import webhooks
from app.http.openapi.access import describe_access, permissions_by_operation
from app.http.openapi.parameters import describe_parameters
from app.http.openapi.problem_examples import describe_problems
from app.http.openapi.response_headers import HEADERS, describe_headers
from app.http.openapi.translation import translate
from app.schemas.base import Input, Output
from app.text import terms
from app.text.bilingual import Bilingual

TAGS = [
    ("auth", "Sign in and out; your own account."),
    ("reports", "Reports: draft, submission, return, acceptance, reopening, revisions."),
    ("obligations", "What is due: who owes which report by when, and its timeliness."),
    ("aggregates", "Sums over the tree of agencies, always with their coverage."),
    ("programmes", "Programmes: projects and indicators, defined once for all plans."),
    ("plans", "Plans: legal basis, targets, texts."),
    ("targets", "Targets of a plan, for the whole plan and for single agencies."),
    ("projects", "Projects and sub-projects, with their money."),
    ("agencies", "Agencies: a tree; a code belongs to an agency for an interval of time."),
    ("reorganisations", "Mergers, divisions and other dated changes of governments."),
    ("assignments", "Which agency leads or coordinates which project."),
    ("budgets", "Budget lines by project, source and origin, in VND."),
    ("indicators", "Indicators of a plan; their codes are not official."),
    ("schedules", "Schedules of reports, and swapped working days."),
    ("reporting-periods", "Periods: data windows, due dates, the first instant that is late."),
    ("notifications", "Your own messages and channels."),
    ("reminders", "Reminder rules, their preview, reminders by hand."),
    ("webhooks", "Gateways to which messages are posted, such as Zalo OA, Telegram or SMS."),
    ("calendar", "Calendars of due dates for phones."),
    ("users", "Accounts."),
    ("api-keys", "API keys for other systems."),
    ("audit-events", "Who did what, when, and from where."),
    ("jobs", "Background jobs."),
    ("health", "Probes and metrics."),
]
"""The tags with their descriptions, in the order in which /docs shows them."""

DESCRIPTION = """
The reporting service of a national target programme.

* All paths are under `/api/v1`. Instants are ISO 8601 with an offset, days are `YYYY-MM-DD`, money
  is an integer of VND in a field whose name ends in `_vnd`.
* A list answers `{"items": […], "next_cursor": …}`; send `next_cursor` as `cursor` to get the next
  page.
* An error is a problem document (RFC 9457), `application/problem+json`, with a stable `type`.
  Errors in fields are `errors: [{pointer, code, message}]`. Texts are Vietnamese, or English with
  `Accept-Language: en`.
* Whatever can be edited has a `version`. Send it in quotes as `If-Match` with a change; the header
  `ETag` is the same value, already quoted.
* Unknown fields and parameters are refused. New fields may be added to answers.
* An API key goes into `X-API-Key`, or into `Authorization: Bearer`, like an access token.
* If several plans match, add `plan=`.
"""

PROBLEM_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457). `type` is stable; the texts may change.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Names the type of the problem; it never changes.",
            "examples": ["/problems/stale"],
        },
        "title": {"type": "string", "description": "The type in words."},
        "status": {"type": "integer", "description": "The status of the response."},
        "detail": {"type": "string", "description": "What happened, for people."},
        "choices": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Codes of the matching plans (ambiguous-plan).",
        },
        "reason": {
            "type": "string",
            "enum": ["unreachable", "full"],
            "description": "Why the service is not ready (not-ready).",
        },
        "errors": {
            "type": "array",
            "description": "The fields that are invalid.",
            "items": {
                "type": "object",
                "required": ["in", "level", "pointer", "code", "message"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "level": {"type": "string", "enum": ["error", "warning"]},
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "project": {
                        "type": ["string", "null"],
                        "description": "In errors about a report: the code of the project.",
                    },
                    "indicator": {
                        "type": ["string", "null"],
                        "description": "In errors about a report: the code of the indicator.",
                    },
                    "sheet": {
                        "type": "string",
                        "description": "In errors about a workbook: the name of the sheet.",
                    },
                    "cell": {
                        "type": "string",
                        "description": "In errors about a workbook: the address of the cell.",
                    },
                },
            },
        },
    },
}


LABELS: dict[str, Mapping[Any, Bilingual]] = {
    "AuditAction": terms.AUDIT_ACTION,
    "BudgetNature": terms.BUDGET_NATURE,
    "BudgetOrigin": terms.BUDGET_ORIGIN,
    "BudgetSource": terms.BUDGET_SOURCE,
    "Channel": terms.CHANNEL,
    "Frequency": terms.FREQUENCY,
    "IndicatorKind": terms.INDICATOR_KIND,
    "ProposalRule": terms.PROPOSAL_RULE,
    "ReportStatus": terms.STATUS,
    "Role": terms.ROLE,
}
"""Texts of enumerations for people: `x-labels` of their schemas."""


def describe(app: FastAPI, path: str) -> None:
    """Make the application serve this document at a path: in Vietnamese, or with `lang=en`.

    `app.openapi()` is the English one. The Vietnamese one is made when it is first asked for.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    vietnamese: dict[str, Any] = {}

    async def serve(request: Request) -> Response:
        if request.query_params.get("lang") == "en":
            return JSONResponse(document())
        if not vietnamese:
            vietnamese.update(translate(document()))
        return JSONResponse(vietnamese)

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI documents
    app.openapi_url = path
    app.add_route(path, serve, include_in_schema=False)


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Tiến độ",
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        webhooks=webhooks.router.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
        servers=[{"url": "/", "description": "The host that serves this document."}],
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    # FastAPI's parameter takes absolute addresses only.
    document["externalDocs"] = {"url": "/docs/guide", "description": "The guide for clients."}
    components = document["components"]
    schemas = components["schemas"]
    schemas["ProblemDocument"] = PROBLEM_DOCUMENT
    components["headers"] = HEADERS
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, labels in LABELS.items():
        schemas[name]["x-labels"] = {value: text._asdict() for value, text in labels.items()}
    for model in (*_models(Input), *_models(Output)):
        _keep_nulls(schemas.get(model.__name__, {}), model)
    permissions = permissions_by_operation(app.routes)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            permission = permissions.get(operation["operationId"])
            describe_access(operation, permission)
            describe_parameters(operation)
            describe_problems(operation, (method, path), permission, schemas)
            describe_headers(operation, method, schemas)
            _require_if_match(operation)
    return document


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models derived from a base model."""
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def _keep_nulls(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Restore a model's examples: FastAPI drops the nulls in them, but responses contain nulls."""
    extra = model.model_config.get("json_schema_extra")
    if "examples" in schema and isinstance(extra, dict):
        schema["examples"] = extra["examples"]


def _require_if_match(operation: dict[str, Any]) -> None:
    """Mark If-Match as required on operations that respond 428 without it.

    The routes declare it as optional, because FastAPI responds 422 if a required header is missing.
    Operations that can also create (201) need no If-Match for that.
    """
    is_always_required = "428" in operation["responses"] and "201" not in operation["responses"]
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "If-Match" and is_always_required:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "title": parameter["schema"]["title"]}
