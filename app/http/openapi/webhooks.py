"""What the service posts to webhooks, for the section `webhooks` of the document."""

from typing import Annotated, Any

from fastapi import APIRouter, Header

from app.schemas.webhooks import WebhookMessage

router = APIRouter()

ANSWERS: dict[int | str, dict[str, Any]] = {
    "2XX": {"description": "Received: the message counts as sent."},
    "4XX": {
        "description": "Refused. 400, 401, 403, 404, 405, 410, 413 and 422 fail the message; the "
        "others are tried again."
    },
    "5XX": {"description": "Not received: the message is sent again, for about three days."},
}


@router.post(
    "message",
    operation_id="post_message",
    openapi_extra={"security": []},
    status_code=204,
    summary="A message to a user",
    tags=["webhooks"],
    responses=ANSWERS,
)
def post_message(
    body: WebhookMessage,
    webhook_id: Annotated[
        str,
        Header(
            alias="webhook-id",
            description="The same at every attempt: store it, and answer a known one with 200.",
        ),
    ],
    webhook_timestamp: Annotated[
        str, Header(alias="webhook-timestamp", description="When it was sent, in Unix seconds.")
    ],
    webhook_signature: Annotated[
        str,
        Header(
            alias="webhook-signature",
            description="`v1,` and the base64 of the HMAC-SHA256 of "
            "`<webhook-id>.<webhook-timestamp>.<body>` with the webhook's secret.",
        ),
    ],
) -> None:
    """Post a message to the gateway that covers the user, signed by Standard Webhooks."""
