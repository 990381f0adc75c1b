"""The front page, where the button in each mail leads."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from app.clock import LOCAL
from app.routers.dependencies import Now, ReadSession
from app.text.writing import day
from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def show_front_page(request: Request, session: ReadSession, now: Now) -> Response:
    """Show what the service is and that it works, which requires a query to the database."""
    await session.execute(text("SELECT 1"))
    local = now.astimezone(LOCAL)
    return page(request, "front.html", time=f"{local:%H:%M}", day=day(local.date()))
