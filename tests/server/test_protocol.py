"""What a client can send, hold and delay on a connection, with both event loops."""

import asyncio
import http.client
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from socket import SHUT_WR, create_connection, socket
from typing import Any

import pytest

from app.http.metrics import Metrics
from app.server import protocol
from app.server import serving as serving_module
from app.settings import Settings
from tests.support.uvicorn_server import serving

SECONDS = 30
"""No step takes so long."""
LARGE = 8 * 1024 * 1024
MAX_CONNECTIONS = 10
HEAD = b"GET /read HTTP/1.1\r\nHost: test\r\n"
POST = b"POST /read HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Application:
    """Answers by path: reads the body, refuses it unread, sends much, or waits."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.disconnects = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, body = 200, b"ok"
        if scope["path"] == "/read":
            while (message := await receive()).get("more_body", False):
                pass
            self.disconnects += message["type"] == "http.disconnect"
        elif scope["path"] == "/refuse":
            status = 413
        elif scope["path"] == "/large":
            body = b"x" * LARGE
        elif scope["path"] == "/wait":
            self.arrived.release()
            await asyncio.to_thread(self.released.wait, SECONDS)
        head = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        for start in range(0, len(body), 65536):
            part = body[start : start + 65536]
            more = start + 65536 < len(body)
            await send({"type": "http.response.body", "body": part, "more_body": more})


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture(params=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest, application: Application) -> Iterator[int]:
    settings = Settings(max_connections=MAX_CONNECTIONS)
    with serving(application, request.param, settings) as port:
        yield port
        application.released.set()


def connect(port: int) -> socket:
    return create_connection(("127.0.0.1", port), timeout=SECONDS)


def received(connection: socket) -> bytes:
    """All that the server sends until it ends its side."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def response(connection: socket) -> bytes:
    """The next response, whose body is `ok`."""
    answer = b""
    while not answer.endswith(b"\r\n\r\nok"):
        answer += connection.recv(65536)
    return answer


def ask(port: int, *requests: bytes) -> bytes:
    """Send the bytes and return all that the server sends until it ends its side."""
    with connect(port) as connection:
        for part in requests:
            connection.sendall(part)
        return received(connection)


def assert_problem(response: bytes, status: int, slug: str) -> None:
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head
    assert json.loads(body)["type"] == f"/problems/{slug}"


def get(port: int) -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    client.request("GET", "/read")
    status = client.getresponse().status
    client.close()
    return status


@pytest.mark.parametrize(
    "request_parts",
    [
        pytest.param([HEAD, *[b"a: b\r\n" * 4000] * 10], id="many lines without end"),
        pytest.param([HEAD, b"a: ", *[b"b" * 50_000] * 10], id="one line without end"),
        pytest.param([HEAD + b"a: " + b"b" * 66_000 + b"\r\n\r\n"], id="too long"),
        pytest.param([HEAD + b"a: b\r\n" * 100 + b"\r\n"], id="too many lines"),
        pytest.param([b"\r\n" * 100_000, HEAD], id="empty lines without end"),
        pytest.param([CHUNKED, b"1;", *[b"x" * 50_000] * 10], id="chunk extension"),
        pytest.param([CHUNKED, b"0\r\n", *[b"a: b\r\n" * 9000] * 10], id="trailers without end"),
    ],
)
def test_a_head_over_the_limit_is_refused(port: int, request_parts: list[bytes]) -> None:
    assert_problem(ask(port, *request_parts), 431, "head-too-large")


def test_a_head_at_the_limit_is_accepted(port: int) -> None:
    lines = b"a: b\r\n" * (protocol.MAX_HEADERS - 2) + b"Connection: close\r\n\r\n"
    assert ask(port, HEAD + lines).startswith(b"HTTP/1.1 200 ")
    long = b"a: " + b"b" * (protocol.MAX_HEAD_BYTES - 1000) + b"\r\nConnection: close\r\n\r\n"
    assert ask(port, HEAD, long).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [17_000, 3_000_000])
def test_a_target_over_the_limit_is_refused(port: int, size: int) -> None:
    assert_problem(ask(port, b"GET /" + b"a" * size), 414, "target-too-long")


def test_a_target_at_the_limit_is_accepted(port: int) -> None:
    target = b"/read?" + b"a" * (protocol.MAX_TARGET_BYTES - 6)
    request = b"GET " + target + b" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    assert ask(port, request).startswith(b"HTTP/1.1 200 ")


def test_what_is_not_http_is_refused(port: int, application: Application) -> None:
    assert_problem(ask(port, b"\x16\x03\x01\x02\x00"), 400, "malformed-request")
    assert_problem(ask(port, CHUNKED, b"no chunk\r\n"), 400, "malformed-request")
    assert get(port) == 200
    assert application.disconnects == 1


def test_a_head_that_does_not_arrive_in_time_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    assert ask(port) == b""
    assert_problem(ask(port, HEAD), 408, "request-timeout")
    answer = ask(port, HEAD + b"\r\n", HEAD)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


def test_an_idle_connection_is_kept(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    with connect(port) as connection:
        for _ in range(3):
            connection.sendall(HEAD + b"\r\n")
            assert response(connection).startswith(b"HTTP/1.1 200 ")
            assert ask(port) == b""  # another connection waits for longer than HEAD_SECONDS


def test_silent_connections_keep_nobody_out(port: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(3 * MAX_CONNECTIONS)]
        slow = [stack.enter_context(connect(port)) for _ in range(MAX_CONNECTIONS)]
        for connection in slow:
            connection.sendall(HEAD)
        assert get(port) == 200
        assert received(silent[0]) == b""


def test_connections_in_use_are_kept_and_others_refused(
    port: int, application: Application
) -> None:
    request = b"GET /wait HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(port)) for _ in range(MAX_CONNECTIONS)]
        for connection in waiting:
            connection.sendall(request)
            assert application.arrived.acquire(timeout=SECONDS)
        refusal = ask(port)
        assert_problem(refusal, 503, "overloaded")
        assert b"Retry-After: " in refusal
        application.released.set()
        for connection in waiting:
            assert received(connection).startswith(b"HTTP/1.1 200 ")
    assert get(port) == 200


@pytest.mark.parametrize("size", [1000, 1_000_000, 10_000_000])
def test_a_client_that_reads_after_sending_gets_the_refusal(port: int, size: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/refuse", data=b"x" * size)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 - of this test's server
    with refusal.value as answer:
        assert (answer.code, answer.read()) == (413, b"ok")


def test_a_connection_is_kept_after_a_refused_body(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    for size in (1000, 10_000_000):
        client.request("POST", "/refuse", body=b"x" * size)
        refusal = client.getresponse()
        assert (refusal.status, refusal.read()) == (413, b"ok")
        own = client.sock
        client.request("GET", "/read")
        assert client.getresponse().read() == b"ok"
        assert client.sock is own
    client.close()


@pytest.mark.parametrize("kept", [b"keep-alive", b"close"])
def test_a_refused_body_without_end_is_cut(
    port: int, monkeypatch: pytest.MonkeyPatch, kept: bytes
) -> None:
    monkeypatch.setattr(protocol, "DRAIN_BYTES", 1_000_000)
    head = POST.replace(b"/read", b"/refuse") + b"Connection: " + kept
    with connect(port) as connection:
        connection.sendall(head + b"\r\nContent-Length: 1000000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall(b"x" * 1_000_000_000)
    assert get(port) == 200


@pytest.mark.parametrize("kept", [b"keep-alive", b"close"])
def test_a_refused_body_that_stays_away_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch, kept: bytes
) -> None:
    monkeypatch.setattr(protocol, "DRAIN_SECONDS", 0.1)
    head = POST.replace(b"/read", b"/refuse") + b"Connection: " + kept
    answer = ask(port, head + b"\r\nContent-Length: 1000000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", [b"/read", b"/refuse", b"/wait"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_body_that_stays_away_does_not_delay_a_stop(
    application: Application, monkeypatch: pytest.MonkeyPatch, path: bytes, loop: str
) -> None:
    monkeypatch.setattr(protocol, "STOP_SECONDS", 0.1)
    for module, name in ((serving_module, "SHUTDOWN_SECONDS"), (protocol, "DRAIN_SECONDS")):
        monkeypatch.setattr(module, name, 10 * SECONDS)
    head = POST.replace(b"/read", path) + b"Content-Length: 10\r\n\r\nhalf"
    with ExitStack() as stack:
        with serving(application, loop) as port:  # its end stops the server
            connection = stack.enter_context(connect(port))
            connection.sendall(head)
            if path == b"/wait":
                assert application.arrived.acquire(timeout=SECONDS)
                threading.Timer(0.5, application.released.set).start()
            elif path == b"/refuse":
                assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
            else:
                assert get(port) == 200
        if path != b"/refuse":
            assert_problem(received(connection), 503, "overloaded")


def test_the_rest_of_a_body_arrives_during_a_stop(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "STOP_SECONDS", SECONDS)
    with ExitStack() as stack:
        with serving(application, "asyncio") as port:
            connection = stack.enter_context(connect(port))
            connection.sendall(POST + b"Content-Length: 8\r\n\r\nhalf")
            assert get(port) == 200
            threading.Timer(0.5, connection.sendall, [b"half"]).start()
        assert received(connection).startswith(b"HTTP/1.1 200 ")


def test_refusals_of_the_protocol_are_counted() -> None:
    metrics = Metrics()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        scope["state"]["metrics"] = metrics
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    with serving(app, "asyncio", lifespan="on") as port:
        assert_problem(ask(port, HEAD + b"a: b\r\n" * 200), 431, "head-too-large")
        target = b"GET /%s HTTP/1.1\r\n" % (b"x" * 20_000)
        assert_problem(ask(port, target), 414, "target-too-long")
    rendered = metrics.render(oldest_unsent=0, waiting=0, failed=0, overdue=0).decode()
    for status in (414, 431):
        line = f'tiendo_http_requests_total{{method="other",process="{os.getpid()}",route="other"'
        assert f'{line},status="{status}"}} 1.0' in rendered


def test_a_response_that_is_not_read_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "WRITE_SECONDS", 0.1)
    with connect(port) as connection:
        connection.sendall(HEAD.replace(b"/read", b"/large") + b"\r\n")
        assert ask(port, HEAD, b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        threading.Event().wait(0.5)
        assert 0 < len(received(connection)) < LARGE


def test_pipelined_requests_are_answered(port: int) -> None:
    requests = (HEAD + b"\r\n") * 20 + HEAD + b"Connection: close\r\n\r\n"
    assert ask(port, requests).count(b"HTTP/1.1 200 ") == 21


def test_too_many_pipelined_requests_end_the_connection(port: int) -> None:
    requests = HEAD.replace(b"/read", b"/wait") + b"\r\n" + (HEAD + b"\r\n") * 100
    assert ask(port, requests) == b""


def test_a_client_that_hangs_up_leaves_nothing_behind(
    port: int, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(port) as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\nabc")
    with connect(port) as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\nabc")
        connection.shutdown(SHUT_WR)
        assert received(connection) == b""
    with connect(port) as connection:
        connection.sendall(HEAD.replace(b"/read", b"/large") + b"\r\n")
        connection.recv(1)
    assert get(port) == 200
    assert application.disconnects == 2
    assert [record for record in caplog.records if record.name != "asyncio"] == []
