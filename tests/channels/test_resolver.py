"""Look-ups of host names, with a name server that never answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest

from app.channels.errors import DeliveryDelayedError
from app.channels.resolver import NameNotResolvedError, Resolver
from app.channels.webhook import Post, WebhookSender
from app.clock import LOCAL
from app.settings import Settings
from tests.channels.test_mail import envelope, mailer
from tests.support.smtp_server import post_office

NOW = datetime(2024, 6, 10, 8, tzinfo=LOCAL)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A name server that receives queries and answers none."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
async def busy_threads() -> AsyncIterator[None]:
    """Keep every thread of the event loop's own pool busy, as its look-ups would."""
    end = Event()
    pool = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(pool)
    pool.submit(end.wait)
    yield
    end.set()


def post_to(host: str) -> Post:
    return Post("1", f"http://{host}/", "whsec_czNjcmV0", {"message_id": 1})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_name_server(silent_server: str, host: str) -> None:
    assert await Resolver([silent_server]).resolve(host) == [host]


async def test_this_machine_is_found_without_a_name_server(silent_server: str) -> None:
    assert "127.0.0.1" in await Resolver([silent_server]).resolve("localhost")


async def test_an_unknown_host_is_named() -> None:
    with pytest.raises(NameNotResolvedError, match=r"no-such-host\.invalid"):
        await Resolver().resolve("no-such-host.invalid")


async def test_look_ups_end_whatever_their_number(silent_server: str) -> None:
    resolver = Resolver([silent_server], seconds=0.3, at_once=2)
    async with asyncio.timeout(20):
        errors = await asyncio.gather(
            *(resolver.resolve(f"gateway-{number}.example.vn") for number in range(50)),
            return_exceptions=True,
        )
        assert {type(error) for error in errors} == {NameNotResolvedError}
        assert "127.0.0.1" in await resolver.resolve("localhost")
    await resolver.close()


@pytest.mark.usefixtures("busy_threads")
async def test_unanswered_names_of_webhooks_do_not_delay_mails(silent_server: str) -> None:
    """Neither channel uses the threads that the process shares."""
    resolver = Resolver([silent_server], seconds=600)
    sender = WebhookSender(Settings(), timeout=600, resolver=resolver)
    posts = [
        asyncio.create_task(sender.send(post_to(f"gateway-{number}.example.vn"), NOW))
        for number in range(8)
    ]
    async with asyncio.timeout(20), post_office() as office:
        mails = mailer(f"smtp://localhost:{office.port}")
        for _ in range(3):
            await mails.send(envelope())
        await mails.close()
    assert len(office.mails) == 3
    for post in posts:
        post.cancel()
    await asyncio.gather(*posts, return_exceptions=True)
    await sender.close()


async def test_an_unanswered_name_delays_a_post(silent_server: str) -> None:
    sender = WebhookSender(Settings(), resolver=Resolver([silent_server], seconds=0.2))
    with pytest.raises(DeliveryDelayedError, match=r"gateway\.example\.vn: no name server answers"):
        await sender.send(post_to("gateway.example.vn"), NOW)
    await sender.close()


async def test_the_next_address_is_tried_where_one_refuses() -> None:
    """localhost is ::1 first; a server that listens on 127.0.0.1 only is found."""
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    connection = await Resolver().connect("localhost", port)
    assert connection.getpeername() == ("127.0.0.1", port)
    connection.close()
    listening.close()
    with pytest.raises(ConnectionRefusedError):
        await Resolver().connect("localhost", port)
