"""Schema of audit events."""

from typing import Annotated, Any

from pydantic import Field

from app.schemas.base import Instant, Output, SchemaOf, examples
from app.vocabulary import AuditAction


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

    at: Instant = Field(description="The instant, in the order of the ledger.")
    actor: str = Field(description="The user name, or the name of the API key.")
    # An event of an earlier version is shown even if its action is recorded no more.
    action: Annotated[str, SchemaOf(AuditAction)] = Field(description="What was done.")
    subject: str = Field(description="What was changed, as a path.")
    agency: str | None = Field(
        description="The code of the agency concerned; null: the whole system."
    )
    origin: str | None = Field(description="The network address of the actor.")
    before: dict[str, Any] | None = Field(description="The changed fields before.")
    after: dict[str, Any] | None = Field(description="The changed fields after.")
    hash: str = Field(
        description="SHA-256 in a chain with the event before, in hexadecimal digits."
    )
