"""What surrounds every request: its number, the limit of its body, headers of every answer."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge


class RequestFrame:
    """Gives each request a number for the log and the answer, and answers safe defaults."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope["request_id"] = request_id

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, framed)


class BodyLimit:
    """Refuses a body over the limit while it is read. FastAPI's own limit answers in plain text."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self.app = app
        self.largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        read = int(announced) if announced.isdecimal() and int(announced) > self.largest else 0

        async def counted() -> Message:
            nonlocal read
            message = await receive() if read <= self.largest else {}
            read += len(message.get("body", b""))
            if read > self.largest:
                raise BodyTooLarge
            return message

        await self.app(scope, counted, send)
