"""Answers of a webhook's receiver that are large, slow or packed."""

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import pytest

from app.channels.errors import DeliveryError
from app.channels.webhook import Post, WebhookSender
from app.clock import LOCAL
from app.settings import Settings

NOW = datetime(2024, 6, 10, 8, tzinfo=LOCAL)
UNPACKED_BYTES = 100_000_000


class Receiver:
    """A server that answers with given chunks; keeps the heads of the requests."""

    def __init__(self, chunks: Iterable[bytes], pause: float) -> None:
        self.chunks = chunks
        self.pause = pause
        self.heads: list[str] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with suppress(ConnectionError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            for chunk in self.chunks:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(self.pause)
        writer.close()


@asynccontextmanager
async def receiver(chunks: Iterable[bytes], pause: float = 0.0) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    receiving = Receiver(chunks, pause)
    server = await asyncio.start_server(receiving.answer, "127.0.0.1", 0)
    receiving.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    yield receiving
    server.close()


async def send(url: str, patience: float = 5.0) -> str | None:
    """Send a post; return the error."""
    sender = WebhookSender(Settings(), patience)
    try:
        await sender.send(Post("1", url, "whsec_czNjcmV0", {"message_id": 1}), NOW)
    except DeliveryError as error:
        return str(error)
    finally:
        await sender.close()
    return None


async def peak_of(url: str) -> int:
    """The memory that a second post takes at its peak, in bytes."""
    await send(url)
    tracemalloc.start()
    try:
        await send(url)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_large_answer_takes_no_memory(encoding: str) -> None:
    zeros = bytes(UNPACKED_BYTES)
    body = gzip.compress(zeros) if encoding == "gzip" else zeros
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    chunks = [head.encode(), *batched(body, 65_536)]
    async with receiver(chunks) as receiving:
        assert await peak_of(receiving.url) < UNPACKED_BYTES / 10
        assert await send(receiving.url) is None
    assert "accept-encoding: identity" in receiving.heads[0].lower()


def batched(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


async def test_a_body_that_never_ends_does_not_hold_the_delivery() -> None:
    """The status is the answer: the receiver has taken the message."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    async with receiver([head, *[b"."] * 1000], pause=0.05) as receiving:
        begun = time.monotonic()
        assert await send(receiving.url) is None
        assert time.monotonic() - begun < 30  # the whole body takes 50


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 1", b""])
async def test_a_head_that_never_ends_times_out(start: bytes) -> None:
    async with asyncio.timeout(20), receiver([start, *[b"."] * 1000], pause=0.05) as receiving:
        assert await send(receiving.url, patience=0.3) in {
            "webhook_timeout",
            "delivery_error: illegal status line: bytearray(b'HTTP/1.1 1......')",
        }


async def test_a_large_head_is_refused() -> None:
    lines = [b"HTTP/1.1 200 OK\r\n", *[b"X-Line: " + b"." * 1000 + b"\r\n"] * 10_000]
    async with receiver(lines) as receiving:
        error = await send(receiving.url)
    assert error is not None
    assert "delivery_error" in error


async def test_no_cookie_is_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: visit=1\r\nContent-Length: 0\r\n\r\n"
    async with receiver([head]) as receiving:
        sender = WebhookSender(Settings())
        for _ in range(2):
            await sender.send(Post("1", receiving.url, "whsec_czNjcmV0", {}), NOW)
        await sender.close()
    assert len(receiving.heads) == 2
    assert not any("cookie" in head.lower() for head in receiving.heads)
