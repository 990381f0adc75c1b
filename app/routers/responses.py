"""What operations declare about their responses in OpenAPI; the response with a report."""

from typing import Any

from fastapi import Response

from app.errors import (
    AmbiguousPlan,
    AmbiguousProgramme,
    NotAcceptable,
    NotFound,
    NotReady,
    NotSettled,
    OtherOwner,
    Problem,
    TooManyAttempts,
    TooManyRequests,
)
from app.http.headers import etag
from app.http.problems import MEDIA_TYPE
from app.services.reports.working_copy import ReportAnswer
from app.text import terms

SAMPLES: dict[type[Problem], Problem] = {
    OtherOwner: OtherOwner(plan="trieu-son-2024", owner="UBND huyện Triệu Sơn"),
    NotFound: NotFound(terms.PATH),
    AmbiguousPlan: AmbiguousPlan(
        plans="tho-xuan-2024, trieu-son-2024",
        extra={"choices": ["tho-xuan-2024", "trieu-son-2024"]},
    ),
    AmbiguousProgramme: AmbiguousProgramme(
        programmes="giam-ngheo-2021-2025, nong-thon-moi-2021-2025",
        extra={"choices": ["giam-ngheo-2021-2025", "nong-thon-moi-2021-2025"]},
    ),
    NotAcceptable: NotAcceptable(formats="application/json, text/csv"),
    NotReady: NotReady("full"),
    NotSettled: NotSettled(settled="2024-06-15T17:30:00+07:00"),
    TooManyAttempts: TooManyAttempts(300),
    TooManyRequests: TooManyRequests(1200),
}
"""Examples of the problem types whose texts have placeholders."""


def problems(*kinds: type[Problem] | Problem) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for the problems of an operation, each with an example.

    A class stands for its sample; an instance is its own example. The document adds the problems
    that follow from the operation itself (`app/http/openapi/problem_examples.py`).
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        problem = kind if isinstance(kind, Problem) else SAMPLES.get(kind) or kind()
        add_problem(responses, problem, key=problem.status)
    return responses


def add_problem(responses: dict[Any, dict[str, Any]], problem: Problem, *, key: int | str) -> None:
    """Add a problem to `responses` under its status; it replaces the example of the same type."""
    response = responses.setdefault(
        key,
        {
            "description": problem.title.en,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                    "examples": {},
                }
            },
        },
    )
    examples = response["content"][MEDIA_TYPE]["examples"]
    examples[problem.slug] = {"summary": problem.title.en, "value": problem.document("vi")}
    response["description"] = "; ".join(example["summary"] for example in examples.values())
    if problem.retry_after is not None:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After-If-Known"}}


def references(*names: str) -> dict[str, dict[str, str]]:
    """The headers of a response, as references to the components of the document."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def report_response(answer: ReportAnswer) -> Response:
    """The response with a report as JSON, and its version as the ETag."""
    headers = {"ETag": etag(answer.version)}
    if answer.is_repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, media_type="application/json", headers=headers)
