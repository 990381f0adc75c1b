"""Webhooks: where messages go on to Zalo OA, Telegram or SMS, within reach."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.errors import NotFound, PreconditionRequired, Stale
from app.http.headers import etag, preferred_language
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    Now,
    ReadSession,
    ServiceSettings,
    Unchanged,
    WebhooksManager,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.webhooks import NewWebhook, WebhookIn, WebhookOut, WebhookPatch, WebhookTested
from app.services.notifications import webhooks
from app.services.notifications.webhooks import Gateway

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)

WebhookId = Annotated[int, Path(ge=1, lt=2**63)]


def _webhook(gateway: Gateway) -> WebhookOut:
    return WebhookOut.model_validate(
        {name: getattr(gateway.webhook, name, None) for name in WebhookOut.model_fields}
        | {"agency": gateway.agency}
    )


@router.get("", summary="Danh sách webhook", responses=problems())
async def list_webhooks(
    principal: WebhooksManager,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[WebhookOut]:
    """The webhooks within reach. Their secrets are never shown again."""
    found, following = await webhooks.find_all(session, principal, limit=limit, cursor=cursor)
    return Page[WebhookOut](items=[_webhook(each) for each in found], next_cursor=following)


@router.get("/{webhook_id}", summary="Một webhook", responses=problems(NotFound))
async def get_webhook(
    webhook_id: WebhookId, response: Response, principal: WebhooksManager, session: ReadSession
) -> WebhookOut:
    """One webhook; its ETag is for changing it."""
    found = await webhooks.find(session, principal, webhook_id)
    response.headers["ETag"] = etag(found.webhook.version)
    return _webhook(found)


@router.post("", summary="Tạo webhook", status_code=201, responses=problems())
async def create_webhook(
    body: WebhookIn,
    request: Request,
    response: Response,
    principal: WebhooksManager,
    session: WriteSession,
    settings: ServiceSettings,
    now: Now,
) -> NewWebhook:
    """Send messages by webhook for everybody at and below an agency to this address.

    The secret, with which each delivery is signed, is shown in this answer only.
    """
    made = await webhooks.create(
        session,
        principal,
        settings,
        agency=body.agency,
        url=body.url,
        active=body.active,
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(made.webhook.version)
    return NewWebhook(**_webhook(made).model_dump(), secret=made.secret)


@router.patch(
    "/{webhook_id}",
    summary="Sửa webhook",
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def change_webhook(
    webhook_id: WebhookId,
    body: WebhookPatch,
    request: Request,
    response: Response,
    principal: WebhooksManager,
    session: WriteSession,
    settings: ServiceSettings,
    now: Now,
    unchanged: Unchanged,
) -> WebhookOut:
    """Change the address, or switch it on or off; the secret stays."""
    found = await webhooks.change(
        session,
        principal,
        settings,
        webhook_id,
        body.model_dump(),
        check_version=unchanged,
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(found.webhook.version)
    return _webhook(found)


@router.delete(
    "/{webhook_id}",
    summary="Xóa webhook",
    status_code=204,
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def delete_webhook(
    webhook_id: WebhookId,
    request: Request,
    principal: WebhooksManager,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
) -> None:
    """Drop a webhook; what waits for it goes to the next one above, if there is one."""
    await webhooks.delete(
        session,
        principal,
        webhook_id,
        check_version=unchanged,
        now=now,
        actor=actor(request, principal),
    )


@router.post("/{webhook_id}/test", summary="Gửi thử", responses=problems(NotFound))
async def try_out_webhook(
    webhook_id: WebhookId,
    request: Request,
    principal: WebhooksManager,
    session: ReadSession,
    settings: ServiceSettings,
    now: Now,
) -> WebhookTested:
    """Send a signed test now, and tell what came of it. Switched off or not, it is sent."""
    language = preferred_language(request)
    tested = await webhooks.try_out(
        session, principal, settings, webhook_id, language=language, now=now
    )
    return WebhookTested.model_validate(tested)
