"""Routes of accounts."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import (
    AlreadyExists,
    NotFound,
    PreconditionRequired,
    Stale,
    StateConflict,
    TooManyRequests,
)
from app.http.headers import etag, location
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AccountsAction,
    AccountsReader,
    Cursor,
    Limit,
    PasswordsAction,
    ReadSession,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.accounts import InvitationIn, IssuedLink, User, UserIn, UserPatch, UserWithPassword
from app.schemas.base import Page
from app.services.accounts import accounts, authority, password_links
from app.services.accounts.accounts import AccountFilter, AccountValues
from app.text import terms
from app.vocabulary import Role

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)


@router.get("", summary="List accounts", responses=problems())
async def list_users(
    principal: AccountsReader,
    session: ReadSession,
    role: Role | None = None,
    agency: Annotated[
        str | None, Query(max_length=64, description="The code of the agency.")
    ] = None,
    active: bool | None = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[User]:
    """List the accounts of the agencies within reach, by user name."""
    filters = AccountFilter(role, agency, active)
    items, next_cursor = await accounts.list_page(
        session, principal, filters, limit=limit, cursor=cursor
    )
    return Page[User].model_validate({"items": items, "next_cursor": next_cursor})


@router.get("/{username}", summary="Get an account", responses=problems(NotFound))
async def get_user(
    username: str, response: Response, principal: AccountsReader, session: ReadSession
) -> User:
    """Get an account. Send its ETag as `If-Match` to change it."""
    account = await accounts.get(session, principal, username)
    response.headers["ETag"] = etag(account["version"])
    return User.model_validate(account)


@router.post(
    "",
    summary="Create an account",
    status_code=201,
    responses=problems(AlreadyExists(terms.ACCOUNT, username="xuan-hong")),
)
async def create_user(
    body: UserIn,
    request: Request,
    response: Response,
    action: AccountsAction,
    session: WriteSession,
) -> UserWithPassword:
    """Create an account. If `password` is null, the response contains a generated one, once."""
    values = AccountValues(**body.model_dump(exclude={"password"}))
    account, password = await accounts.create(session, action, values, body.password)
    response.headers["ETag"] = etag(account["version"])
    response.headers["Location"] = location(request, account["username"])
    return UserWithPassword.model_validate({**account, "password": password})


@router.patch(
    "/{username}",
    summary="Change an account",
    responses=problems(NotFound, StateConflict(authority.OWN_ACCOUNT), PreconditionRequired, Stale),
)
async def change_user(
    username: str,
    body: UserPatch,
    response: Response,
    action: AccountsAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> UserWithPassword:
    """Change an account.

    A new password and `active: false` revoke the account's access tokens at once.
    """
    values = body.model_dump(exclude_unset=True)
    account, password = await accounts.change(
        session, action, username, values, check_version=unchanged
    )
    response.headers["ETag"] = etag(account["version"])
    return UserWithPassword.model_validate({**account, "password": password})


@router.post(
    "/{username}/invitation",
    summary="Invite a person to set a password",
    status_code=201,
    responses=problems(
        NotFound,
        StateConflict(password_links.NO_MAIL_ADDRESS, username="xuan-hong"),
        TooManyRequests,
    ),
)
async def invite_user(
    username: str,
    request: Request,
    response: Response,
    action: AccountsAction,
    session: WriteSession,
    body: InvitationIn | None = None,
) -> IssuedLink:
    """Invite the person of an account to set a password and sign in; valid for 7 days, once.

    By default the invitation is a link by e-mail, or for an account without an address a code to
    print, which only this answer contains. A new code ends the one before.
    """
    delivery = body.delivery if body else None
    issued = await password_links.invite(session, action, username, delivery)
    response.headers["Location"] = _account_of(request)
    return IssuedLink.model_validate(issued)


@router.post(
    "/{username}/reset-code",
    summary="Issue a reset code",
    status_code=201,
    responses=problems(
        NotFound, StateConflict(password_links.INACTIVE, username="xuan-hong"), TooManyRequests
    ),
)
async def issue_reset_code(
    username: str,
    request: Request,
    response: Response,
    action: PasswordsAction,
    session: WriteSession,
) -> IssuedLink:
    """Issue a code by which a person who has lost the password sets another one.

    The code is valid for a day, once, and only this answer contains it: say it or print it. A
    coordinator issues codes to the reporters and viewers of the area, an administrator to all
    within reach. A new code ends the one before.
    """
    issued = await password_links.issue_reset_code(session, action, username)
    response.headers["Location"] = _account_of(request)
    return IssuedLink.model_validate(issued)


def _account_of(request: Request) -> str:
    """The path of the account that a link or code is for: these have no address of their own."""
    return request.url.path.rpartition("/")[0]
