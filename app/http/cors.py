"""Cross-origin requests (CORS): what a front end on another origin may send and read."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-API-Key",
)
"""Besides those that browsers always allow, such as Accept and Accept-Language."""
RESPONSE_HEADERS = (
    "Allow",
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Rehearsal-Clock",
    "X-Request-ID",
)
"""Besides those that browsers always show, such as Content-Type."""
PREFLIGHT_SECONDS = 3600


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let scripts of these origins use the service; without any, browsers let none.

    Credentials in the sense of CORS (cookies) stay forbidden: clients send tokens.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )
