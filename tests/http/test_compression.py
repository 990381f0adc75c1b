"""Compression by gzip: which responses, with which headers, and the same data."""

import gzip
import re

import httpx
import pytest

from app.http.headers import accepts_gzip
from tests.conftest import Service
from tests.support.browser import HOST
from tests.support.report_bodies import complete_body
from tests.support.report_calls import XUAN_HONG, ok, submit_complete

REPORT = f"/reports/2024-Q2/{XUAN_HONG}"
AGGREGATE = "/aggregates/indicators?period=2024-Q2"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("xgzip", False),
    ],
)
def test_accept_encoding(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def raw(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    """The response with its body as it was sent, in `extensions["raw"]`."""
    async with client.stream("GET", path, headers=headers) as answer:
        answer.extensions["raw"] = b"".join([part async for part in answer.aiter_raw()])
    return answer


@pytest.mark.parametrize(
    "path",
    [
        REPORT,
        "/obligations?limit=50",
        "/openapi.json",
        "/agencies",
        AGGREGATE,
        f"{HOST}/",
        f"{HOST}/static/pages.css",
        f"{HOST}/static/swagger-ui/swagger-ui-bundle.js",
    ],
)
async def test_a_large_response_is_compressed_once_for_clients_that_accept_it(
    service: Service, path: str
) -> None:
    client = service.client("coordinator")
    plain, compressed = await raw(client, path, PLAIN), await raw(client, path, GZIP)
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.extensions["raw"]) == plain.extensions["raw"]
    assert len(compressed.extensions["raw"]) < len(plain.extensions["raw"]) / 1.5
    for answer in (plain, compressed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        if "Content-Length" in answer.headers:
            assert int(answer.headers["Content-Length"]) == len(answer.extensions["raw"])
    assert compressed.headers.get("ETag") == plain.headers.get("ETag")


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/me", GZIP), (f"{HOST}/health/live", GZIP), (AGGREGATE, GZIP | {"Accept": XLSX})],
)
async def test_small_and_packed_responses_are_sent_as_they_are(
    service: Service, path: str, headers: dict[str, str]
) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    answer = await service.client("coordinator").get(path, headers=headers)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


async def test_a_draft_is_saved_with_the_tag_of_a_compressed_response(service: Service) -> None:
    client = service.client("xuan-hong")
    report = await client.get(REPORT, headers=GZIP)
    assert report.headers["Content-Encoding"] == "gzip"
    assert re.fullmatch(r'"\d+"', report.headers["ETag"])
    saved = await client.put(
        f"{REPORT}/draft",
        json=complete_body(ok(report)),
        headers=GZIP | {"If-Match": report.headers["ETag"]},
    )
    assert saved.status_code == 200
    assert saved.headers["Content-Encoding"] == "gzip"
    assert saved.headers["ETag"] == f'"{saved.json()["version"]}"'


async def test_a_problem_is_compressed_too(service: Service) -> None:
    body = {"entries": [{"project": "DA2", "indicator": f"X.{n}", "value": -1} for n in range(30)]}
    answer = await service.client("xuan-hong").put(
        f"{REPORT}/draft", json=body, headers=GZIP | {"If-Match": '"0"'}
    )
    assert answer.status_code == 422
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["errors"]
