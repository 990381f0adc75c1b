"""Methods: HEAD answers like GET, and 405 names the methods of the path."""

from collections import defaultdict

import httpx
import pytest

from tests.conftest import Service
from tests.support.browser import HOST
from tests.support.operations import OPERATIONS, PREFIX, Operation

PAGES = ("/", "/docs", "/notifications/preferences", "/static/pages.css", "/nothing")
ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
VARYING = {"x-request-id"}
"""Headers that differ from one response to the next."""


def url(operation: Operation) -> str:
    prefix = PREFIX if operation.path.startswith(PREFIX) else ""
    return f"{HOST}{prefix}{operation.address()}"


READABLE = {url(each): each.required() for each in OPERATIONS if each.method == "GET"}


def headers_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARYING}


@pytest.mark.parametrize("accept_encoding", ["gzip", "identity"])
async def test_head_has_the_status_and_the_headers_of_get(
    service: Service, accept_encoding: str
) -> None:
    client = service.client("coordinator")
    client.headers["Accept-Encoding"] = accept_encoding
    addresses = [*READABLE.items(), *((f"{HOST}{page}", {}) for page in PAGES)]
    assert len(addresses) > 40
    for address, parameters in addresses:
        get = await client.get(address, params=parameters)
        head = await client.head(address, params=parameters)
        assert head.content == b"", address
        assert head.status_code == get.status_code, address
        # One counts the requests, the other contains the time.
        if not address.endswith(("/metrics", "/template.xlsx")):
            assert headers_of(head) == headers_of(get), address


async def test_head_is_counted_as_head(service: Service) -> None:
    await service.client().head(f"{HOST}/health/live")
    metrics = (await service.client().get(f"{HOST}/metrics")).text
    labels = ('method="HEAD"', 'route="/health/live"', 'status="200"')
    counted = [line for line in metrics.splitlines() if all(label in line for label in labels)]
    assert [line for line in counted if line.startswith("tiendo_http_requests_total{")]


async def test_a_method_that_no_route_has_is_refused_with_the_methods_of_the_path(
    service: Service,
) -> None:
    methods = defaultdict(set)
    for operation in OPERATIONS:
        methods[url(operation)].add(operation.method)
    for page in (*PAGES[:2], *PAGES[3:4], "/api/v1/openapi.json"):
        methods[f"{HOST}{page}"].add("GET")
    methods[f"{HOST}/notifications/preferences"] = {"GET", "POST"}
    client = service.client("coordinator")
    for address, expected in methods.items():
        for method in ("PURGE", *(set(ORDER) - {"HEAD"} - expected)):
            answer = await client.request(method, address)
            assert answer.status_code == 405, (method, address)
            in_order = [each for each in ORDER if each.replace("HEAD", "GET") in expected]
            assert answer.headers["Allow"] == ", ".join(in_order), (method, address)


async def test_a_path_without_get_does_not_allow_head(service: Service) -> None:
    answer = await service.client("coordinator").head("/reports/2024-Q2/15493/draft")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT, PATCH")


async def test_without_permitted_origins_a_preflight_is_an_unknown_method(
    service: Service,
) -> None:
    headers = {"Origin": "https://app.example.vn", "Access-Control-Request-Method": "GET"}
    answer = await service.client().options("/me", headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert "Access-Control-Allow-Origin" not in answer.headers
