"""uvicorn's HTTP protocol with limits on what a client can send, and on how long it can take.

uvicorn limits the size of a head only in its h11 protocol, which serves fewer requests, and no time
but that of an idle connection. `app.http.bodies` limits the bodies that the application reads.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.errors import (
    HeadTooLarge,
    MalformedRequest,
    Overloaded,
    Problem,
    RequestTimeout,
    TargetTooLong,
)
from app.http.problems import MEDIA_TYPE, headers_of

MAX_TARGET_BYTES = 16 * 1024
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 32
"""Requests that wait for the response to an earlier one on the same connection."""
HEAD_SECONDS = 15.0
"""From the opening of a connection, or the first byte of a later request, to its whole head."""
WRITE_SECONDS = 60.0
"""The longest time in which a client reads nothing of a response."""
DRAIN_BYTES, DRAIN_SECONDS = 16 * 1024 * 1024, 10.0
"""How much of an unread body is received and discarded.

Many clients read the response only after sending the body. If the connection were closed earlier,
they would see a reset in place of the response.
"""
STOP_SECONDS = 1.0
"""The time for the rest of a request when the server stops."""
CLOSE_SECONDS = 5.0
"""The time for the unsent rest of a response when a connection is closed."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    It *waits* while no request is under way: after it was opened, while it is idle, while a head
    arrives, while an unread body is discarded. Beyond the limit of connections, those that have
    waited longest are closed, so that silent connections do not keep others out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_connections = self.limit_concurrency
        self.limit_concurrency = None  # uvicorn would refuse every request at the limit
        self.waiting_since = self.loop.time()
        self._unparsed_bytes = 0
        """Received since the last head, part of a body or end of a request."""
        self._has_progressed = False
        self._is_in_head = self._is_in_body = False
        self._discarded_bytes = 0
        self._is_lingering = False
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    # The connection's events

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Start waiting for a request, or refuse the connection."""
        self._transport = transport
        super().connection_made(cast("asyncio.Transport", _UvicornTransport(transport, self)))
        self._set_deadline(HEAD_SECONDS, self._give_up)
        limit = self._max_connections
        if limit is not None and len(self.connections) > limit and not self._close_waiting():
            self._respond(Overloaded())
            self.close_now()

    def data_received(self, data: bytes) -> None:
        """Parse or discard what was received."""
        if self._is_lingering:
            self._discard(len(data))
            return
        self._unset_keepalive_if_required()
        self._has_progressed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the request is answered as if it did not ask for an upgrade
        except httptools.HttpParserError as error:
            cause = error.__context__  # raised by one of the callbacks below
            self._refuse(cause if isinstance(cause, Problem) else MalformedRequest())
            return
        self._limit_unparsed(len(data))
        if self._is_unread():
            self._discard(len(data))
        elif self.is_waiting and self._deadline is None:
            self._set_deadline(HEAD_SECONDS, self._give_up)

    def pause_writing(self) -> None:
        """Limit the time in which the client reads nothing."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(WRITE_SECONDS, self._transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection's timers."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._clear_deadline()
        if self._write_deadline is not None:
            self._write_deadline.cancel()

    # The parser's events. What they raise arrives in `data_received`.

    def on_message_begin(self) -> None:
        """Note the first byte of a head."""
        self._is_in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Limit the target, of which this is a part."""
        if len(self.url) + len(url) > MAX_TARGET_BYTES:
            raise TargetTooLong
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """Limit a head that arrived at once; `_limit_unparsed` limits one that arrives in parts."""
        self._is_in_head = False
        self._has_progressed = self._is_in_body = True
        self._clear_deadline()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            raise HeadTooLarge
        if len(self.pipeline) >= MAX_PIPELINED:
            raise MalformedRequest
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note the progress."""
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the progress, and the end of a body that was discarded."""
        self._has_progressed = True
        self._is_in_body = False
        self._clear_deadline()
        super().on_message_complete()

    # The response's end, and the connection's

    def on_response_complete(self) -> None:
        """Wait for the next request, or discard the rest of this one's body."""
        self.waiting_since = self.loop.time()
        super().on_response_complete()
        if self._is_lingering:
            return
        if self._is_unread():
            self._discarded_bytes = 0
            self._set_deadline(DRAIN_SECONDS, self.close_now)
        elif self._is_in_head:
            self._set_deadline(HEAD_SECONDS, self._give_up)

    def shutdown(self) -> None:
        """Close the connection, after the response to a request that is under way.

        A request of which a part is still missing is refused, or its rest no longer discarded.
        """
        if self.is_waiting:
            self.close_now()
            return
        super().shutdown()
        if self._is_in_body:
            self._set_deadline(STOP_SECONDS, self._stop)

    def close(self) -> None:
        """Close the connection, after discarding what is left of an unread body."""
        if self._transport.is_closing():
            return
        if self._is_in_body and not self._is_lingering:
            self._linger()
        else:
            self.close_now()

    def is_closing(self) -> bool:
        """Whether the connection takes no more requests."""
        return self._is_lingering or self._transport.is_closing()

    def _is_unread(self) -> bool:
        """Whether a body is still arriving after the response to its request."""
        return self._is_in_body and self.is_waiting

    def _limit_unparsed(self, size: int) -> None:
        """Limit heads, trailers and the framing of chunks; `size` bytes have been parsed.

        Bytes that arrive together with progress are not counted: they can belong to a body.
        """
        self._unparsed_bytes = 0 if self._has_progressed else self._unparsed_bytes + size
        headers = len(self.headers or ())
        if self._unparsed_bytes > MAX_HEAD_BYTES or headers > MAX_HEADERS:
            self._refuse(HeadTooLarge())

    def _close_waiting(self) -> bool:
        """Close an eighth of the waiting connections, the longest first; return False without any.

        Closing several at once spreads the cost of the search.
        """
        connections = cast("set[LimitedProtocol]", self.connections)
        waiting = [each for each in connections if each.is_waiting and each is not self]
        waiting.sort(key=lambda each: each.waiting_since)
        for each in waiting[: 1 + len(waiting) // 8]:
            connections.discard(each)  # it takes no place any more, though it is not closed yet
            each.close_now()
        return bool(waiting)

    def _give_up(self) -> None:
        """Close a connection whose client did not send a whole head in time."""
        if self._is_in_head:
            self._refuse(RequestTimeout())
        else:
            self.close_now()

    def _stop(self) -> None:
        """End a connection whose request is not complete while the server stops."""
        self._refuse(Overloaded())
        self.close_now()

    def _refuse(self, problem: Problem) -> None:
        """Respond to what cannot be parsed or is not complete, and end the connection."""
        if not self.is_waiting:
            if self.cycle.response_started or self.pipeline:
                self.close_now()  # an earlier request's response would be mixed up with this one
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._respond(problem)
        self._linger()

    def _respond(self, problem: Problem) -> None:
        """Send and count a response that the application has no part in."""
        self._transport.write(self._response(problem))
        if (metrics := self.app_state.get("metrics")) is not None:
            metrics.count_refusal(problem.status)

    def _response(self, problem: Problem) -> bytes:
        """The response to a request whose language is not known."""
        body = json.dumps(problem.document("vi"), ensure_ascii=False).encode()
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": len(body), "Connection": "close"}
        lines = [f"{name}: {value}\r\n" for name, value in (headers | headers_of(problem)).items()]
        return STATUS_LINE[problem.status] + "".join(lines).encode() + b"\r\n" + body

    def _linger(self) -> None:
        """End our side, and discard what still arrives until the client ends its side."""
        self._is_lingering = True
        self._discarded_bytes = 0
        self.flow.resume_reading()
        with suppress(OSError):  # the client is gone already
            self._transport.write_eof()
        self._set_deadline(DRAIN_SECONDS, self.close_now)

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > DRAIN_BYTES:
            self.close_now()

    def close_now(self) -> None:
        """Close the connection as soon as what was written is sent, within a limit of time."""
        self._transport.close()
        self._set_deadline(CLOSE_SECONDS, self._transport.abort)

    def _set_deadline(self, seconds: float, act: Callable[[], None]) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, act)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _UvicornTransport:
    """The transport as uvicorn uses it: closing it can discard the rest of a request first."""

    def __init__(self, transport: asyncio.Transport, protocol: LimitedProtocol) -> None:
        self.write = transport.write
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self.close = protocol.close
        self.is_closing = protocol.is_closing
