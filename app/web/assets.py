"""Style sheets, scripts and images, served by the service itself: many networks block CDNs."""

import os
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from app.errors import MethodNotAllowed

FOLDER = Path(__file__).parent / "static"
SWAGGER_UI = ("fastapi_offline", "static")
"""The package that ships Swagger UI, and the folder in it."""
CACHE_CONTROL = "public, max-age=3600"
"""Clients reuse a file for an hour and then revalidate it by its ETag."""


class Assets(StaticFiles):
    """Static files that browsers and proxies may cache."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The response for a file.

        Raises:
            MethodNotAllowed: the method is not GET; Starlette would not name it in `Allow`.
        """
        if scope["method"] != "GET":
            raise MethodNotAllowed(["GET", "HEAD"])
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, or 304 if the client has the current version."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = CACHE_CONTROL
        return response


def assets() -> ASGIApp:
    """The application's own files."""
    return Assets(directory=FOLDER)


def swagger_ui() -> ASGIApp:
    """The files of Swagger UI."""
    return Assets(packages=[SWAGGER_UI])
