"""The wire format of webhooks."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import MISSING, AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import Code, Flag, Input, Instant, Output, Version, examples


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
    Field(description="http:// hoặc https://; khi vận hành thật chỉ nhận https công khai."),
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

    agency: Code
    url: WebAddress
    active: Flag = True


class WebhookPatch(Input):
    """The changed fields of a webhook."""

    model_config = examples({"active": False})

    url: WebAddress | MISSING = MISSING
    active: Flag | MISSING = Field(default=MISSING, description="false: ngừng gửi tới đây.")


class WebhookOut(Output):
    """A webhook, without its secret."""

    model_config = examples(WEBHOOK)

    id: int
    agency: str
    url: str
    active: bool
    created_at: Instant
    version: Version


class NewWebhook(WebhookOut):
    """A new webhook with its secret."""

    model_config = examples(
        WEBHOOK | {"secret": "whsec_8XkQ2nVq4tY7bR1mLz0cPd5sJw9hFg3eYk2m0aQwT1s="}
    )

    secret: str = Field(description="Khóa để kiểm tra chữ ký; chỉ hiện một lần này.")


class WebhookTested(Output):
    """The outcome of a test."""

    model_config = examples(
        {"ok": False, "error": "cổng nhận tin trả lời 503", "sent_at": "2024-06-10T08:00:00+07:00"}
    )

    ok: bool
    error: str | None = Field(description="Vì sao không được.")
    sent_at: Instant
