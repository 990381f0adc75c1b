"""Signing in and out, and oneself."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request

from app.errors import MalformedForm, TooManyAttempts, UnsupportedMediaType, WrongPassword
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    Myself,
    Now,
    Presented,
    ReadSession,
    ServiceSettings,
    SignedIn,
    WriteSession,
    actor,
    database_of,
)
from app.routers.responses import problems
from app.schemas.accounts import Me, PasswordChange, SignIn, Token
from app.services.accounts import access_tokens, passwords, profile
from app.services.accounts.attempts import Attempts

router = APIRouter(tags=["auth"], route_class=StrictRoute)


def attempts_of(request: Request) -> Attempts:
    """The application's count of failed sign-ins."""
    attempts: Attempts = request.app.state.attempts
    return attempts


AttemptsSoFar = Annotated[Attempts, Depends(attempts_of)]


@router.post(
    "/auth/token",
    summary="Đăng nhập",
    responses=problems(MalformedForm, WrongPassword, TooManyAttempts, UnsupportedMediaType),
)
async def sign_in(
    form: Annotated[SignIn, Form()],
    request: Request,
    now: Now,
    settings: ServiceSettings,
    attempts: AttemptsSoFar,
) -> Token:
    """Exchange a user name and a password for an access token."""
    token = await access_tokens.issue(
        database_of(request),
        attempts,
        username=form.username,
        password=form.password,
        origin=request.client.host if request.client else None,
        now=now,
        lasts=timedelta(hours=settings.token_hours),
    )
    return Token(access_token=token.secret, expires_in=int(token.lasts.total_seconds()))


@router.post("/auth/logout", summary="Đăng xuất", status_code=204, responses=problems())
async def sign_out(principal: SignedIn, session: WriteSession, secret: Presented) -> None:
    """End the token that the request came with. A key is not signed in, so it gets 403."""
    await access_tokens.revoke(session, principal, secret)


@router.get("/me", summary="Tôi là ai", responses=problems())
async def get_me(principal: Myself, session: ReadSession) -> Me:
    """Who is asking, where they stand, and what they may do."""
    return Me.model_validate(await profile.get(session, principal))


@router.post(
    "/me/password",
    summary="Đổi mật khẩu của mình",
    status_code=204,
    responses=problems(TooManyAttempts),
)
async def change_my_password(
    body: PasswordChange,
    request: Request,
    principal: SignedIn,
    now: Now,
    secret: Presented,
    attempts: AttemptsSoFar,
) -> None:
    """Set a new password. One's other tokens end; the one that asks stays."""
    await passwords.change(
        database_of(request),
        attempts,
        principal,
        secret=secret,
        current=body.current_password,
        new=body.new_password,
        now=now,
        actor=actor(request, principal),
    )
