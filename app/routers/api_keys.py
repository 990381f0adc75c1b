"""Keys for other systems, administered within an admin's reach."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from app.errors import NotFound
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AccountsManager,
    Cursor,
    Limit,
    Now,
    ReadSession,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.accounts import ApiKey, ApiKeyIn, NewApiKey
from app.schemas.base import Page
from app.services.accounts import api_keys
from app.services.accounts.api_keys import IssuedKey

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=StrictRoute)


def _api_key(issued: IssuedKey) -> ApiKey:
    return ApiKey.model_validate(
        {name: getattr(issued.key, name, None) for name in ApiKey.model_fields}
        | {"agency": issued.agency}
    )


@router.get("", summary="Danh sách khóa API", responses=problems())
async def list_api_keys(
    principal: AccountsManager,
    session: ReadSession,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ApiKey]:
    """The keys within reach, the revoked ones too. The keys themselves are never shown again."""
    found, following = await api_keys.find_all(session, principal, limit=limit, cursor=cursor)
    return Page[ApiKey](items=[_api_key(issued) for issued in found], next_cursor=following)


@router.post("", summary="Tạo khóa API", status_code=201, responses=problems())
async def create_api_key(
    body: ApiKeyIn, request: Request, principal: AccountsManager, session: WriteSession, now: Now
) -> NewApiKey:
    """Make a key for another system. It is shown in this answer only."""
    issued = await api_keys.create(
        session,
        principal,
        name=body.name,
        scopes=body.scopes,
        agency=body.agency,
        expires_on=body.expires_on,
        now=now,
        actor=actor(request, principal),
    )
    return NewApiKey(**_api_key(issued).model_dump(), key=issued.secret)


@router.delete(
    "/{key_id}", summary="Thu hồi khóa API", status_code=204, responses=problems(NotFound)
)
async def revoke_api_key(
    key_id: Annotated[int, Path(ge=1, lt=2**63)],
    request: Request,
    principal: AccountsManager,
    session: WriteSession,
    now: Now,
) -> None:
    """End a key at once."""
    await api_keys.revoke(session, principal, key_id, now=now, actor=actor(request, principal))
