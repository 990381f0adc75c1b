"""Webhooks: managed within reach; signed posts to a real server."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks.webhooks

from app.channels.errors import DeliveryDelayedError, DeliveryRefusedError
from app.channels.resolver import Resolver
from app.channels.webhook import Post, WebhookSender
from app.clock import LOCAL
from app.services.notifications.delivery import deliver
from app.settings import Environment, Settings
from app.vocabulary import Channel
from tests.conftest import Service
from tests.support.deliveries import delivery_context, list_messages, prefer, run_sweep
from tests.support.reference_calls import (
    change,
    delete,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import ok

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
IN_PRODUCTION = Settings(environment=Environment.PRODUCTION, public_url="https://tiendo.example.vn")
NOW = datetime(2024, 6, 10, 8, tzinfo=LOCAL)
ZALO = {"agency": "395", "url": "https://zalo.thoxuan.example.vn/tiendo?oa=17"}
Verify = Callable[[bytes, Mapping[str, str], str], bool]
SECRET = "whsec_czNjcmV0"


class Gateway:
    """A server that records its requests and answers with a set status."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.location: str | None = None
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.received.append((dict(self.headers.items()), body))
                self.send_response(gateway.status)
                self.send_header("Content-Length", "0")
                if gateway.location:
                    self.send_header("Location", gateway.location)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tiendo"

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What was posted, read."""
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that runs for the test."""
    running = Gateway()
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def verify() -> Verify:
    """The verification from the guide."""
    (snippet,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - what the guide tells readers to run
    found: Verify = names["is_from_tiendo"]
    return found


async def make(service: Service, url: str, agency: str = "395") -> dict[str, Any]:
    """Create a webhook of an agency."""
    answer = await service.client("coordinator").post(
        "/webhooks", json={"agency": agency, "url": url}
    )
    made: dict[str, Any] = ok(answer, 201)
    return made


async def deliver_now(service: Service) -> None:
    """Deliver with the real sender."""
    sender = WebhookSender(Settings())
    await deliver(delivery_context(service, posts=sender))
    await sender.close()


async def test_a_post_is_signed_as_the_guide_describes(
    service: Service, gateway: Gateway, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(service, gateway.url)
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await deliver_now(service)

    ((headers, body),) = gateway.received
    received_at(monkeypatch, service.clock.now())
    secret = made["secret"]
    assert verify(body, headers, secret)
    assert not verify(body + b" ", headers, secret)
    assert not verify(body, headers | {"webhook-id": "5"}, secret)
    assert not verify(body, headers, SECRET)
    received_at(monkeypatch, service.clock.now() + timedelta(seconds=301))
    assert not verify(body, headers, secret)

    payload = json.loads(body)
    (message,) = await list_messages(service, username="xuan-hong")
    assert (message.state, str(message.id)) == ("sent", payload["message_id"])
    assert headers["webhook-id"] == str(message.id)
    assert payload == _example() | {"message_id": str(message.id), "text": message.body}


def received_at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """Set the receiver's clock."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Standing":
            return cls.fromtimestamp(now.timestamp(), tz)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Standing)


def _example() -> dict[str, Any]:
    shown = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    example: dict[str, Any] = json.loads(shown[1])
    return example


async def test_a_retry_has_the_same_message_id(service: Service, gateway: Gateway) -> None:
    await make(service, gateway.url)
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    gateway.status = 503
    await deliver_now(service)
    (message,) = await list_messages(service, username="xuan-hong")
    assert (message.state, message.error, message.error_detail) == (
        "waiting",
        "webhook_status",
        "503",
    )
    gateway.status = 200
    await deliver_now(service)  # too early
    service.clock.advance(minutes=1)
    await deliver_now(service)
    first, second = gateway.payloads
    assert first["message_id"] == second["message_id"]
    (message,) = await list_messages(service, username="xuan-hong")
    assert (message.state, message.attempts) == ("sent", 2)


async def test_the_nearest_webhook_gets_the_message(service: Service, gateway: Gateway) -> None:
    office = service.client("coordinator")
    district = await make(service, gateway.url + "/district")
    commune = await make(service, gateway.url + "/commune", "15493")
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    await prefer(service, "bac-luong", Channel.WEBHOOK)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    gateway.status = 404
    await deliver_now(service)
    messages = await list_messages(service, channel="webhook")
    assert {(m.username, m.state) for m in messages} == {
        ("xuan-hong", "failed"),
        ("bac-luong", "failed"),
    }
    ok(await change(office, f"/webhooks/{commune['id']}", {"active": False}))
    tested = ok(await office.post(f"/webhooks/{commune['id']}/test"))
    assert tested["error"] == "cổng nhận tin trả lời 404"
    service.clock.set("2024-06-14 08:00")
    gateway.status = 200
    gateway.received.clear()
    await run_sweep(service)
    await deliver_now(service)
    assert {payload["recipient"]["username"] for payload in gateway.payloads} == {
        "xuan-hong",
        "bac-luong",
    }
    assert district["agency"] == "395"


async def test_a_redirect_is_not_followed(gateway: Gateway) -> None:
    gateway.status, gateway.location = 307, "/elsewhere"
    assert await refusal_of(Settings(), gateway.url) == "webhook_status: 307"
    assert len(gateway.received) == 1


async def test_proxies_of_the_environment_are_ignored(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert await refusal_of(Settings(), gateway.url) is None
    assert len(gateway.received) == 1


async def test_an_endless_response_times_out() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(ConnectionError):
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.05)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with asyncio.timeout(5):
        refused = await refusal_of(Settings(), url, patience=0.2)
    server.close()
    assert refused == "webhook_timeout"


async def refusal_of(settings: Settings, url: str, patience: float = 5.0) -> str | None:
    """The error of a post; None if it arrived."""
    sender = WebhookSender(settings, patience)
    try:
        await sender.send(Post("1", url, SECRET, {"message_id": 1}), NOW)
    except (DeliveryDelayedError, DeliveryRefusedError) as error:
        return str(error)
    finally:
        await sender.close()
    return None


async def test_a_test_is_sent_at_once_and_its_outcome_returned(
    service: Service, gateway: Gateway, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(service, gateway.url)
    office = service.client("coordinator")
    path = f"/webhooks/{made['id']}/test"
    assert ok(await office.post(path)) == {
        "ok": True,
        "error": None,
        "sent_at": "2024-06-10T08:00:00+07:00",
    }
    headers, body = gateway.received[0]
    received_at(monkeypatch, NOW)
    assert verify(body, headers, made["secret"])
    payload = json.loads(body)
    assert payload["message_id"] == headers["webhook-id"]
    assert payload["message_id"].startswith("test-")
    assert payload["obligations"] == []
    assert payload["recipient"]["username"] == "coordinator"
    assert payload.keys() == _example().keys()
    gateway.status = 500
    failed = ok(await office.post(path))
    assert (failed["ok"], failed["error"]) == (False, "cổng nhận tin trả lời 500")
    failed = ok(await office.post(path, headers={"Accept-Language": "en"}))
    assert failed["error"] == "the webhook answered 500"
    nowhere = await make(service, "http://127.0.0.1:9/")
    assert ok(await office.post(f"/webhooks/{nowhere['id']}/test"))["ok"] is False


async def test_the_secret_is_shown_once(service: Service) -> None:
    office = service.client("coordinator")
    made = await office.post("/webhooks", json=ZALO)
    webhook = ok(made, 201)
    secret = webhook.pop("secret")
    assert len(secret) > 30
    assert webhook == ZALO | {
        "id": webhook["id"],
        "active": True,
        "created_at": "2024-06-10T08:00:00+07:00",
        "version": 1,
    }
    assert await list_all(office, "/webhooks") == [webhook]
    path = f"/webhooks/{webhook['id']}"
    one = await office.get(path)
    assert ok(one) == webhook
    assert one.headers["ETag"] == made.headers["ETag"] == '"1"'
    moved = {"url": "https://zalo.thoxuan.example.vn/v2?oa=18"}
    assert ok(await change(office, path, moved)) == webhook | moved | {"version": 2}
    for action in ("webhook.created", "webhook.changed"):
        (event,) = await list_events(service, action)
        recorded_fields = f"{event.before}{event.after}"
        assert "zalo.thoxuan.example.vn" in recorded_fields
        assert secret not in recorded_fields
        assert "oa=" not in recorded_fields  # an address may hold a secret of its own


async def test_a_change_requires_the_current_version(service: Service) -> None:
    office = service.client("coordinator")
    path = f"/webhooks/{ok(await office.post('/webhooks', json=ZALO), 201)['id']}"
    off = {"active": False}
    assert problem_of(await office.patch(path, json=off)) == (428, "precondition-required")
    assert problem_of(await office.delete(path)) == (428, "precondition-required")
    changed = await change(office, path, off)
    assert (ok(changed)["active"], changed.headers["ETag"]) == (False, '"2"')
    stale = {"If-Match": '"1"'}
    assert problem_of(await office.patch(path, json=off, headers=stale)) == (412, "stale")
    assert problem_of(await office.delete(path, headers=stale)) == (412, "stale")
    assert (await delete(office, path)).status_code == 204
    assert problem_of(await office.get(path)) == (404, "not-found")
    (event,) = await list_events(service, "webhook.deleted")
    assert event.before == {
        "agency": "395",
        "host": "https://zalo.thoxuan.example.vn",
        "active": False,
    }


@pytest.mark.parametrize(
    "url",
    [
        "ftp://zalo.example.vn/",
        "zalo.example.vn",
        "https://",
        "https:///tiendo",
        "https://user:pass@zalo.example.vn/",
        "https://zalo.example.vn:99999/",
        "https://[::1/",
        "https://zalo.example.vn/a b",
        "https://zalo.example.vn/\u0000",
        "javascript:alert(1)",
        "",
    ],
)
async def test_an_address_is_http_and_holds_no_password(service: Service, url: str) -> None:
    answer = await service.client("coordinator").post("/webhooks", json=ZALO | {"url": url})
    assert [pointer for pointer, _ in field_errors(answer)] == ["/url"]


async def test_in_production_an_address_is_public(service: Service) -> None:
    office = service.client("coordinator")
    path = f"/webhooks/{ok(await office.post('/webhooks', json=ZALO), 201)['id']}"
    service.app.state.settings = IN_PRODUCTION
    for url in (
        "http://zalo.example.vn/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://gateway/",
        "https://[64:ff9b::a00:1]/",
        "https://127.1/",
    ):
        answer = await office.post("/webhooks", json=ZALO | {"url": url})
        assert field_errors(answer) == [("/url", "not_public")]
        assert field_errors(await change(office, path, {"url": url})) == [("/url", "not_public")]
    assert (await office.post("/webhooks", json=ZALO)).status_code == 201


async def test_webhooks_are_administered_within_reach(service: Service) -> None:
    admin, office = service.client("district-admin"), service.client("coordinator")
    made = ok(await admin.post("/webhooks", json=ZALO), 201)
    assert [each["id"] for each in await list_all(office, "/webhooks")] == [made["id"]]
    assert field_errors(await office.post("/webhooks", json=ZALO | {"agency": "38"})) == [
        ("/agency", "unknown_agency")
    ]
    above = ok(await service.client("admin").post("/webhooks", json=ZALO | {"agency": "38"}), 201)
    for call in _calls(office, above["id"]):
        assert problem_of(await call) == (404, "not-found")
    for person in ("xuan-hong", "vice-chairman", "province"):
        for call in _calls(service.client(person), made["id"]):
            assert problem_of(await call) == (403, "forbidden")


def _calls(client: httpx.AsyncClient, webhook_id: int) -> list[Any]:
    path, match = f"/webhooks/{webhook_id}", {"If-Match": '"1"'}
    return [
        client.get(path),
        client.patch(path, json={"active": False}, headers=match),
        client.delete(path, headers=match),
        client.post(f"{path}/test"),
    ]


@pytest.mark.parametrize("url", ["http://xn--a.com/", "https://xn--ls8h.la:1/"])
async def test_an_invalid_host_is_refused(service: Service, url: str) -> None:
    made = await make(service, url)
    tested = ok(await service.client("coordinator").post(f"/webhooks/{made['id']}/test"))
    assert (tested["ok"], tested["error"]) == (False, "địa chỉ của cổng nhận tin không gọi được")
    await prefer(service, "xuan-hong", Channel.WEBHOOK)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await deliver_now(service)
    (message,) = await list_messages(service, username="xuan-hong", channel="webhook")
    assert (message.state, message.error) == ("failed", "webhook_unreachable")


async def test_an_invalid_host_is_refused_in_production_too() -> None:
    for host in ("xn--a.com", "a" * 64 + ".example.vn"):
        assert await refusal_of(IN_PRODUCTION, f"https://{host}/"), host


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Resolve every host to these addresses."""

    async def found(_resolver: Resolver, _host: str) -> list[str]:
        return list(addresses)

    monkeypatch.setattr(Resolver, "resolve", found)


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["93.184.216.34", "::1"], ["64:ff9b::a00:5"]])
async def test_in_production_a_host_with_an_internal_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    resolve(monkeypatch, *addresses)
    refused = await refusal_of(IN_PRODUCTION, "https://gateway.example.vn/")
    assert refused == "webhook_not_public"


async def test_in_production_the_request_goes_to_the_checked_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second resolution could differ; the certificate is checked against the host."""
    asked: list[httpx.Request] = []

    async def answer(_: object, request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    resolve(monkeypatch, "93.184.216.34", "93.184.216.35")
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    assert await refusal_of(IN_PRODUCTION, "https://gateway.example.vn/tiendo") is None
    (request,) = asked
    assert str(request.url) == "https://93.184.216.34/tiendo"
    assert request.headers["Host"] == request.extensions["sni_hostname"] == "gateway.example.vn"
