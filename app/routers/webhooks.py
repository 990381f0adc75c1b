"""Webhooks: addresses of gateways to Zalo OA, Telegram or SMS."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.channels.webhook import WebhookSender
from app.errors import NotFound, PreconditionRequired, Stale, StateConflict, TooManyRequests
from app.http.headers import etag, location
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AnswerLanguage,
    Cursor,
    Limit,
    Now,
    ReadSession,
    ServiceSettings,
    Unchanged,
    WebhooksAction,
    WebhooksReader,
    WriteSession,
    database_of,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.webhooks import NewWebhook, WebhookIn, WebhookOut, WebhookPatch, WebhookTested
from app.services.accounts import secrets
from app.services.notifications import webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)

WebhookId = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("", summary="List webhooks", responses=problems())
async def list_webhooks(
    principal: WebhooksReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[WebhookOut]:
    """The webhooks within reach, without their secrets."""
    items, next_cursor = await webhooks.list_page(session, principal, limit=limit, cursor=cursor)
    return Page[WebhookOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{webhook_id}", summary="Get a webhook", responses=problems(NotFound))
async def get_webhook(
    webhook_id: WebhookId, response: Response, principal: WebhooksReader, session: ReadSession
) -> WebhookOut:
    """One webhook, without its secret. Its ETag is required to change it."""
    webhook = await webhooks.get(session, principal, webhook_id)
    response.headers["ETag"] = etag(webhook.version)
    return WebhookOut.model_validate(webhook)


@router.post(
    "",
    summary="Create a webhook",
    status_code=201,
    responses=problems(StateConflict(secrets.TOO_MANY, count=100), TooManyRequests),
)
async def create_webhook(
    body: WebhookIn,
    request: Request,
    response: Response,
    action: WebhooksAction,
    session: WriteSession,
    settings: ServiceSettings,
) -> NewWebhook:
    """Create a webhook, which receives messages for all accounts at and below its agency.

    Only this answer contains the secret that signs its posts. An agency has at most 20 webhooks.
    """
    webhook = await webhooks.create(
        session, action, settings, agency=body.agency, url=body.url, active=body.active
    )
    response.headers["ETag"] = etag(webhook.version)
    response.headers["Location"] = location(request, webhook.id)
    return NewWebhook.model_validate(webhook)


@router.patch(
    "/{webhook_id}",
    summary="Change a webhook",
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def change_webhook(
    webhook_id: WebhookId,
    body: WebhookPatch,
    response: Response,
    action: WebhooksAction,
    session: WriteSession,
    settings: ServiceSettings,
    unchanged: Unchanged,
) -> WebhookOut:
    """Change the address of a webhook, or switch it on or off. Its secret stays the same."""
    webhook = await webhooks.change(
        session, action, settings, webhook_id, body.model_dump(), check_version=unchanged
    )
    response.headers["ETag"] = etag(webhook.version)
    return WebhookOut.model_validate(webhook)


@router.delete(
    "/{webhook_id}",
    summary="Delete a webhook",
    status_code=204,
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def delete_webhook(
    webhook_id: WebhookId, action: WebhooksAction, session: WriteSession, unchanged: Unchanged
) -> None:
    """Delete a webhook. Its pending messages go to the next one above it, if any."""
    await webhooks.delete(session, action, webhook_id, check_version=unchanged)


@router.post("/{webhook_id}/test", summary="Test a webhook", responses=problems(NotFound))
async def try_out_webhook(
    webhook_id: WebhookId,
    request: Request,
    principal: WebhooksReader,
    language: AnswerLanguage,
    now: Now,
) -> WebhookTested:
    """Send a signed test at once, also to an inactive webhook, and return the outcome."""
    sender: WebhookSender = request.app.state.webhook_sender
    result = await webhooks.try_out(
        database_of(request), sender, principal, webhook_id, language=language, now=now
    )
    return WebhookTested.model_validate(result)
