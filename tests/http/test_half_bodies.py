"""A request whose body never ends holds no database connection."""

import asyncio
from typing import Any

from sqlalchemy import text

from tests.conftest import Service
from tests.support.accounts import token_of
from tests.support.asgi_request import FORM, JSON, AsgiRequest
from tests.support.operations import OPERATIONS

ADMIN_TAGS = {"users", "api-keys", "webhooks", "reorganisations"}


def connections_in_use(service: Service) -> int:
    """The connections that requests hold, of both pools."""
    pool: Any = service.database.engine.pool
    direct = service.database.driver._pool  # noqa: SLF001 - the driver does not show its pool
    return int(pool.checkedout() + direct.get_size() - direct.get_idle_size())


MULTIPART = "multipart/form-data; boundary=x"
HALF_FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nPK'


async def preferences_target(service: Service) -> str:
    async with service.database.reading() as session:
        key = await session.scalar(
            text("SELECT mail_key FROM account WHERE username = 'xuan-hong'")
        )
    return f"/notifications/preferences?key={key}"


async def test_no_route_takes_a_connection_before_the_body_is_complete(service: Service) -> None:
    half_requests = [
        AsgiRequest(
            each.method,
            f"/api/v1{each.address()}",
            [HALF_FILE if each.takes_file else b'{"a":'],
            token_of("admin" if each.tag in ADMIN_TAGS else "coordinator"),
            media_type=MULTIPART if each.takes_file else JSON,
        )
        for each in OPERATIONS
        if each.method not in ("GET", "HEAD") and each.name != "sign_in"
    ]
    half_requests += [
        AsgiRequest("POST", path, [b"username=a"], media_type=FORM)
        for path in ("/api/v1/auth/token", await preferences_target(service))
    ]
    tasks = [asyncio.create_task(each.run(service.app)) for each in half_requests]
    try:
        async with asyncio.timeout(20):
            await asyncio.gather(*(each.waits.wait() for each in half_requests))
        await asyncio.sleep(0)
        assert connections_in_use(service) == 0
        assert {each.status for each in half_requests} == {None}
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
