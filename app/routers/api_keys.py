"""Routes of API keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.errors import NotFound, StateConflict, TooManyRequests
from app.http.headers import location
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AccountsAction,
    AccountsReader,
    Cursor,
    Limit,
    ReadSession,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.accounts import ApiKey, ApiKeyIn, NewApiKey
from app.schemas.base import Page
from app.services.accounts import api_keys, secrets
from app.services.accounts.api_keys import ApiKeyValues

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=StrictRoute)


@router.get("", summary="List API keys", responses=problems())
async def list_api_keys(
    principal: AccountsReader,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ApiKey]:
    """List the API keys within reach, including revoked ones, without the keys themselves."""
    items, next_cursor = await api_keys.list_page(session, principal, limit=limit, cursor=cursor)
    return Page[ApiKey].model_validate({"items": items, "next_cursor": next_cursor})


@router.post(
    "",
    summary="Create an API key",
    status_code=201,
    responses=problems(StateConflict(secrets.TOO_MANY, count=100), TooManyRequests),
)
async def create_api_key(
    body: ApiKeyIn,
    request: Request,
    response: Response,
    action: AccountsAction,
    session: WriteSession,
) -> NewApiKey:
    """Create an API key for another system. Only this response contains the key itself.

    It ends when it is revoked, after `expires_on`, and with its agency. An agency has at most 100
    valid keys.
    """
    api_key, secret = await api_keys.create(session, action, ApiKeyValues(**body.model_dump()))
    response.headers["Location"] = location(request, api_key["id"])
    return NewApiKey.model_validate({**api_key, "key": secret})


@router.delete(
    "/{key_id}", summary="Revoke an API key", status_code=204, responses=problems(NotFound)
)
async def revoke_api_key(
    key_id: Annotated[int, Path(ge=1, lt=2**63)], action: AccountsAction, session: WriteSession
) -> None:
    """Revoke an API key at once. Revoking it again changes nothing."""
    await api_keys.revoke(session, action, key_id)
