"""The problem responses of operations in the OpenAPI document."""

from typing import Any

from app.errors import (
    FieldError,
    Forbidden,
    Overloaded,
    Problem,
    SeveralCredentials,
    Unauthenticated,
    ValidationFailed,
)
from app.http.problems import MEDIA_TYPE
from app.policy import Permission
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.validation_messages import MESSAGES

SAMPLE_FACTS = {
    "what": terms.REPORT.filled({"period": "2024-Q2", "agency": "15493"}),
    "operation": terms.OPERATION[Permission.REPORTS_REVIEW],
    "permission": Permission.REPORTS_REVIEW.value,
    "plans": "tho-xuan-2024, trieu-son-2024",
    "position": 17,
    "formats": "application/json, text/csv",
    "expected": "application/json",
    "why": Bilingual(
        "Báo cáo đang ở trạng thái đã duyệt, không sửa được nữa.",
        "The report is accepted and can no longer be changed.",
    ),
    "now": "2024-06-15T17:30:00+07:00",
    "seconds": 300,
    "count": 1,
    "request_id": "9f1c2ab34d5e6f70",
}
SAMPLE_ERROR = FieldError(
    "/entries/0/value", "greater_than_equal", MESSAGES["greater_than_equal"], {"ge": "0"}
)


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these problems and those common to all operations."""
    responses: dict[int | str, dict[str, Any]] = {}
    common: tuple[type[Problem], ...] = (
        SeveralCredentials,
        Unauthenticated,
        Forbidden,
        ValidationFailed,
        Overloaded,
    )
    for kind in kinds + common:
        response = responses.setdefault(
            kind.status,
            {
                "description": kind.title.vi,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                        "examples": {},
                    }
                },
            },
        )
        response["content"][MEDIA_TYPE]["examples"][kind.slug] = {"value": sample(kind)}
    return responses


def sample(kind: type[Problem]) -> dict[str, Any]:
    """An example document of a problem type."""
    document: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title.vi,
        "status": kind.status,
        "detail": kind.detail.fill("vi", SAMPLE_FACTS),
    }
    if issubclass(kind, ValidationFailed):
        document["errors"] = [SAMPLE_ERROR.document("vi")]
    return document
