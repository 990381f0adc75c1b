"""The table of docs/secrets.md: what each event does to each secret."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from app.services.notifications import password_mails
from tests.conftest import Service
from tests.support.deliveries import Outbox, address_in, delivery_context
from tests.support.reference_calls import change, problem_of
from tests.support.report_calls import BAC_LUONG, XUAN_HONG, ok

PAGE = Path(__file__).resolve().parent.parent / "docs" / "secrets.md"
PASSWORD, NEW_PASSWORD = "mật khẩu của maker", "mật khẩu mới của maker"
GATEWAY = "https://gateway.example.vn/tiendo"


def read_table() -> dict[tuple[str, str], str]:
    """The cells of the first table of the page, by event and secret."""
    lines = PAGE.read_text("utf-8").split("\n\n| event |", 1)[1].split("\n\n", 1)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    secrets = rows[0]
    return {
        (row[0], secret): cell
        for row in rows[2:]
        for secret, cell in zip(secrets, row[1:], strict=True)
    }


@dataclass
class Holder:
    """An account that makes secrets, and one of them."""

    service: Service
    client: httpx.AsyncClient
    """Signed in as the account, with another token than the secret."""
    secret: str = ""
    path: str = ""
    """Where the secret is revoked."""

    @property
    def admin(self) -> httpx.AsyncClient:
        """An administrator of the whole system."""
        return self.service.client("admin")

    async def change_account(self, **values: Any) -> None:
        """Change the account as an administrator."""
        ok(await change(self.admin, "/users/maker", values))


async def sign_in(service: Service, password: str) -> httpx.Response:
    form = {"username": "maker", "password": password}
    return await service.client().post("/auth/token", data=form)


async def scalar(holder: Holder, sql: str) -> Any:
    async with holder.service.database.reading() as session:
        return await session.scalar(text(sql))


# The secrets: how each is made, and whether it works.


async def make_token(holder: Holder) -> None:
    holder.secret = ok(await sign_in(holder.service, PASSWORD))["access_token"]


async def token_works(holder: Holder) -> bool:
    return (await holder.service.client(secret=holder.secret).get("/me")).status_code == 200


async def make_password(holder: Holder) -> None:
    holder.secret = PASSWORD


async def password_works(holder: Holder) -> bool:
    return (await sign_in(holder.service, holder.secret)).status_code == 200


async def make_mail_key(holder: Holder) -> None:
    key = await scalar(holder, "SELECT mail_key FROM account WHERE username = 'maker'")
    holder.secret = f"http://test/notifications/preferences?key={key}"


async def make_calendar_link(holder: Holder) -> None:
    link = ok(await holder.client.post("/calendar-links", json={"agency": XUAN_HONG}), 201)
    holder.secret = link["url"].replace("http://127.0.0.1:8000", "http://test")
    holder.path = f"/calendar-links/{link['id']}"


async def address_works(holder: Holder) -> bool:
    return (await holder.service.client().get(holder.secret)).status_code == 200


async def make_api_key(holder: Holder) -> None:
    body = {"name": "thử", "scopes": ["reports:read"], "agency": XUAN_HONG}
    body |= {"expires_on": "2024-06-10"}
    key = ok(await holder.client.post("/api-keys", json=body), 201)
    holder.secret, holder.path = key["key"], f"/api-keys/{key['id']}"


async def make_webhook(holder: Holder) -> None:
    body = {"agency": XUAN_HONG, "url": GATEWAY}
    webhook = ok(await holder.client.post("/webhooks", json=body), 201)
    holder.secret, holder.path = webhook["secret"], f"/webhooks/{webhook['id']}"


async def webhook_signs(holder: Holder) -> bool:
    serving = "SELECT secret FROM webhooks_serving((SELECT path FROM agency WHERE code = '15493'))"
    return bool(await scalar(holder, serving) == holder.secret)


async def make_password_link(holder: Holder) -> None:
    outbox = Outbox()
    ok(await holder.admin.post("/users/maker/invitation"), 201)
    await password_mails.send(delivery_context(holder.service, outbox), lambda: True)
    holder.secret = parse_qs(urlsplit(address_in(outbox.mails[-1])).query)["key"][0]


async def password_link_works(holder: Holder) -> bool:
    """Whether a common password is refused, which leaves the link valid; an ended link is first."""
    body = {"token": holder.secret, "new_password": "12345678"}
    return (await holder.service.client().post("/auth/password", json=body)).status_code == 422


SECRETS: dict[
    str, tuple[Callable[[Holder], Awaitable[None]], Callable[[Holder], Awaitable[bool]]]
] = {
    "access token": (make_token, token_works),
    "password": (make_password, password_works),
    "mail key": (make_mail_key, address_works),
    "calendar link": (make_calendar_link, address_works),
    "API key": (make_api_key, token_works),
    "webhook secret": (make_webhook, webhook_signs),
    "password link": (make_password_link, password_link_works),
}


# The events.


async def sign_out(holder: Holder) -> None:
    token = holder.secret if holder.secret.startswith("tdt_") else None
    client = holder.service.client(secret=token) if token else holder.client
    assert (await client.post("/auth/logout")).status_code == 204


async def change_own_password(holder: Holder) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await holder.client.post("/me/password", json=body)).status_code == 204
    assert (await holder.client.get("/me")).status_code == 200


async def reset_password(holder: Holder) -> None:
    await holder.change_account(password=NEW_PASSWORD)


async def set_password(holder: Holder) -> None:
    client = holder.service.client()
    if await scalar(holder, "SELECT count(*) FROM password_link"):
        body = {"token": holder.secret, "new_password": NEW_PASSWORD}
        ok(await client.post("/auth/password", json=body))
        return
    code = ok(await holder.admin.post("/users/maker/reset-code"), 201)["code"]
    body = {"username": "maker", "code": code, "new_password": NEW_PASSWORD}
    ok(await client.post("/auth/password-by-code", json=body))


async def deactivate_and_activate(holder: Holder) -> None:
    await holder.change_account(active=False)
    await holder.change_account(active=True)


async def change_mail_address(holder: Holder) -> None:
    await holder.change_account(email="other@example.vn")


async def move(holder: Holder) -> None:
    await holder.change_account(agency=BAC_LUONG)
    await holder.change_account(agency=XUAN_HONG)


async def change_role(holder: Holder) -> None:
    await holder.change_account(role="viewer")


async def end_agency(holder: Holder) -> None:
    async with holder.service.database.transaction() as session:
        await session.execute(
            text("UPDATE agency SET valid_to = '2024-06-09' WHERE code = '15493'")
        )


async def revoke(holder: Holder) -> None:
    if not holder.path:
        await sign_out(holder)
        return
    read = await holder.admin.get(holder.path)
    headers = {"If-Match": read.headers.get("ETag", "*")}
    assert (await holder.admin.delete(holder.path, headers=headers)).status_code == 204


async def wait_a_week(holder: Holder) -> None:
    holder.service.clock.advance(days=7)


EVENTS: dict[str, Callable[[Holder], Awaitable[None]]] = {
    "signing out": sign_out,
    "changing one's password": change_own_password,
    "a password reset by an administrator or the operator": reset_password,
    "setting a password by a link or code": set_password,
    "deactivation, even if the account is activated again": deactivate_and_activate,
    "another mail address": change_mail_address,
    "a move to another agency": move,
    "another role": change_role,
    "the end of the agency": end_agency,
    "revocation or deletion": revoke,
    "expiry": wait_a_week,
}

TABLE = read_table()
TRIED = {where: cell for where, cell in TABLE.items() if cell != "–"}


def test_the_table_lists_every_event_and_secret() -> None:
    assert list(TABLE) == [(event, secret) for event in EVENTS for secret in SECRETS]
    assert {cell.replace(",", "").split()[0] for cell in TRIED.values()} == {"ends", "stays"}


@pytest.mark.parametrize(("event", "secret"), TRIED)
async def test_the_table_is_true(service: Service, event: str, secret: str) -> None:
    make, works = SECRETS[secret]
    holder = await hold(service, "admin" if secret in {"API key", "webhook secret"} else "reporter")
    await make(holder)
    assert await works(holder)
    await EVENTS[event](holder)
    assert await works(holder) is TABLE[event, secret].startswith("stays")


async def hold(service: Service, role: str, agency: str = XUAN_HONG) -> Holder:
    """A new account of this role, signed in."""
    account = {"username": "maker", "full_name": "Người lập", "email": "maker@example.vn"}
    account |= {"role": role, "agency": agency, "password": PASSWORD}
    ok(await service.client("admin").post("/users", json=account), 201)
    token = ok(await sign_in(service, PASSWORD))["access_token"]
    return Holder(service, service.client(secret=token))


async def test_only_the_maker_and_administrators_revoke_a_calendar_link(service: Service) -> None:
    maker = await hold(service, "reporter")
    await make_calendar_link(maker)
    for person in ("xuan-hong", "coordinator", "vice-chairman", "province"):
        refused = await service.client(person).delete(maker.path)
        assert problem_of(refused) == (403, "forbidden"), person
    refused = await service.client("bac-luong").delete(maker.path)
    assert problem_of(refused) == (404, "not-found")
    assert await address_works(maker)
    assert (await service.client("district-admin").delete(maker.path)).status_code == 204
    assert not await address_works(maker)


async def test_a_calendar_shows_what_its_maker_sees_now(service: Service) -> None:
    maker = await hold(service, "coordinator", "395-LDTBXH")
    district = {"agency": "395"}
    link = ok(await maker.client.post("/calendar-links", json=district), 201)
    maker.secret = link["url"].replace("http://127.0.0.1:8000", "http://test")
    assert await address_works(maker)
    await maker.change_account(role="reporter")
    assert not await address_works(maker)
    await maker.change_account(role="coordinator")
    assert await address_works(maker)


async def test_calendar_links_are_limited_in_number_and_rate(service: Service) -> None:
    client, body = service.client("xuan-hong"), {"agency": XUAN_HONG}
    links = [ok(await client.post("/calendar-links", json=body), 201) for _ in range(10)]
    full = await client.post("/calendar-links", json=body)
    assert problem_of(full) == (409, "state-conflict")
    for link in links:
        assert (await client.delete(f"/calendar-links/{link['id']}")).status_code == 204
        ok(await client.post("/calendar-links", json=body), 201)
    service.clock.advance(minutes=59)
    too_many = await client.post("/calendar-links", json=body)
    assert problem_of(too_many) == (429, "too-many-requests")
    assert too_many.headers["Retry-After"] == "60"
    ok(await service.client("coordinator").post("/calendar-links", json=body), 201)
    service.clock.advance(minutes=1)
    assert problem_of(await client.post("/calendar-links", json=body)) == (409, "state-conflict")


async def test_webhooks_and_api_keys_of_an_agency_are_limited(service: Service) -> None:
    admin = service.client("admin")
    key = {"name": "thử", "scopes": ["reports:read"], "agency": XUAN_HONG}
    for path, body, most in (
        ("/webhooks", {"agency": XUAN_HONG, "url": GATEWAY}, 20),
        ("/api-keys", key, 100),
    ):
        for _ in range(most):
            ok(await admin.post(path, json=body), 201)
        service.clock.advance(hours=2)
        assert problem_of(await admin.post(path, json=body)) == (409, "state-conflict")
        ok(await admin.post(path, json=body | {"agency": BAC_LUONG}), 201)


async def test_one_more_sign_in_than_allowed_ends_the_oldest_token(service: Service) -> None:
    maker = await hold(service, "reporter")
    await make_token(maker)
    fill = """
        INSERT INTO access_token (token_hash, account_id, created_at, expires_at)
        SELECT 'token ' || n, id, '2024-06-10T08:30:00+07:00', '2024-06-11T08:30:00+07:00'
        FROM account CROSS JOIN generate_series(1, 98) AS n WHERE username = 'maker'
    """
    async with service.database.transaction() as session:
        await session.execute(text(fill))
    service.clock.advance(hours=1)
    assert (await sign_in(service, PASSWORD)).status_code == 200
    count = "SELECT count(*) FROM access_token JOIN account ON id = account_id"
    assert await scalar(maker, f"{count} WHERE username = 'maker'") == 100
    works = [await token_works(maker), (await maker.client.get("/me")).status_code == 200]
    assert sorted(works) == [False, True]
