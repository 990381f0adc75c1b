"""Limits on request bodies: bytes, seconds without data, seconds in total."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge, RequestTimeout

MAX_FORM_BYTES = 16 * 1024
"""Forms are read without authentication; sign-in and preferences need less than 10 kB."""
MAX_EMPTY_BODY_BYTES = 4 * 1024
"""On routes without a body, which accept `{}` and `null`."""
IDLE_SECONDS = 15.0
BASE_SECONDS, MIN_BYTES_PER_SECOND = 20.0, 10_000
"""The time for a whole body: a constant, and the time of the largest allowed body at this rate."""


class LimitedBody:
    """Receives a request's body within a limit of bytes, and within the time for that limit.

    Raises:
        BodyTooLarge: the body is over the limit. An announced length is checked before reading.
        RequestTimeout: the client does not send the body in time.
    """

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        length = Headers(scope=scope).get("content-length", "")
        self._receive = receive
        self._limit = limit
        self._is_announced_too_large = length.isdecimal() and int(length) > limit
        self._received = 0
        self._is_complete = False
        self._ends_at: float | None = None

    async def __call__(self) -> Message:
        """Receive the next part of the body, or the disconnect that follows it."""
        if self._is_complete:
            return await self._receive()
        if self._is_announced_too_large:
            raise BodyTooLarge
        message = await self._receive_in_time()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise BodyTooLarge
        self._is_complete = not message.get("more_body", False)
        return message

    async def _receive_in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        if self._ends_at is None:
            self._ends_at = now + BASE_SECONDS + self._limit / MIN_BYTES_PER_SECOND
        try:
            async with asyncio.timeout_at(min(now + IDLE_SECONDS, self._ends_at)):
                return await self._receive()
        except TimeoutError:
            raise RequestTimeout from None


def with_limit(request: Request, limit: int) -> Request:
    """The request with a tighter limit on its body, in bytes."""
    return Request(request.scope, LimitedBody(request.scope, request.receive, limit))


class BodyLimit:
    """Middleware that limits every request's body, in bytes and in time.

    FastAPI's own limit responds in plain text instead of a problem document.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "http":
            receive = LimitedBody(scope, receive, self.limit)
        await self.app(scope, receive, send)
