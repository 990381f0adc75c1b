"""Style sheets, scripts and pictures: all from here, for many networks block other hosts."""

import os
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

FOLDER = Path(__file__).parent / "static"
PACKED_WELL_ENOUGH = 6
KEPT = "public, max-age=3600"
"""An hour without a question; then the ETag tells whether a new version of the service came."""


class Assets(StaticFiles):
    """The files, with leave for browsers and proxies to keep them for a while."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The answer that carries a file, or says that it has not changed."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = KEPT
        return answer


def assets() -> ASGIApp:
    """What answers for the files, packed where the browser takes that."""
    return GZipMiddleware(Assets(directory=FOLDER), compresslevel=PACKED_WELL_ENOUGH)
