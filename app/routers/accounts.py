"""Accounts, administered within an admin's reach."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import AlreadyExists, NotFound, PreconditionRequired, Stale, StateConflict
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AccountsManager,
    Cursor,
    Limit,
    Now,
    ReadSession,
    Unchanged,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.accounts import User, UserIn, UserPatch, UserWithPassword
from app.schemas.base import Page
from app.services.accounts import accounts
from app.services.accounts.accounts import Person, Profile
from app.vocabulary import Role

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)


def _user(person: Person) -> User:
    return User.model_validate(
        {name: getattr(person.account, name, None) for name in User.model_fields}
        | {"agency": person.agency, "agency_name": person.agency_name}
    )


@router.get("", summary="Danh sách tài khoản", responses=problems())
async def list_users(
    principal: AccountsManager,
    session: ReadSession,
    role: Role | None = None,
    agency: Annotated[str | None, Query(max_length=64, description="Mã đơn vị.")] = None,
    active: bool | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[User]:
    """The accounts of the agencies within reach."""
    found, following = await accounts.find_all(
        session, principal, role=role, agency=agency, active=active, limit=limit, cursor=cursor
    )
    return Page[User](items=[_user(person) for person in found], next_cursor=following)


@router.get("/{username}", summary="Một tài khoản", responses=problems(NotFound))
async def get_user(
    username: str, response: Response, principal: AccountsManager, session: ReadSession
) -> User:
    """One account; its ETag is for changing it."""
    person = await accounts.find(session, principal, username)
    response.headers["ETag"] = etag(person.account.version)
    return _user(person)


@router.post("", summary="Tạo tài khoản", status_code=201, responses=problems(AlreadyExists))
async def create_user(
    body: UserIn,
    request: Request,
    response: Response,
    principal: AccountsManager,
    session: WriteSession,
    now: Now,
) -> UserWithPassword:
    """Make an account. Without a password one is generated and shown in this answer only."""
    person, password = await accounts.create(
        session,
        principal,
        Profile(**body.model_dump(exclude={"password"})),
        body.password,
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(person.account.version)
    return UserWithPassword(**_user(person).model_dump(), password=password)


@router.patch(
    "/{username}",
    summary="Sửa tài khoản",
    responses=problems(NotFound, StateConflict, PreconditionRequired, Stale),
)
async def change_user(
    username: str,
    body: UserPatch,
    request: Request,
    response: Response,
    principal: AccountsManager,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
) -> UserWithPassword:
    """Change an account, close it, or reset its password; both of these end its tokens at once."""
    person = await accounts.find(session, principal, username)
    unchanged(person.account.version)
    person, password = await accounts.change(
        session,
        principal,
        person,
        body.model_dump(exclude_unset=True),
        now=now,
        actor=actor(request, principal),
    )
    response.headers["ETag"] = etag(person.account.version)
    return UserWithPassword(**_user(person).model_dump(), password=password)
