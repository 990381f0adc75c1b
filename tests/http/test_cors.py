"""Front ends on other hosts: preflights, and headers on every kind of response."""

from collections.abc import AsyncIterator
from functools import cache

import httpx
import pytest
from fastapi import FastAPI

from app.clock import Clock
from app.db.database import Database
from app.db.roles import DatabaseUrls
from app.main import create_app
from app.settings import Settings
from tests.conftest import Service, running_service
from tests.support.report_bodies import complete_body
from tests.support.report_calls import XUAN_HONG, ok

ORIGIN = "https://app.example.vn"
OTHER = "http://127.0.0.1:5173"
FOREIGN = "https://evil.example.com"
REPORT = f"/reports/2024-Q2/{XUAN_HONG}"
EXPOSED = {"ETag", "Location", "Retry-After", "X-Request-ID", "Content-Disposition"}


@cache
def application() -> FastAPI:
    """Created once, as `tests.support.operations.APPLICATION`."""
    settings = Settings(embedded_worker=False, cors_origins=(ORIGIN, OTHER))
    return create_app(settings, "", Clock())


@pytest.fixture
async def service(database_urls: DatabaseUrls) -> AsyncIterator[Service]:
    async with running_service(application(), database_urls) as service:
        yield service


async def preflight(client: httpx.AsyncClient, origin: str, method: str, *headers: str) -> int:
    answer = await client.options(
        f"{REPORT}/draft",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ", ".join(headers).lower(),
        },
    )
    if answer.is_success:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert method in answer.headers["Access-Control-Allow-Methods"]
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
        assert "Origin" in answer.headers["Vary"]
    return answer.status_code


async def test_preflights(service: Service) -> None:
    client = service.client()
    needed = ("Authorization", "Content-Type", "If-Match", "Idempotency-Key", "X-API-Key")
    for origin in (ORIGIN, OTHER):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert await preflight(client, origin, method, *needed) == 200, (origin, method)
    assert await preflight(client, FOREIGN, "PUT", "Authorization") == 400
    assert await preflight(client, f"{ORIGIN}.evil.example.com", "PUT") == 400
    assert await preflight(client, "null", "PUT") == 400
    assert await preflight(client, ORIGIN, "PURGE") == 400
    assert await preflight(client, ORIGIN, "PUT", "X-Unknown") == 400


def assert_readable(answer: httpx.Response) -> None:
    """Assert that a script of the origin can read the response and what it needs of its head."""
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) >= EXPOSED
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["X-Request-ID"]


async def test_a_front_end_can_save_a_report(service: Service) -> None:
    client = service.client("xuan-hong")
    client.headers["Origin"] = ORIGIN
    report = await client.get(REPORT)
    assert_readable(report)
    saved = await client.put(
        f"{REPORT}/draft",
        json=complete_body(ok(report)),
        headers={"If-Match": report.headers["ETag"]},
    )
    assert saved.status_code == 200
    assert_readable(saved)


async def test_a_front_end_can_read_errors(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = service.client("xuan-hong")
    client.headers["Origin"] = ORIGIN
    large = b"x" * 2_000_000
    json_type = {"Content-Type": "application/json"}
    answers = [
        (await service.client().get("/me", headers={"Origin": ORIGIN}), 401),
        (await client.get("/users"), 403),
        (await client.get("/nothing"), 404),
        (await client.delete("/me"), 405),
        (await client.put(f"{REPORT}/draft", json={}, headers={"If-Match": '"7"'}), 412),
        (await client.post("/me/password", content=large, headers=json_type), 413),
        (await client.get("/reports?unknown=1"), 422),
    ]
    service.app.state.database = Database("postgresql://127.0.0.1:1/none", Settings())
    answers.append((await client.get("http://test/health/ready"), 503))
    monkeypatch.setattr("app.routers.dependencies.database_of", lambda _: 1 / 0)
    answers.append((await client.get("/me"), 500))
    for answer, status in answers:
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert_readable(answer)
    assert answers[-2][0].headers["Retry-After"]
    assert answers[-1][0].json()["detail"].endswith(f"{answers[-1][0].headers['X-Request-ID']}.")


@pytest.mark.parametrize("origin", [FOREIGN, "null", None])
async def test_other_origins_are_not_permitted(service: Service, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    answer = await service.client("xuan-hong").get("/me", headers=headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
