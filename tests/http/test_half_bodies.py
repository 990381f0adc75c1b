"""A request whose body never ends holds no database connection."""

import asyncio
from typing import Any

from sqlalchemy import text

from tests.conftest import Service
from tests.support.operations import OPERATIONS

FORM = b"application/x-www-form-urlencoded"


class HalfRequest:
    """A request whose client sends part of the body and then nothing more."""

    def __init__(self, method: str, target: str, content_type: bytes, part: bytes) -> None:
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
                (b"content-type", content_type),
                (b"content-length", b"5000"),
            ],
            "client": ("192.0.2.1", 40000),
            "server": ("test", 80),
        }
        self._part = part
        self._is_sent = False
        self.waits = asyncio.Event()
        """Set when the application waits for the rest of the body."""
        self.is_answered = False

    async def run(self, app: Any) -> None:
        """Send the request to the application; ends with the response."""
        await app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if not self._is_sent:
            self._is_sent = True
            return {"type": "http.request", "body": self._part, "more_body": True}
        self.waits.set()
        return await asyncio.Future[dict[str, Any]]()

    async def _send(self, _: dict[str, Any]) -> None:
        self.is_answered = True
        self.waits.set()


def connections_in_use(service: Service) -> int:
    """The connections that requests hold, of both pools."""
    pool: Any = service.database.engine.pool
    direct = service.database.driver._pool  # noqa: SLF001 - the driver does not show its pool
    return int(pool.checkedout() + direct.get_size() - direct.get_idle_size())


async def preferences_target(service: Service) -> str:
    async with service.database.reading() as session:
        key = await session.scalar(
            text("SELECT mail_key FROM account WHERE username = 'xuan-hong'")
        )
    return f"/notifications/preferences?key={key}"


async def test_no_route_takes_a_connection_before_the_body_is_complete(service: Service) -> None:
    half_requests = [
        HalfRequest(each.method, f"/api/v1{each.address()}", b"application/json", b'{"a":')
        for each in OPERATIONS
        if each.method not in ("GET", "HEAD")
    ]
    half_requests.append(HalfRequest("POST", "/api/v1/auth/token", FORM, b"username=a"))
    preferences = HalfRequest("POST", await preferences_target(service), FORM, b"channel=email")
    half_requests.append(preferences)
    tasks = [asyncio.create_task(each.run(service.app)) for each in half_requests]
    try:
        async with asyncio.timeout(20):
            await asyncio.gather(*(each.waits.wait() for each in half_requests))
        await asyncio.sleep(0)
        assert connections_in_use(service) == 0
        assert not preferences.is_answered
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
