"""A request has one credential at most: with two, it would be unclear who asks."""

from uuid import uuid4

import pytest

from tests.conftest import Service
from tests.support.accounts import token_of
from tests.support.browser import HOST, parse_page
from tests.support.report_calls import ok

BEARER = ("Authorization", f"Bearer {token_of('xuan-hong')}")
OTHER_BEARER = ("Authorization", f"Bearer {token_of('coordinator')}")
KEY = ("X-API-Key", token_of("coordinator"))


@pytest.mark.parametrize(
    "headers",
    [
        [BEARER, KEY],
        [KEY, BEARER],
        [BEARER, OTHER_BEARER],
        [BEARER, BEARER],
        [KEY, KEY],
        [BEARER, ("Authorization", "Basic eDp5")],
        [("Authorization", "Bearer unknown"), KEY],
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("POST", "/auth/logout")])
async def test_two_credentials_are_refused(
    service: Service, headers: list[tuple[str, str]], method: str, path: str
) -> None:
    answer = await service.client().request(method, path, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/several-credentials"
    for _, secret in headers:
        assert secret not in answer.text
    assert (await service.client("xuan-hong").get("/me")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [BEARER],
        [("X-API-Key", token_of("xuan-hong"))],
        [BEARER, ("X-API-Key", "")],
        # Of a proxy's own sign-in; it is none of the service's credentials.
        [("X-API-Key", token_of("xuan-hong")), ("Authorization", "Basic eDp5")],
    ],
)
async def test_one_credential_is_accepted(service: Service, headers: list[tuple[str, str]]) -> None:
    profile = ok(await service.client().get("/me", headers=headers))
    assert profile["username"] == "xuan-hong"


@pytest.mark.parametrize("header", [BEARER, KEY])
async def test_a_secret_in_the_address_is_the_only_credential(
    service: Service, header: tuple[str, str]
) -> None:
    link = ok(
        await service.client("xuan-hong").post("/calendar-links", json={"agency": "15493"}), 201
    )
    path = link["url"].partition("/api/v1")[2]
    client = service.client()
    assert (await client.get(path)).status_code == 200
    both = await client.get(path, headers=[header])
    assert (both.status_code, both.json()["type"]) == (400, "/problems/several-credentials")
    page = await client.get(f"{HOST}/notifications/preferences?key={uuid4()}", headers=[header])
    assert page.status_code == 400
    assert "Có nhiều thông tin xác thực" in parse_page(page).text_content
