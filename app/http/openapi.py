"""The OpenAPI document: FastAPI's, completed with problem documents, tags and exact examples."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.errors import BodyTooLarge, MalformedJson, RequestTimeout, UnsupportedMediaType
from app.http.problems import MEDIA_TYPE
from app.routers.responses import problems
from app.schemas.base import Input, Output

TAGS = [
    ("auth", "Đăng nhập, đăng xuất, tài khoản của mình."),
    ("plans", "Kế hoạch: căn cứ, mục tiêu, giải pháp."),
    ("projects", "Dự án, tiểu dự án và tiền của chúng."),
    ("agencies", "Cơ quan, đơn vị: một cây, mã có thời hạn hiệu lực."),
    ("assignments", "Phân công: đơn vị nào chủ trì, phối hợp dự án nào."),
    ("budgets", "Dòng vốn theo dự án, nguồn và năm gốc; số nguyên đồng."),
    ("indicators", "Danh mục chỉ tiêu (mã của phòng chuyên môn, không phải mã chính thức)."),
    ("schedules", "Chế độ báo cáo và ngày làm việc hoán đổi."),
    ("reporting-periods", "Kỳ báo cáo: kỳ số liệu, hạn gửi, thời điểm bắt đầu tính muộn."),
    ("obligations", "Nghĩa vụ báo cáo: ai phải gửi gì, khi nào, đang ở tình trạng nào."),
    ("reports", "Báo cáo: bản nháp, gửi, trả lại, duyệt, mở lại, các bản đã gửi."),
    ("aggregates", "Tổng hợp theo cây đơn vị, luôn kèm độ phủ."),
    ("notifications", "Thông báo của mình và kênh nhận."),
    ("reminders", "Quy tắc nhắc hạn, xem trước, nhắc tay."),
    ("webhooks", "Đẩy thông báo sang Zalo OA, Telegram, SMS."),
    ("calendar", "Lịch hạn gửi để đăng ký trên điện thoại."),
    ("users", "Quản trị tài khoản."),
    ("api-keys", "Khóa API cho hệ thống khác."),
    ("audit-events", "Nhật ký: ai làm gì, khi nào, từ đâu."),
    ("jobs", "Công việc nền."),
    ("health", "Tình trạng dịch vụ."),
]
"""The tags with their descriptions, in the order in which /docs shows them."""

DESCRIPTION = """
Dịch vụ báo cáo tiến độ chương trình mục tiêu quốc gia.

* Mọi đường dẫn nằm dưới `/api/v1`; thời điểm theo ISO 8601 có múi giờ, ngày `YYYY-MM-DD`,
  tiền là số nguyên đồng (`…_vnd`).
* Danh sách trả `{"items": […], "next_cursor": …}`; gửi lại `next_cursor` để lấy trang sau.
* Lỗi là `application/problem+json` (RFC 9457) với `type` cố định; lỗi dữ liệu có
  `errors: [{pointer, code, message}]`. Thông báo tiếng Việt, hoặc tiếng Anh theo `Accept-Language`.
* Trường hoặc tham số lạ bị từ chối.
* Khi có nhiều kế hoạch phù hợp, thêm `plan=`.
"""

PROBLEM_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457). `type` is stable; the texts may change.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/stale"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "choices": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Codes of the matching plans (ambiguous-plan).",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "level", "pointer", "code", "message"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "level": {"type": "string", "enum": ["error", "warning"]},
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


def describe(app: FastAPI) -> None:
    """Make the application serve this document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI documents


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Tiến độ",
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
    )
    schemas = document["components"]["schemas"]
    schemas["ProblemDocument"] = PROBLEM_DOCUMENT
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (*_models(Input), *_models(Output)):
        _keep_nulls(schemas.get(model.__name__, {}), model)
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                _add_body_problems(operation["responses"])
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


def _add_body_problems(responses: dict[str, Any]) -> None:
    """Add the problems that every operation with a body can respond with."""
    kinds = (MalformedJson, RequestTimeout, BodyTooLarge, UnsupportedMediaType)
    for status, response in problems(*kinds).items():
        known = responses.setdefault(str(status), response)
        if known is not response:
            examples = response["content"][MEDIA_TYPE]["examples"]
            known["content"][MEDIA_TYPE]["examples"] |= examples
