"""Problem pages for browsers on addresses outside the API, also on those that do not exist."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.headers import preferred_media_type
from app.http.problems import MEDIA_TYPE, RENDERER
from app.web.page import problem_page

API_PATH = "/api/"
HTML = "text/html"
OFFERED = (MEDIA_TYPE, "application/json", HTML)


class ProblemPages:
    """Shows problems outside the API as pages to clients that prefer HTML."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        is_page = scope["type"] == "http" and not scope["path"].startswith(API_PATH)
        if is_page and preferred_media_type(Request(scope), OFFERED) == HTML:
            scope[RENDERER] = problem_page
        await self.app(scope, receive, send)
