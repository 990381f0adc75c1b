"""The first page: what the service is; for a person who is signed in, the own home."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from app.clock import LOCAL
from app.routers.dependencies import Now, database_of
from app.text.writing import day
from app.web.form_tokens import FORM_KEY
from app.web.page import PageRoute, page
from app.web.sessions import find_visitor
from app.web.tasks import show_tasks
from app.web.visitor import VISITOR

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def show_front_page(request: Request, now: Now) -> Response:
    """Show the visitor's home, or what the service is and that its database answers."""
    if visitor := await find_visitor(request):
        request.scope[VISITOR], request.scope[FORM_KEY] = visitor, visitor.secret
        return await show_tasks(request, visitor)
    async with database_of(request).reading() as session:
        await session.execute(text("SELECT 1"))
    local = now.astimezone(LOCAL)
    return page(request, "front.html", time=f"{local:%H:%M}", day=day(local.date()))
