"""Schema of audit events."""

from typing import Any

from pydantic import Field

from app.schemas.base import Instant, Output, examples


class AuditEvent(Output):
    """An audit event: actor, action, subject, instant, origin, and the changed fields."""

    model_config = examples(
        {
            "at": "2024-06-14T16:42:07.120418+07:00",
            "actor": "coordinator",
            "action": "report.accepted",
            "subject": "reports/tho-xuan-2024/2024-Q2/15493",
            "agency": "15493",
            "origin": "10.38.95.7",
            "before": {"status": "submitted"},
            "after": {"status": "accepted"},
            "hash": "5f0c" * 16,
        }
    )

    at: Instant
    actor: str
    action: str
    subject: str
    agency: str | None = Field(description="Đơn vị có liên quan; null: toàn hệ thống.")
    origin: str | None = Field(description="Địa chỉ mạng của người thực hiện.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str = Field(description="SHA-256 nối tiếp sự kiện trước, dạng thập lục phân.")
