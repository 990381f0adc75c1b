"""The cookies of the pages: the session, and the secret that signs the forms of visitors."""

from datetime import timedelta
from typing import NamedTuple

from fastapi import Request, Response

from app.settings import Settings


class CookieName(NamedTuple):
    """A cookie's name; over https with the prefix that binds it to this host."""

    plain: str

    def of(self, request: Request) -> str:
        """The name under the public URL of the service."""
        return f"__Host-{self.plain}" if is_secure(request) else self.plain


SESSION = CookieName("tiendo-session")
"""The access token of the person who is signed in."""
VISIT = CookieName("tiendo-visit")
"""A random secret of a browser that is not signed in."""


def get(request: Request, name: CookieName) -> str | None:
    """The cookie's value, if the browser has sent it."""
    return request.cookies.get(name.of(request))


def put(
    request: Request,
    response: Response,
    name: CookieName,
    value: str,
    lifetime: timedelta | None = None,
) -> None:
    """Set a cookie that scripts cannot read; without a lifetime until the browser closes."""
    response.set_cookie(
        name.of(request),
        value,
        max_age=int(lifetime.total_seconds()) if lifetime else None,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def delete(request: Request, response: Response, name: CookieName) -> None:
    """Delete a cookie."""
    response.delete_cookie(
        name.of(request), secure=is_secure(request), httponly=True, samesite="lax"
    )


def is_secure(request: Request) -> bool:
    """Whether people reach the service over https."""
    settings: Settings = request.app.state.settings
    return settings.public_url.startswith("https://")
