"""The front page: what this is and where to go, for whoever opens the address in a mail."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from app.clock import LOCAL
from app.routers.dependencies import Now, ReadSession
from app.text.writing import day
from app.web.page import PageRoute, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def show_front_page(request: Request, session: ReadSession, now: Now) -> Response:
    """What this is and where to go; that it works is asked of the database, not merely said."""
    await session.execute(text("SELECT 1"))
    local = now.astimezone(LOCAL)
    return page(request, "front.html", time=f"{local:%H:%M}", day=day(local.date()))
