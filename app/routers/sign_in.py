"""Routes of signing in and out, and of the principal's own profile and password."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request

from app.clock import local_day
from app.errors import TooManyAttempts, WrongPassword
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    AnswerLanguage,
    Now,
    PersonReader,
    Presented,
    ReadSession,
    SelfAction,
    SelfReader,
    ServiceSettings,
    WriteSession,
    database_of,
)
from app.routers.responses import problems
from app.schemas.accounts import Me, OwnSessions, PasswordChange, SignIn, Token
from app.services.accounts import access_tokens, passwords, profile, sessions
from app.services.accounts.access_tokens import IssuedToken
from app.services.accounts.attempts import Attempts
from app.text.writing import Language

router = APIRouter(tags=["auth"], route_class=StrictRoute)


def attempts_of(request: Request) -> Attempts:
    """The application's counter of failed sign-ins."""
    attempts: Attempts = request.app.state.attempts
    return attempts


SignInAttempts = Annotated[Attempts, Depends(attempts_of)]


@router.post(
    "/auth/token",
    summary="Sign in",
    responses=problems(WrongPassword, TooManyAttempts),
)
async def sign_in(
    form: Annotated[SignIn, Form()],
    request: Request,
    now: Now,
    settings: ServiceSettings,
    attempts: SignInAttempts,
    language: AnswerLanguage,
) -> Token:
    """Issue an access token for a user name and password.

    A `notice` says so if the account can only read, because its agency has ended.
    """
    token = await access_tokens.issue(
        database_of(request),
        attempts,
        username=form.username,
        password=form.password,
        origin=request.client.host if request.client else None,
        now=now,
        lifetime=timedelta(hours=settings.token_hours),
    )
    return token_answer(token, language)


def token_answer(token: IssuedToken, language: Language) -> Token:
    """The answer that contains a new access token."""
    return Token(
        access_token=token.secret,
        expires_in=int(token.lifetime.total_seconds()),
        notice=token.ended_agency.notice(language) if token.ended_agency else None,
    )


@router.post("/auth/logout", summary="Sign out", status_code=204, responses=problems())
async def sign_out(action: SelfAction, session: WriteSession, secret: Presented) -> None:
    """Revoke the access token of this request. API keys cannot sign out (403)."""
    await access_tokens.revoke(session, action, secret)


@router.get("/me", summary="Get your account", responses=problems())
async def get_me(
    principal: SelfReader, session: ReadSession, now: Now, language: AnswerLanguage
) -> Me:
    """Get the account or API key of this request, its agency and its permissions."""
    today = local_day(now)
    return Me.model_validate(await profile.get(session, principal, today=today, language=language))


@router.post(
    "/me/password",
    summary="Change your password",
    status_code=204,
    responses=problems(TooManyAttempts),
)
async def change_my_password(
    body: PasswordChange,
    request: Request,
    action: SelfAction,
    secret: Presented,
    attempts: SignInAttempts,
) -> None:
    """Change your password. This revokes your access tokens, except the one of this request."""
    await passwords.change(
        database_of(request),
        attempts,
        action,
        secret=secret,
        current=body.current_password,
        new=body.new_password,
    )


@router.get("/me/sessions", summary="List your sessions", responses=problems())
async def list_my_sessions(
    principal: PersonReader, session: ReadSession, now: Now, secret: Presented
) -> OwnSessions:
    """List your valid access tokens, the latest first: where you are signed in."""
    items = await sessions.list_all(session, principal, secret, now)
    return OwnSessions.model_validate({"items": items})


@router.delete(
    "/me/sessions", summary="Sign out everywhere else", status_code=204, responses=problems()
)
async def end_my_other_sessions(
    action: SelfAction, session: WriteSession, secret: Presented
) -> None:
    """Revoke your access tokens, except the one of this request."""
    await sessions.end_others(session, action, secret)
