"""A page: a template filled in, the headers that every page has, and problems told in words."""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from app.errors import Problem
from app.http.problems import RENDERER, headers_of
from app.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

BASE_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""What a page may load and do: its own style sheet and forms, no script at all."""


class PageRoute(APIRoute):
    """A route for browsers: its problems are pages as well."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, whose problems are shown to a person."""
        handle = super().get_route_handler()

        async def handle_for_browser(request: Request) -> Response:
            request.scope[RENDERER] = problem_page
            return await handle(request)

        return handle_for_browser


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    policy: dict[str, str] | None = None,
    **facts: Any,
) -> HTMLResponse:
    """A page made of a template; `policy` says what it may load beyond what all may."""
    html = _templates().get_template(template).render(base=base_of(request), **facts)
    directives = BASE_POLICY | (policy or {})
    headers = {
        "Content-Security-Policy": "; ".join(
            f"{what} {where}" for what, where in directives.items()
        ),
        # An address may hold somebody's key.
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        # As every answer has it, but for that of a fault, which leaves from further out.
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """The page that tells of a problem."""
    document = problem.document("vi")
    response = page(request, "problem.html", status=problem.status, problem=document)
    response.headers.update(headers_of(problem))
    return response


def base_of(request: Request) -> str:
    """What stands before every path where the service is not at the root of its host."""
    settings: Settings = request.app.state.settings
    return urlsplit(settings.public_url).path


@cache
def _templates() -> "Environment":
    from jinja2 import (  # noqa: PLC0415 - slow, and the API answers before anybody asks for a page
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    return Environment(
        loader=PackageLoader("app.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
