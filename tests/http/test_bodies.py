"""Limits on request bodies: who may send them, how large they are, how long they take."""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from socket import SHUT_WR, create_connection

import pytest

from app.http import bodies
from app.http.strict_json import MAX_VALUES
from tests.conftest import Service
from tests.support.accounts import token_of
from tests.support.asgi_request import FORM, JSON, AsgiRequest
from tests.support.operations import APPLICATION, PUBLIC, UNDER_VERSION, Operation
from tests.support.uvicorn_server import serving

LARGEST = 1024 * 1024
JSON_HEADERS, FORM_HEADERS = {"Content-Type": JSON}, {"Content-Type": FORM}
PREFERENCES = "/notifications/preferences"


async def in_chunks(size: int) -> AsyncIterator[bytes]:
    yield b'{"current_password": "'
    for _ in range(0, size, 65536):
        yield b"x" * 65536


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "headers", "limit"),
    [
        ("/me/password", JSON_HEADERS, LARGEST),
        ("/auth/token", FORM_HEADERS, bodies.MAX_FORM_BYTES),
        ("/auth/logout", JSON_HEADERS, bodies.MAX_EMPTY_BODY_BYTES),
    ],
)
async def test_a_body_over_the_limit_gets_a_problem_document(
    service: Service, path: str, headers: dict[str, str], limit: int, announced: bool
) -> None:
    answer = await service.client("xuan-hong").post(
        path, content=b"x" * (limit + 1) if announced else in_chunks(limit + 1), headers=headers
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"]
    assert answer.json()["type"] == "/problems/body-too-large"


async def test_a_body_at_the_limit_is_accepted(service: Service) -> None:
    body = b'{"current_password": "' + b"x" * (LARGEST - 24) + b'"}'
    assert len(body) == LARGEST
    client = service.client("xuan-hong")
    answer = await client.post("/me/password", content=body, headers=JSON_HEADERS)
    assert answer.status_code == 422


async def test_the_longest_sign_in_fits_into_a_form(service: Service) -> None:
    form = {"username": "ế" * 200, "password": "ộ" * 200, "grant_type": "password"}
    assert (await service.client().post("/auth/token", data=form)).status_code == 401


async def test_a_large_page_form_gets_a_page(service: Service) -> None:
    answer = await service.client().post(
        f"http://test{PREFERENCES}", content=b"a=1&" * 100_000, headers=FORM_HEADERS
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("secret", ["", "no-such-token"])
async def test_without_valid_credentials_no_body_is_read(service: Service, secret: str) -> None:
    for operation in UNDER_VERSION:
        if operation.name in PUBLIC:
            continue
        request = AsgiRequest(operation.method, target(operation), [b"[],"] * 9, secret)
        await request.run(service.app)
        assert (request.status, request.parts_read) == (401, 0), operation.name


async def test_without_the_permission_no_body_is_read(service: Service) -> None:
    request = AsgiRequest("POST", "/api/v1/users", [b"{"], token_of("xuan-hong"))
    await request.run(service.app)
    assert (request.status, request.parts_read) == (403, 0)


async def test_a_token_that_ends_while_the_body_arrives_is_rejected(service: Service) -> None:
    client = service.client("xuan-hong")

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"current_password": "x", '
        service.clock.advance(seconds=2)
        assert (await client.post("/auth/logout")).status_code == 204
        yield b'"new_password": "mat-khau-moi-cua-toi"}'

    answer = await client.post("/me/password", content=slowly(), headers=JSON_HEADERS)
    assert answer.status_code == 401


async def test_too_many_values_are_rejected_before_parsing(service: Service) -> None:
    client = service.client("xuan-hong")
    for body in (b"[" + b"[]," * 300_000 + b"1]", b"[" + b"1," * MAX_VALUES + b"1]"):
        answer = await client.post("/me/password", content=body, headers=JSON_HEADERS)
        assert answer.status_code == 422
        assert [error["code"] for error in answer.json()["errors"]] == ["too_many_values"]
    text = json.dumps({"current_password": "," * (MAX_VALUES + 1)})
    answer = await client.post("/me/password", content=text, headers=JSON_HEADERS)
    assert "too_many_values" not in {error["code"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("limits", [("IDLE_SECONDS", 0.05), ("BASE_SECONDS", -100.0)])
async def test_a_body_that_does_not_arrive_in_time_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch, limits: tuple[str, float]
) -> None:
    monkeypatch.setattr(bodies, *limits)
    for path, media_type in (("/me/password", JSON), ("/auth/token", FORM)):
        request = AsgiRequest(
            "POST", f"/api/v1{path}", [b'{"a'], token_of("xuan-hong"), media_type=media_type
        )
        await request.run(service.app)
        assert request.status == 408
        assert json.loads(request.body)["type"] == "/problems/request-timeout"


async def test_a_client_that_hangs_up_is_no_error(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tiendo")
    requests = [
        AsgiRequest(each.method, target(each), [b'{"a', None], token_of("admin"))
        for each in UNDER_VERSION
        if each.body is not None and each.tag == "users"
    ]
    requests += [
        AsgiRequest("POST", path, [b"a=", None], media_type=FORM)
        for path in ("/api/v1/auth/token", PREFERENCES)
    ]
    for request in requests:
        caplog.clear()
        await request.run(service.app)
        assert request.status == 499
        (record,) = [each for each in caplog.records if each.name == "tiendo"]
        assert (record.levelname, record.exc_info) == ("DEBUG", None)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_client_that_sends_before_it_reads_gets_the_refusal(loop: str) -> None:
    body = b"a=1&" * 2_500_000
    with serving(APPLICATION, loop) as port:
        url = f"http://127.0.0.1:{port}/api/v1/auth/token"
        request = urllib.request.Request(url, data=body, headers=FORM_HEADERS)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=30)  # noqa: S310 - as above
        with refusal.value as answer:
            assert (answer.code, json.load(answer)["type"]) == (413, "/problems/body-too-large")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_connection_that_is_lost_in_a_body_is_no_error(
    caplog: pytest.LogCaptureFixture, loop: str
) -> None:
    caplog.set_level(logging.DEBUG, "tiendo")
    paths = ("/api/v1/auth/token", PREFERENCES)
    with serving(APPLICATION, loop) as port:
        for path in paths:
            head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: {FORM}\r\n"
            with create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(f"{head}Content-Length: 100\r\n\r\na=".encode())
                connection.shutdown(SHUT_WR)
                assert connection.recv(1) == b""
    records = [(each.name, each.levelname, each.exc_info) for each in caplog.records]
    assert records == [("tiendo", "DEBUG", None)] * len(paths)


def target(operation: Operation) -> str:
    query = "&".join(f"{name}={value}" for name, value in operation.required().items())
    return f"/api/v1{operation.address()}?{query}"
