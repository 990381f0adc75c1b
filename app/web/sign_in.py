"""Signing in and out in a browser."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import Problem, TooManyAttempts, WrongPassword
from app.routers.dependencies import Now, ServiceSettings, WriteSession, database_of
from app.routers.sign_in import SignInAttempts
from app.services.accounts import access_tokens
from app.text.writing import waiting_time
from app.web import cookies, kept_forms
from app.web.form_tokens import FORM_KEY
from app.web.kept_forms import NEXT, own_address
from app.web.page import base_of
from app.web.sessions import (
    SIGN_IN,
    PublicFormRoute,
    SelfWritingVisitor,
    SessionRoute,
    find_visitor,
    get_visitor,
    resume_page,
    sign_in_page,
)
from app.web.visitor import VISITOR

router = APIRouter(include_in_schema=False)
public = APIRouter(route_class=PublicFormRoute, include_in_schema=False)
own = APIRouter(route_class=SessionRoute, include_in_schema=False)

WRONG = "Tên đăng nhập hoặc mật khẩu không đúng. Mật khẩu phân biệt chữ hoa và chữ thường."
LOCKED = "Đã đăng nhập sai nhiều lần. Đề nghị thử lại sau {wait}, hoặc dùng “Quên mật khẩu?”."


@public.get(SIGN_IN)
async def show_sign_in(request: Request) -> Response:
    """Show the sign-in form; a person who is signed in goes on at once."""
    address = own_address(request.query_params.get(NEXT))
    if await find_visitor(request):
        return RedirectResponse(base_of(request) + address, 303)
    return await sign_in_page(request, next_page=address, fields=[])


@public.post(SIGN_IN)
async def start_session(
    request: Request, now: Now, settings: ServiceSettings, attempts: SignInAttempts
) -> Response:
    """Sign in. A form that was kept meanwhile is shown, to be sent once more."""
    form = await request.form()
    username, password = str(form.get("username", "")), str(form.get("password", ""))
    address, fields = own_address(form.get(NEXT)), kept_forms.read(form)
    lifetime = timedelta(hours=settings.token_hours)
    try:
        token = await access_tokens.issue(
            database_of(request),
            attempts,
            username=username,
            password=password,
            origin=request.client.host if request.client else None,
            now=now,
            lifetime=lifetime,
        )
    except (WrongPassword, TooManyAttempts) as refusal:
        return await sign_in_page(
            request,
            next_page=address,
            fields=fields,
            status=refusal.status,
            username=username,
            error=_reason(refusal),
        )
    request.scope[FORM_KEY] = token.secret
    request.scope[VISITOR] = await get_visitor(request, token.secret)
    response = (
        resume_page(request, address, fields)
        if fields
        else RedirectResponse(base_of(request) + address, 303)
    )
    cookies.put(request, response, cookies.SESSION, token.secret, lifetime)
    return response


def _reason(refusal: Problem) -> str:
    if isinstance(refusal, TooManyAttempts):
        return LOCKED.format(wait=waiting_time(refusal.retry_after or 0))
    return WRONG


@own.post("/sign-out")
async def end_session(
    request: Request, visitor: SelfWritingVisitor, session: WriteSession, now: Now
) -> Response:
    """End this session, and delete what the browser keeps of it."""
    await access_tokens.revoke(session, visitor.action(request, now), visitor.secret)
    response = RedirectResponse(f"{base_of(request)}{SIGN_IN}", 303)
    cookies.delete(request, response, cookies.SESSION)
    # Drafts on the device belong to the account that signs out.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


router.include_router(public)
router.include_router(own)
