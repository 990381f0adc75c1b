"""Routes of people without a password: a forgotten one, an invitation, a code from the office."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request

from app.errors import NotFound, TooManyAttempts, TooManyRequests, WrongCode
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    AnswerLanguage,
    Now,
    ServiceSettings,
    WriteSession,
    database_of,
)
from app.routers.responses import problems
from app.routers.sign_in import SignInAttempts, token_answer
from app.schemas.accounts import (
    ForgottenPassword,
    ForgottenPasswordAnswer,
    PasswordByCode,
    PasswordByLink,
    Token,
)
from app.services.accounts import password_requests, password_setting
from app.services.accounts.password_setting import NewPassword
from app.settings import Settings
from app.text import terms
from app.text.bilingual import Bilingual

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)

REQUESTED = Bilingual(
    "Nếu tài khoản này đang hoạt động và có địa chỉ thư điện tử, liên kết đặt lại mật khẩu sẽ đến "
    "trong vài phút và dùng được trong một giờ. Không nhận được thư: đề nghị cơ quan tổng hợp cấp "
    "mã đặt lại mật khẩu.",
    "If this account is active and has an e-mail address, a link to reset the password arrives "
    "within a few minutes and is valid for an hour. If none arrives, ask the coordinating office "
    "for a reset code.",
)


def new_password(request: Request, password: str, now: datetime, settings: Settings) -> NewPassword:
    """A password to set, with the context of its request."""
    origin = request.client.host if request.client else None
    return NewPassword(password, origin, now, timedelta(hours=settings.token_hours))


@router.post(
    "/forgotten-password",
    summary="Ask for a link to reset a password",
    status_code=202,
    responses=problems(TooManyRequests),
)
async def request_password_link(
    body: ForgottenPassword,
    request: Request,
    session: WriteSession,
    now: Now,
    language: AnswerLanguage,
) -> ForgottenPasswordAnswer:
    """Ask for an e-mail with a link to reset the password. It is valid for an hour, once.

    The answer is the same for every name: it does not show whether the account exists, is active,
    or has an e-mail address. A network can ask 5 times an hour for one name, 60 times in all.
    """
    origin = request.client.host if request.client else None
    await password_requests.request(session, body.username, origin, now)
    return ForgottenPasswordAnswer(notice=REQUESTED.fill(language, {}))


@router.post(
    "/password",
    summary="Set your password by a link",
    responses=problems(NotFound(terms.PASSWORD_LINK)),
)
async def set_password_by_link(
    body: PasswordByLink,
    request: Request,
    now: Now,
    settings: ServiceSettings,
    language: AnswerLanguage,
) -> Token:
    """Set your password by the key in the link of an e-mail, and sign in.

    This ends the link, your other links and codes, access tokens, calendar links and the keys in
    mails. A refused password leaves the link valid.
    """
    new = new_password(request, body.new_password, now, settings)
    done = await password_setting.set_by_key(database_of(request), body.token, new)
    return token_answer(done.token, language)


@router.post(
    "/password-by-code",
    summary="Set your password by a code",
    responses=problems(WrongCode, TooManyAttempts),
)
async def set_password_by_code(
    body: PasswordByCode,
    request: Request,
    now: Now,
    settings: ServiceSettings,
    attempts: SignInAttempts,
    language: AnswerLanguage,
) -> Token:
    """Set your password by the code of a printed invitation or from the office, and sign in.

    This ends the same as a link. A code can be typed 10 times; after that it is void.
    """
    new = new_password(request, body.new_password, now, settings)
    done = await password_setting.set_by_code(
        database_of(request), attempts, body.username, body.code, new
    )
    return token_answer(done.token, language)
