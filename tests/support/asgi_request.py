"""Requests sent to the application message by message, without an HTTP client."""

import asyncio
from collections.abc import Sequence
from typing import Any

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class AsgiRequest:
    """A request, given by the parts of its body.

    The client hangs up where a part is None. After the last part it sends nothing more, but stays.
    """

    def __init__(
        self,
        method: str,
        target: str,
        parts: Sequence[bytes | None],
        secret: str = "",
        *,
        media_type: str = JSON,
        length: int = 4000,
    ) -> None:
        path, _, query = target.partition("?")
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (b"host", b"test"),
                (b"authorization", f"Bearer {secret}".encode()),
                (b"content-type", media_type.encode()),
                (b"content-length", str(length).encode()),
            ],
            "client": ("192.0.2.1", 40000),
            "server": ("test", 80),
        }
        self._parts = parts
        self.parts_read = 0
        self.waits = asyncio.Event()
        """Set when the application waits for more of the body, or has answered."""
        self.status: int | None = None
        self.body = b""

    async def run(self, app: Any) -> None:
        """Send the request to the application; ends with the response."""
        await app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if self.parts_read == len(self._parts):
            self.waits.set()
            return await asyncio.Future[dict[str, Any]]()
        part = self._parts[self.parts_read]
        self.parts_read += 1
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": True}

    async def _send(self, message: dict[str, Any]) -> None:
        self.waits.set()
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
