"""A TCP proxy that cuts connections, as a mobile network does.

A request whose head contains `X-Cut: answer` reaches the service, and its connection is cut before
the answer; with `X-Cut: half`, in the middle of the answer. The client cannot tell from outside
whether the service has executed the request.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BUFFER = 64 * 1024
HALF_OF_AN_ANSWER = 300
"""Bytes of the answer that arrive before the cut: its head, and the beginning of its body."""


@contextmanager
def cutting_proxy(port: int, target: int) -> Iterator[None]:
    """Forward connections from `port` to `target` in a thread."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        await asyncio.start_server(lambda r, w: _forward(r, w, target), "127.0.0.1", port)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(serve())  # noqa: RUF006 - ends at once
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
    allowance: float = float("inf")

    async def requests() -> None:
        nonlocal allowance
        while data := await reader.read(BUFFER):
            head = data.lower()
            if b"x-cut: answer" in head:
                allowance = 0
            elif b"x-cut: half" in head:
                allowance = HALF_OF_AN_ANSWER
            up_writer.write(data)
            await up_writer.drain()
        up_writer.write_eof()

    async def answers() -> None:
        nonlocal allowance
        while data := await up_reader.read(BUFFER):
            passed = data[: int(min(allowance, len(data)))]
            allowance -= len(passed)
            writer.write(passed)
            await writer.drain()
            if len(passed) < len(data):
                break
        writer.transport.abort()

    forwarding = asyncio.create_task(requests())
    with suppress(ConnectionError):
        await answers()
    forwarding.cancel()
    with suppress(asyncio.CancelledError, ConnectionError):
        await forwarding
    up_writer.close()
