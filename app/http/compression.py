"""Compression of responses for clients that accept gzip."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipResponder,
    IdentityResponder,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.headers import accepts_gzip
from app.text.tables import XLSX

MINIMUM_BYTES = 1000
"""A smaller response fits into one network packet."""
LEVEL = 5
"""Of 1 to 9: 2 % larger than the default 6, and a third faster."""
COMPRESSED_TYPES = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf", XLSX)
"""Media types that are compressed already."""


class Compression:
    """Compresses responses by gzip; their ETag stays, as it names a version and not bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_vary(message: Message) -> None:
            # Starlette leaves it out of a response without a body. RFC 9110 requires it in a 304.
            if message["type"] == "http.response.start" and message["status"] == 304:  # noqa: PLR2004 - Not Modified
                MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
            await send(message)

        responder: IdentityResponder
        if accepts_gzip(Headers(scope=scope).get("accept-encoding")):
            responder = GZipResponder(
                self.app, MINIMUM_BYTES, LEVEL, exclude_content_types=COMPRESSED_TYPES
            )
        else:
            responder = IdentityResponder(
                self.app, MINIMUM_BYTES, exclude_content_types=COMPRESSED_TYPES
            )
        await responder(scope, receive, send_with_vary)
