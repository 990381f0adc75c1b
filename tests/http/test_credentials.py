"""A request has one credential at most: with two, it would be unclear who asks."""

import base64
from uuid import uuid4

import pytest

from tests.conftest import Service
from tests.support.accounts import token_of
from tests.support.browser import HOST, parse_page
from tests.support.reference_calls import problem_of
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


TOKEN = token_of("xuan-hong")
BASIC = base64.b64encode(f"{TOKEN}:".encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        f"Basic {TOKEN}",
        f"Basic {BASIC}",
        f"ApiKey {TOKEN}",
        f"Token {TOKEN}",
        f"Digest {TOKEN}",
        TOKEN,
        f"Bearer{TOKEN}",
        f"Bearer={TOKEN}",
        f"Bearer: {TOKEN}",
        f"Bearer Bearer {TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Bearer {TOKEN},{TOKEN}",
        f'Bearer "{TOKEN}"',
        f"Bearer token={TOKEN}",
        f"Bearer\t{TOKEN}",
        f"Basic Bearer {TOKEN}",
        "Bearer",
        "Bearer ",
        "",
    ],
)
async def test_a_token_is_accepted_under_the_scheme_bearer_only(
    service: Service, authorization: str
) -> None:
    client = service.client()
    answer = await client.get("/me", headers={"Authorization": authorization})
    assert problem_of(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer …" in answer.json()["detail"]
    assert TOKEN not in answer.text
    for scheme in ("Bearer", "bearer", "BEARER"):  # RFC 9110: schemes have no case
        ok(await client.get("/me", headers={"Authorization": f"{scheme} {TOKEN}"}))


@pytest.mark.parametrize("name", ["X-Api-Token", "Api-Key", "X-Auth-Token", "Proxy-Authorization"])
async def test_a_key_is_accepted_in_its_header_only(service: Service, name: str) -> None:
    for address, headers in (("/me", {name: TOKEN}), ("/me", {"Cookie": f"key={TOKEN}"})):
        answer = await service.client().get(address, headers=headers)
        assert problem_of(answer) == (401, "unauthenticated")


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
