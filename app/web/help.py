"""The guide to the pages, by role. It needs no session, so that it also helps with signing in."""

from fastapi import APIRouter, Request, Response

from app.web.form_tokens import FORM_KEY
from app.web.page import PageRoute, page
from app.web.sessions import find_visitor
from app.web.visitor import VISITOR

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/help")
async def show_help(request: Request) -> Response:
    """Show the guide, with the menu of a person who is signed in."""
    if visitor := await find_visitor(request):
        request.scope[VISITOR], request.scope[FORM_KEY] = visitor, visitor.secret
    return page(request, "help.html")
