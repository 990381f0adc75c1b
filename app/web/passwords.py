"""Pages of people without a password: a forgotten one, a link from a mail, a code."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import NotFound, Problem, ValidationFailed
from app.policy import Permission
from app.routers.dependencies import Now, ServiceSettings, WriteSession, database_of
from app.routers.passwords import new_password
from app.routers.sign_in import SignInAttempts
from app.schemas.accounts import LONGEST_PASSWORD
from app.services.accounts import password_links, password_requests, password_setting
from app.services.accounts.password_links import LinkHolder
from app.services.accounts.password_setting import NewPassword, SetPassword
from app.settings import MINIMUM_PASSWORD_LENGTH
from app.vocabulary import LinkPurpose
from app.web import cookies
from app.web.page import base_of, page
from app.web.sessions import PublicFormRoute, SelfVisitor, SessionRoute

router = APIRouter(include_in_schema=False)
public = APIRouter(route_class=PublicFormRoute, include_in_schema=False)
own = APIRouter(route_class=SessionRoute, include_in_schema=False)

FORGOTTEN = "/forgotten-password"
SET = "/set-password"
WELCOME = "/welcome"
TOO_SHORT = "Mật khẩu cần ít nhất {least} ký tự."
TOO_LONG = "Mật khẩu có nhiều nhất {most} ký tự."
ENDED_LINK = "Liên kết không đúng, đã hết hạn hoặc đã dùng."


@public.get(FORGOTTEN)
async def show_forgotten_password(request: Request) -> Response:
    """Show the form to ask for a link by e-mail."""
    return page(request, "forgotten_password.html", is_sent=False, username="", error=None)


@public.post(FORGOTTEN)
async def send_password_link(request: Request, session: WriteSession, now: Now) -> Response:
    """Ask for a link. The page is the same for every user name."""
    username = str((await request.form()).get("username", ""))
    origin = request.client.host if request.client else None
    try:
        await password_requests.request(session, username, origin, now)
    except Problem as problem:
        return page(
            request,
            "forgotten_password.html",
            status=problem.status,
            is_sent=False,
            username=username,
            error=message_of(problem),
        )
    return page(request, "forgotten_password.html", is_sent=True, username=username, error=None)


@dataclass(frozen=True)
class PasswordForm:
    """What was typed to set a password: the key of a link, or a user name and a code."""

    key: str
    username: str = ""
    code: str = ""


@public.get(SET)
async def show_set_password(request: Request, now: Now, key: str = "") -> Response:
    """Show the form to set a password. A GET changes nothing, because mail scanners open links."""
    holder = await _find_holder(request, key, now) if key else None
    if key and holder is None:
        return _form_page(request, PasswordForm(""), None, status=404, notice=ENDED_LINK)
    return _form_page(request, PasswordForm(key), holder)


@public.post(SET)
async def set_password(
    request: Request, now: Now, settings: ServiceSettings, attempts: SignInAttempts
) -> Response:
    """Set the password and sign in; a person who was invited is welcomed."""
    fields = await request.form()
    form = PasswordForm(*(str(fields.get(name, "")) for name in ("key", "username", "code")))
    password = str(fields.get("new_password", ""))
    holder = await _find_holder(request, form.key, now) if form.key else None
    if form.key and holder is None:
        return _form_page(request, PasswordForm(""), None, status=404, notice=ENDED_LINK)
    if error := length_error(password):
        return _form_page(request, form, holder, status=422, error=error)
    new = new_password(request, password, now, settings)
    try:
        done = await _set(request, attempts, form, new)
    except ValidationFailed as refusal:
        return _form_page(request, form, holder, status=422, error=message_of(refusal))
    except Problem as refusal:
        return _form_page(request, form, holder, status=refusal.status, notice=message_of(refusal))
    target = WELCOME if done.purpose is LinkPurpose.INVITATION else "/"
    response = RedirectResponse(base_of(request) + target, 303)
    lifetime = timedelta(hours=settings.token_hours)
    cookies.put(request, response, cookies.SESSION, done.token.secret, lifetime)
    return response


async def _find_holder(request: Request, key: str, now: Now) -> LinkHolder | None:
    async with database_of(request).reading() as session:
        try:
            return await password_links.get_holder(session, key, now)
        except NotFound:
            return None


async def _set(
    request: Request, attempts: SignInAttempts, form: PasswordForm, new: NewPassword
) -> SetPassword:
    database = database_of(request)
    if form.key:
        return await password_setting.set_by_key(database, form.key, new)
    return await password_setting.set_by_code(database, attempts, form.username, form.code, new)


def _form_page(
    request: Request,
    form: PasswordForm,
    holder: LinkHolder | None,
    *,
    status: int = 200,
    error: str | None = None,
    notice: str | None = None,
) -> Response:
    """The form to set a password. error: of the password; notice: of the link or the code."""
    return page(
        request,
        "set_password.html",
        status=status,
        form=form,
        holder=holder,
        is_invitation=holder is not None and holder.purpose == LinkPurpose.INVITATION,
        least=MINIMUM_PASSWORD_LENGTH,
        error=error,
        notice=notice,
    )


def length_error(password: str) -> str | None:
    """What is wrong with the length of a new password."""
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        return TOO_SHORT.format(least=MINIMUM_PASSWORD_LENGTH)
    return TOO_LONG.format(most=LONGEST_PASSWORD) if len(password) > LONGEST_PASSWORD else None


def message_of(problem: Problem) -> str:
    """A problem in Vietnamese: its first field error, or else its detail."""
    document = problem.document("vi")
    return str(document["errors"][0]["message"] if problem.errors else document["detail"])


@own.get(WELCOME)
async def show_welcome(request: Request, visitor: SelfVisitor) -> Response:
    """Greet a person who has accepted an invitation, and say what comes next."""
    may_write = Permission.REPORTS_WRITE in visitor.principal.permissions
    return page(request, "welcome.html", may_write=may_write)


router.include_router(public)
router.include_router(own)
