"""The documented proxies in front of `tiendo serve`: saving, errors, compression, origins."""

import gzip
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEMPLATE, clone
from tests.support.accounts import token_of
from tests.support.console_snippets import free_port
from tests.support.proxies import START_TIMEOUT_SECONDS, caddy, nginx, program
from tests.support.report_bodies import complete_body

TIENDO = Path(sys.executable).with_name("tiendo")
REPORT = "/api/v1/reports/2024-Q2/15493"
SOURCE, SPOOFED = "127.0.0.2", "198.51.100.7"
"""The address from which clients connect, and one that they only claim."""
RUNNERS = {"nginx": nginx, "caddy": caddy}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def service_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`tiendo serve` on a clone of the seeded template."""
    port, database = free_port(), clone(TEMPLATE)
    urls = next(database)
    settings = {
        "TIENDO_DATABASE_URL": urls.application,
        "TIENDO_OWNER_DATABASE_URL": urls.owner,
        "TIENDO_DATA_DIR": str(tmp_path_factory.mktemp("var")),
        "TIENDO_PORT": str(port),
        "TIENDO_EMBEDDED_WORKER": "false",
        "TIENDO_CLOCK_START": "2024-06-10T08:00:00+07:00",
        "TIENDO_TRUSTED_PROXIES": "127.0.0.1",
    }
    inherited = {name: value for name, value in os.environ.items() if "TIENDO" not in name}
    with subprocess.Popen(  # noqa: S603 - no outside input
        [TIENDO, "serve"], env=inherited | settings, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/health/ready", process)
            yield port
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_SECONDS)
    for _ in database:  # drops the clone
        pass


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 3 * START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the service does not start")


@pytest.fixture(scope="module", params=["nginx", "nginx gzip", "caddy", "caddy gzip"])
def proxy(
    request: pytest.FixtureRequest, service_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a documented proxy, without or with compression of its own."""
    name, _, compression = request.param.partition(" ")
    for needed in (name, "openssl"):
        if program(needed) is None:
            pytest.skip(f"{needed} is not installed (apt-get install {needed})")
    folder = tmp_path_factory.mktemp(name)
    with RUNNERS[name](folder, service_port, compresses=bool(compression)) as url:
        yield url


def client(url: str, person: str = "xuan-hong") -> httpx.Client:
    """A client that connects from SOURCE; the certificate is not signed by an authority."""
    transport = httpx.HTTPTransport(local_address=SOURCE, verify=False)
    headers = {"Authorization": f"Bearer {token_of(person)}"}
    return httpx.Client(base_url=url, transport=transport, headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_report_is_saved_with_the_tag_that_the_proxy_passed_on(proxy: str, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    with client(proxy) as commune:
        report = commune.get(REPORT, headers=headers)
        body = complete_body(report.json())
        for _ in range(2):  # the second save uses the tag of the first one's answer
            report = commune.put(
                f"{REPORT}/draft",
                json=body,
                headers=headers | {"If-Match": report.headers["ETag"]},
            )
            assert report.status_code == 200, report.text
        stale = {"If-Match": '"0"'}
        assert commune.put(f"{REPORT}/draft", json=body, headers=stale).status_code == 412


def test_a_small_answer_can_be_changed_with_its_tag(proxy: str) -> None:
    """Small enough that the service leaves the compression, and the tag, to the proxy."""
    with client(proxy, "coordinator") as office:
        line = office.get("/api/v1/budgets?limit=1").json()["items"][0]
        path = f"/api/v1/budgets/{line['id']}"
        answer = office.get(path, headers=GZIP)
        change = {"decision": f"Quyết định số {time.monotonic_ns()}/QĐ-UBND"}
        changed = office.patch(path, json=change, headers={"If-Match": answer.headers["ETag"]})
        assert changed.status_code == 200, (answer.headers["ETag"], changed.text)


def test_a_response_is_compressed_once(proxy: str) -> None:
    with client(proxy) as commune:
        with commune.stream("GET", REPORT, headers=GZIP) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers.get_list("Content-Encoding") == ["gzip"]
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert json.loads(gzip.decompress(raw))["agency"] == "15493"
        plain = commune.get(REPORT, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert len(raw) < len(plain.content) / 3


def test_unchanged_reference_data_is_304(proxy: str) -> None:
    with client(proxy) as commune:
        first = commune.get("/api/v1/agencies", headers=GZIP)
        match = {"If-None-Match": first.headers["ETag"]}
        again = commune.get("/api/v1/agencies", headers=GZIP | match)
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_head_is_answered(proxy: str) -> None:
    with client(proxy) as monitor:
        head = monitor.head("/health/live")
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("size", [1_500_000, 10_000_000])
def test_a_refused_large_body_gets_an_answer(proxy: str, size: int) -> None:
    """Refused by the service, and by the proxy; urllib sends all before it reads."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {
        "Authorization": f"Bearer {token_of('xuan-hong')}",
        "Content-Type": "application/json",
    }
    url, body = f"{proxy}/api/v1/me/password", b'"' + b"x" * size + b'"'
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - http or https
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, context=context)  # noqa: S310 - as above
    with error.value as answer:
        assert answer.code == 413
        if size < 2_000_000:
            assert json.load(answer)["type"] == "/problems/body-too-large"


def test_retry_after_passes(proxy: str) -> None:
    with client(proxy, "coordinator") as office:
        path = "/api/v1/obligations/2024-Q2/15502/remind"
        office.post(path, json={"note": "Nhắc."})
        again = office.post(path, json={"note": "Nhắc."})
        assert again.status_code == 409, again.text
        assert int(again.headers["Retry-After"]) > 0


def test_an_audit_event_has_the_address_of_the_client(proxy: str) -> None:
    with client(proxy, "coordinator") as office:
        spoofed = {"X-Forwarded-For": SPOOFED, "X-Real-IP": SPOOFED, "Forwarded": f"for={SPOOFED}"}
        link = office.post("/api/v1/calendar-links", json={"agency": "15493"}, headers=spoofed)
        assert link.status_code == 201, link.text
        events: list[dict[str, Any]] = office.get("/api/v1/audit-events?limit=20").json()["items"]
        subject = f"calendar-links/{link.json()['id']}"
        (event,) = [each for each in events if each["subject"] == subject]
        assert event["origin"] == SOURCE
