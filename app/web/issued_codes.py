"""Pages that give other people a code to set a password: a printed invitation, a reset code."""

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from app.db.storable import storable
from app.errors import Problem
from app.routers.dependencies import Now, ServiceSettings, WriteSession
from app.services.accounts import password_links
from app.services.accounts.password_links import IssuedLink
from app.settings import MINIMUM_PASSWORD_LENGTH
from app.text.writing import instant
from app.vocabulary import LinkDelivery, LinkPurpose
from app.web.page import page
from app.web.passwords import message_of
from app.web.sessions import AccountsVisitor, PasswordsVisitor, SessionRoute

router = APIRouter(route_class=SessionRoute, include_in_schema=False)

RESET_CODE = "/reset-code"
INVITATION = "/invitation"


@router.get(RESET_CODE)
async def show_reset_code(
    request: Request,
    visitor: PasswordsVisitor,  # noqa: ARG001 - requires the permission
    username: str = "",
) -> Response:
    """Show the form to issue a reset code."""
    return _form_page(request, LinkPurpose.RESET, username)


@router.post(RESET_CODE)
async def give_reset_code(
    request: Request,
    visitor: PasswordsVisitor,
    session: WriteSession,
    now: Now,
    settings: ServiceSettings,
) -> Response:
    """Issue a reset code. Only this page shows it."""
    username = _username(await request.form())
    try:
        issued = await password_links.issue_reset_code(
            session, visitor.action(request, now), username
        )
    except Problem as problem:
        return _form_page(request, LinkPurpose.RESET, username, problem)
    return _issued_page(request, issued, settings.public_url)


@router.get(INVITATION)
async def show_invitation(
    request: Request,
    visitor: AccountsVisitor,  # noqa: ARG001 - requires the permission
    username: str = "",
) -> Response:
    """Show the form to invite the person of an account."""
    return _form_page(request, LinkPurpose.INVITATION, username)


@router.post(INVITATION)
async def give_invitation(
    request: Request,
    visitor: AccountsVisitor,
    session: WriteSession,
    now: Now,
    settings: ServiceSettings,
) -> Response:
    """Invite by e-mail, or show an invitation with a code to print. Only this page shows it."""
    form = await request.form()
    username = _username(form)
    by_mail = form.get("delivery") == LinkDelivery.EMAIL
    delivery = LinkDelivery.EMAIL if by_mail else LinkDelivery.CODE
    try:
        issued = await password_links.invite(
            session, visitor.action(request, now), username, delivery
        )
    except Problem as problem:
        return _form_page(request, LinkPurpose.INVITATION, username, problem)
    return _issued_page(request, issued, settings.public_url)


def _username(form: FormData) -> str:
    """The user name that was typed; empty where no account can have it."""
    username = str(form.get("username", "")).strip().lower()
    return username if storable(username) else ""


def _form_page(
    request: Request, purpose: LinkPurpose, username: str, problem: Problem | None = None
) -> Response:
    return page(
        request,
        "issue_code.html",
        status=problem.status if problem else 200,
        is_invitation=purpose is LinkPurpose.INVITATION,
        username=username,
        error=message_of(problem) if problem else None,
    )


def _issued_page(request: Request, issued: IssuedLink, public_url: str) -> Response:
    return page(
        request,
        "issued_code.html",
        is_invitation=issued.purpose is LinkPurpose.INVITATION,
        issued=issued,
        until=instant(issued.expires_at),
        public_url=public_url,
        least=MINIMUM_PASSWORD_LENGTH,
    )
