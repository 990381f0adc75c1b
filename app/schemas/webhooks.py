"""The wire format of webhooks."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import MISSING, AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import Code, Flag, Input, Instant, Output, Version, examples
from app.schemas.notifications import PlanConcern
from app.vocabulary import Timeliness


def _web_address(url: str) -> str:
    """Require http or https and a host; reject user names and passwords, which would be shown."""
    try:
        parts = urlsplit(url)
        reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        reachable = False
    else:
        reachable &= parts.scheme in {"http", "https"} and "@" not in parts.netloc
    if reachable and url.isprintable() and " " not in url:
        return url
    raise PydanticCustomError("web_address", "Expected an address that starts with http(s)://")


WebAddress = Annotated[
    str,
    StringConstraints(max_length=2000, strip_whitespace=True),
    AfterValidator(_web_address),
    Field(
        description="http:// or https://; in production a public https address.",
        json_schema_extra={"format": "uri"},
    ),
]

WEBHOOK: dict[str, Any] = {
    "id": 3,
    "agency": "395",
    "url": "https://zalo.thoxuan.example.vn/tiendo",
    "active": True,
    "created_at": "2024-06-10T08:00:00+07:00",
    "version": 1,
}


class WebhookIn(Input):
    """A new webhook, for all accounts at and below an agency."""

    model_config = examples({"agency": "395", "url": "https://zalo.thoxuan.example.vn/tiendo"})

    agency: Code = Field(description="The code of the agency.")
    url: WebAddress
    active: Flag = Field(default=True, description="Whether it is in use.")


class WebhookPatch(Input):
    """The changed fields of a webhook."""

    model_config = examples({"active": False})

    url: WebAddress | MISSING = Field(default=MISSING, description="The address.")
    active: Flag | MISSING = Field(default=MISSING, description="false: nothing is posted there.")


class WebhookOut(Output):
    """A webhook, without its secret."""

    model_config = examples(WEBHOOK)

    id: int = Field(description="The identifier.")
    agency: str = Field(description="The code of the agency.")
    url: str = Field(description="The address.")
    active: bool = Field(description="Whether it is in use.")
    created_at: Instant = Field(description="When it was created.")
    version: Version


class NewWebhook(WebhookOut):
    """A new webhook with its secret."""

    model_config = examples(
        WEBHOOK | {"secret": "whsec_8XkQ2nVq4tY7bR1mLz0cPd5sJw9hFg3eYk2m0aQwT1s="}
    )

    secret: str = Field(description="The key that verifies signatures; shown only this once.")


class WebhookTested(Output):
    """The outcome of a test."""

    model_config = examples(
        {"ok": False, "error": "cổng nhận tin trả lời 503", "sent_at": "2024-06-10T08:00:00+07:00"}
    )

    ok: bool = Field(description="Whether the gateway answered 2xx.")
    error: str | None = Field(description="Why the test failed.")
    sent_at: Instant = Field(description="When it was sent.")


class WebhookRecipient(Output):
    """The user to whom a message is addressed."""

    username: str = Field(description="The user name.")
    full_name: str = Field(description="The full name of the person.")
    email: str | None = Field(description="The e-mail address.")


class WebhookObligation(Output):
    """A report that a message is about."""

    plan: str = Field(description="The code of the plan.")
    period: str = Field(description="The code of the period.")
    agency: str = Field(description="The code of the agency.")
    agency_name: str = Field(description="The name of the agency.")
    due_date: date = Field(description="The last day that is on time.")
    timeliness: Timeliness = Field(description="The timeliness.")
    correction_due: date | None = Field(
        description="The day by which a returned report is due again."
    )
    about: str = Field(description="The code of a reminder rule, or the kind of an event.")


class WebhookMessage(Output):
    """The body of a post to a webhook."""

    model_config = examples(
        {
            "message_id": "01900b34-6a58-7a31-9d0c-5c3e2f7b8a14",
            "sent_at": "2024-06-12T08:00:00+07:00",
            "recipient": {
                "username": "xuan-hong",
                "full_name": "Nguyễn Văn An",
                "email": "xuanhong@example.vn",
            },
            "subject": "Còn 3 ngày: báo cáo quý II năm 2024",
            "text": "Kính gửi Ông/Bà Nguyễn Văn An,\n\n…",
            "obligations": [
                {
                    "plan": "tho-xuan-2024",
                    "period": "2024-Q2",
                    "agency": "15493",
                    "agency_name": "Xã Xuân Hồng",
                    "due_date": "2024-06-15",
                    "timeliness": "due_soon",
                    "correction_due": None,
                    "about": "before-3",
                }
            ],
            "plans": [],
        }
    )

    message_id: str = Field(
        description="Never repeats, also after a restore. Begins with `test-` in a test."
    )
    sent_at: Instant = Field(description="When it was sent.")
    recipient: WebhookRecipient = Field(description="The user to whom it is addressed.")
    subject: str = Field(description="The subject.")
    text: str = Field(description="The whole message, to be forwarded unchanged.")
    obligations: list[WebhookObligation] = Field(
        description="The reports that the message is about."
    )
    plans: list[PlanConcern] = Field(description="Events of a plan as a whole.")
