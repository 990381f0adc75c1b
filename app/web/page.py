"""HTML pages: templates, security headers, and pages for problems."""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.clock import Clock
from app.errors import MalformedForm, Problem
from app.http.bodies import MAX_FORM_BYTES, with_limit
from app.http.problems import RENDERER, headers_of
from app.settings import Settings
from app.text.writing import day
from app.web import form_tokens
from app.web.visitor import VISITOR

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
"""The default Content-Security-Policy: own style sheets, images and forms, no scripts."""


SCRIPTS = {
    "script-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
}
"""Further directives for pages with scripts of our own."""


class PageRoute(APIRoute):
    """A route for browsers, which renders problems as pages."""

    max_form_bytes: ClassVar[int] = MAX_FORM_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with `problem_page` as the renderer of problems."""
        handle = super().get_route_handler()

        async def handle_for_browser(request: Request) -> Response:
            request.scope[RENDERER] = problem_page
            if request.method == "POST":
                request = with_limit(request, self.max_form_bytes)
                await _read_form(request)  # before any dependency takes a connection
                if (refusal := await self.admit_form(request)) is not None:
                    return refusal
            return await handle(request)

        return handle_for_browser

    async def admit_form(self, request: Request) -> Response | None:  # noqa: ARG002 - for subclasses
        """The answer to a form that is not accepted; None for one that is."""
        return None


async def _read_form(request: Request) -> None:
    """Read the form, which the request keeps.

    Raises:
        MalformedForm: the form cannot be parsed.
    """
    try:
        await request.form()
    except HTTPException:
        raise MalformedForm(expected="application/x-www-form-urlencoded") from None


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    policy: dict[str, str] | None = None,
    **facts: Any,
) -> HTMLResponse:
    """Render a template; `policy` adds directives to the Content-Security-Policy."""
    html = (
        _templates()
        .get_template(template)
        .render(
            base=base_of(request),
            here=request.url.path,
            rehearsal=_rehearsal_time(request),
            visitor=request.scope.get(VISITOR),
            form_token=form_tokens.issue(request),
            **facts,
        )
    )
    is_session = request.scope.get(VISITOR) is not None
    directives = BASE_POLICY | (SCRIPTS if is_session else {}) | (policy or {})
    headers = {
        "Content-Security-Policy": "; ".join(
            f"{what} {where}" for what, where in directives.items()
        ),
        # An address can contain a secret key. Own pages see where a form comes from.
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """The page for a problem, in Vietnamese."""
    document = problem.document("vi")
    response = page(request, "problem.html", status=problem.status, problem=document)
    response.headers.update(headers_of(problem))
    return response


def base_of(request: Request) -> str:
    """The path prefix of the public URL; empty if the service is at the root of its host."""
    settings: Settings = request.app.state.settings
    return urlsplit(settings.public_url).path


def _rehearsal_time(request: Request) -> str | None:
    """The time of a rehearsal, for the banner of each page; None outside of one."""
    clock: Clock = request.app.state.clock
    now = clock.now()
    return f"{now:%H:%M} ngày {day(now.date())}" if clock.is_rehearsal else None


@cache
def _templates() -> "Environment":
    from jinja2 import (  # noqa: PLC0415 - slow to import, and the API does not need it
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
