"""Routes for people who are signed in, and for forms before that.

A session is an access token in a cookie. Only pages accept the cookie: the API takes its
credentials from headers, so no other site can use them.
"""

import secrets
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.clock import local_day
from app.errors import AgencyEnded, Forbidden, FormExpired
from app.policy import Permission, Principal, permissions_of
from app.routers.dependencies import clock_of, database_of
from app.services.accounts import ended_agency, principals, profile
from app.text import terms
from app.web import cookies, form_tokens, kept_forms
from app.web.form_tokens import FORM_KEY
from app.web.page import PageRoute, base_of, page
from app.web.visitor import VISITOR, Visitor

SIGN_IN = "/sign-in"
MAX_REPORT_FORM_BYTES = 256 * 1024
"""A report form with 500 lines and its prose; also when a sign-in form has kept it."""


class PublicFormRoute(PageRoute):
    """A route with a form for people who are not signed in."""

    max_form_bytes = 3 * MAX_REPORT_FORM_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page's handler, with a cookie that signs its form tokens."""
        handle = super().get_route_handler()

        async def handle_visit(request: Request) -> Response:
            known = cookies.get(request, cookies.VISIT)
            request.scope[FORM_KEY] = known or secrets.token_urlsafe(24)
            response = await handle(request)
            if known is None:
                cookies.put(request, response, cookies.VISIT, request.scope[FORM_KEY])
            return response

        return handle_visit

    async def admit_form(self, request: Request) -> Response | None:
        """Refuse a form without a token of this browser."""
        if await form_tokens.is_valid(request):
            return None
        raise FormExpired


class SessionRoute(PageRoute):
    """A route for people who are signed in. Others sign in first, and lose nothing they typed."""

    max_form_bytes = MAX_REPORT_FORM_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page's handler, preceded by the authentication, which does not read the body."""
        handle = super().get_route_handler()

        async def handle_session(request: Request) -> Response:
            visitor = await find_visitor(request)
            request.scope[VISITOR] = visitor
            request.scope[FORM_KEY] = visitor.secret if visitor else None
            if visitor is None and request.method != "POST":
                return to_sign_in(request)
            return await handle(request)

        return handle_session

    async def admit_form(self, request: Request) -> Response | None:
        """Answer a form without a session or a valid token by a page that keeps its fields."""
        is_signed_in = request.scope[VISITOR] is not None
        if is_signed_in and await form_tokens.is_valid(request):
            return None
        fields = await kept_forms.fields_of(request)
        if is_signed_in:
            if not fields:
                raise FormExpired
            return resume_page(request, request.url.path, fields, status=403)
        return await sign_in_page(request, next_page=request.url.path, fields=fields, status=401)


def to_sign_in(request: Request) -> Response:
    """Send a browser to the sign-in page, and back to this address afterwards."""
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"{base_of(request)}{SIGN_IN}?{kept_forms.NEXT}={quote(address, safe='/')}"
    return RedirectResponse(target, 303)


async def sign_in_page(
    request: Request,
    *,
    next_page: str,
    fields: kept_forms.Fields,
    status: int = 200,
    username: str = "",
    error: str | None = None,
) -> Response:
    """The sign-in page. It keeps the fields of a form that came without a session."""
    visit = cookies.get(request, cookies.VISIT) or secrets.token_urlsafe(24)
    request.scope[FORM_KEY] = visit
    response = page(
        request,
        "sign_in.html",
        status=status,
        next_page=next_page,
        kept=kept_forms.written(fields),
        username=username,
        error=error,
    )
    cookies.put(request, response, cookies.VISIT, visit)
    return response


def resume_page(
    request: Request, address: str, fields: kept_forms.Fields, status: int = 200
) -> Response:
    """The page that sends kept fields once more, to the address that they were meant for."""
    return page(request, "resume.html", status=status, address=address, fields=fields)


async def find_visitor(request: Request) -> Visitor | None:
    """The person whose session the cookie names; None without a valid session."""
    secret = cookies.get(request, cookies.SESSION)
    return await get_visitor(request, secret) if secret else None


async def get_visitor(request: Request, secret: str) -> Visitor | None:
    """The person with this access token; None if it is not valid, or an API key."""
    driver = database_of(request).driver
    now = clock_of(request).now()
    principal = await principals.authenticate(driver, secret, now)
    if principal is None or principal.account_id is None:
        return None
    names = await profile.get_names(driver, principal.account_id)
    notice = await _notice(request, principal, local_day(now)) if principal.agency_ended else None
    return Visitor(principal, secret, names.full_name, names.agency, names.agency_name, notice)


async def _notice(request: Request, principal: Principal, today: date) -> str | None:
    """What a person of an agency that has ended has to know and do."""
    async with database_of(request).reading() as session:
        ended = await ended_agency.find(session, principal.agency_id, today)
    return ended.notice("vi") if ended else None


class Visits:
    """The dependency of a page that needs `permission`; gives the visitor."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Visitor:
        """The visitor.

        Raises:
            Forbidden: the person does not have the permission.
            AgencyEnded: it was lost with the end of the person's agency.
        """
        visitor: Visitor = request.scope[VISITOR]
        principal = visitor.principal
        if self.permission in principal.permissions:
            return visitor
        if principal.agency_ended and self.permission in permissions_of(principal.role, []):
            raise AgencyEnded
        raise Forbidden(terms.OPERATION[self.permission], self.permission.value)


P = Permission
SelfVisitor = Annotated[Visitor, Depends(Visits(P.SELF))]
SelfWritingVisitor = Annotated[Visitor, Depends(Visits(P.SELF_WRITE))]
ReferenceVisitor = Annotated[Visitor, Depends(Visits(P.REFERENCE_READ))]
ObligationsVisitor = Annotated[Visitor, Depends(Visits(P.OBLIGATIONS_READ))]
ReportsVisitor = Annotated[Visitor, Depends(Visits(P.REPORTS_READ))]
WritingVisitor = Annotated[Visitor, Depends(Visits(P.REPORTS_WRITE))]
CalendarsVisitor = Annotated[Visitor, Depends(Visits(P.CALENDARS_MANAGE))]
PasswordsVisitor = Annotated[Visitor, Depends(Visits(P.PASSWORDS_RESET))]
AccountsVisitor = Annotated[Visitor, Depends(Visits(P.ACCOUNTS_MANAGE))]
