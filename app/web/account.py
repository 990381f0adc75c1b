"""The account page: own data, password, sessions, notification channels, calendar."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Problem
from app.policy import Permission
from app.routers.dependencies import Now, ReadSession, ServiceSettings, WriteSession, database_of
from app.routers.sign_in import SignInAttempts
from app.services.accounts import passwords, profile, sessions
from app.services.notifications import inbox
from app.services.notifications.inbox import Preferences
from app.services.reminders import calendar_links
from app.settings import MINIMUM_PASSWORD_LENGTH
from app.text import terms
from app.text.writing import instant
from app.web.page import base_of, page
from app.web.passwords import length_error, message_of
from app.web.preferences import options_of, read_preferences
from app.web.sessions import CalendarsVisitor, SelfWritingVisitor, SessionRoute
from app.web.visitor import Visitor

router = APIRouter(route_class=SessionRoute, include_in_schema=False, prefix="/account")

SAVED = {
    "password": "Đã đổi mật khẩu. Các thiết bị khác đã được đăng xuất.",
    "sessions": "Đã đăng xuất mọi thiết bị khác.",
    "notifications": "Đã lưu kênh nhận thông báo.",
    "calendar": "Đã thu hồi liên kết lịch. Điện thoại đang dùng liên kết ấy không còn cập nhật.",
}
"""What was done, by the parameter `saved` of the page that follows a form."""


@router.get("")
async def show_account(
    request: Request, visitor: SelfWritingVisitor, session: ReadSession, saved: str = ""
) -> Response:
    """Show the person's account."""
    return await _page(request, visitor, session, saved=SAVED.get(saved))


@router.post("/password")
async def change_password(
    request: Request, visitor: SelfWritingVisitor, now: Now, attempts: SignInAttempts
) -> Response:
    """Change the password; other sessions end."""
    form = await request.form()
    current, new = str(form.get("current_password", "")), str(form.get("new_password", ""))
    errors = {"new_password": error} if (error := length_error(new)) else {}
    status = 422
    if not errors:
        try:
            await passwords.change(
                database_of(request),
                attempts,
                visitor.action(request, now),
                secret=visitor.secret,
                current=current,
                new=new,
            )
            return _done(request, "password")
        except Problem as problem:
            field = problem.errors[0].pointer[1:] if problem.errors else "current_password"
            errors, status = {field: message_of(problem)}, problem.status
    async with database_of(request).reading() as session:
        return await _page(request, visitor, session, status=status, errors=errors)


@router.post("/sessions")
async def end_other_sessions(
    request: Request, visitor: SelfWritingVisitor, session: WriteSession, now: Now
) -> Response:
    """End the person's sessions on other devices."""
    await sessions.end_others(session, visitor.action(request, now), visitor.secret)
    return _done(request, "sessions")


@router.post("/notifications")
async def save_notifications(
    request: Request, visitor: SelfWritingVisitor, session: WriteSession, now: Now
) -> Response:
    """Save the channels by which the person is notified."""
    channels, period_news = read_preferences(await request.form())
    try:
        await inbox.put_preferences(
            session, visitor.action(request, now), channels=channels, period_news=period_news
        )
    except Problem as problem:
        errors = {"channels": message_of(problem)}
        return await _page(request, visitor, session, status=problem.status, errors=errors)
    return _done(request, "notifications")


@router.post("/calendar")
async def create_calendar(
    request: Request,
    visitor: CalendarsVisitor,
    session: WriteSession,
    now: Now,
    settings: ServiceSettings,
) -> Response:
    """Create a link to the calendar of the own agency. Only this answer shows its address."""
    try:
        issued = await calendar_links.create(
            session, visitor.action(request, now), visitor.agency or ""
        )
    except Problem as problem:
        errors = {"calendar": message_of(problem)}
        return await _page(request, visitor, session, status=problem.status, errors=errors)
    address = f"{settings.public_url}/api/v1/calendar.ics?token={issued.token}"
    return await _page(request, visitor, session, calendar=address)


@router.post("/calendar/{link_id}/revoke")
async def revoke_calendar(
    link_id: Annotated[int, Path(ge=1, lt=2**63)],
    request: Request,
    visitor: CalendarsVisitor,
    session: WriteSession,
    now: Now,
) -> Response:
    """Revoke a calendar link."""
    await calendar_links.revoke(session, visitor.action(request, now), link_id)
    return _done(request, "calendar")


def _done(request: Request, what: str) -> Response:
    """Show the account again, with what was done; going back sends no form again."""
    return RedirectResponse(f"{base_of(request)}/account?saved={what}", 303)


async def _page(
    request: Request,
    visitor: Visitor,
    session: AsyncSession,
    *,
    status: int = 200,
    saved: str | None = None,
    errors: dict[str, str] | None = None,
    calendar: str | None = None,
) -> Response:
    """The account page. errors: by field. calendar: the address of a link that is new."""
    now = request.app.state.clock.now()
    principal = visitor.principal
    me = await profile.get(session, principal, today=now.date(), language="vi")
    preferences: Preferences = await inbox.get_preferences(session, principal)
    own: list[Any] = await sessions.list_all(session, principal, visitor.secret, now)
    return page(
        request,
        "account.html",
        status=status,
        me=me,
        role=terms.ROLE[principal.role].vi if principal.role else "",
        sessions=own,
        instant=instant,
        options=options_of(preferences),
        period_news=preferences.period_news,
        links=await calendar_links.list_own(session, principal),
        calendar=calendar,
        may_use_calendars=bool(visitor.agency)
        and Permission.CALENDARS_MANAGE in principal.permissions,
        may_reset=Permission.PASSWORDS_RESET in principal.permissions,
        may_invite=Permission.ACCOUNTS_MANAGE in principal.permissions,
        saved=saved,
        errors=errors or {},
        least=MINIMUM_PASSWORD_LENGTH,
    )
