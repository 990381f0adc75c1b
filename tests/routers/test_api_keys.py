"""Keys for other systems."""

from typing import Any

import httpx
import pytest

from tests.conftest import Service

PROVINCE = {
    "name": "Hệ thống báo cáo tỉnh",
    "scopes": ["reference:read", "aggregates:read"],
    "agency": "395",
    "expires_on": "2024-12-31",
}


async def make(service: Service, person: str = "district-admin", **other: Any) -> dict[str, Any]:
    answer = await service.client(person).post("/api-keys", json={**PROVINCE, **other})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(service: Service, person: str = "district-admin") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.client(person).get("/api-keys")).json()["items"]
    return items


def with_header(service: Service, key: str) -> httpx.AsyncClient:
    client = service.client()
    client.headers["X-API-Key"] = key
    return client


async def test_a_key_is_shown_once_and_works_in_either_header(service: Service) -> None:
    made = await make(service)
    key = made.pop("key")
    assert made == {
        "id": made["id"],
        **PROVINCE,
        "hint": key[:10],
        "created_at": "2024-06-10T08:00:00+07:00",
        "created_by": "district-admin",
        "last_used_at": None,
        "revoked_at": None,
    }
    assert await listed(service) == [made]
    for client in (service.client(secret=key), with_header(service, key)):
        me = (await client.get("/me")).json()
        assert (me["username"], me["name"], me["agency"]) == (None, PROVINCE["name"], "395")
        assert me["scopes"] == PROVINCE["scopes"]
        assert set(me["permissions"]) == {"self", "reference:read", "aggregates:read"}
    (used,) = await listed(service)
    assert used["last_used_at"] == "2024-06-10T08:00:00+07:00"


async def test_a_key_cannot_sign_out_or_change_a_password(service: Service) -> None:
    client = service.client(secret=(await make(service))["key"])
    change = {"current_password": "x" * 12, "new_password": "x" * 12}
    assert (await client.post("/auth/logout")).status_code == 403
    assert (await client.post("/me/password", json=change)).status_code == 403
    assert (await client.get("/me")).status_code == 200


async def test_a_revoked_key_ends_at_once_and_stays_listed(service: Service) -> None:
    made = await make(service)
    admin = service.client("district-admin")
    path = f"/api-keys/{made['id']}"
    assert (await admin.delete(path)).status_code == 204
    assert (await service.client(secret=made["key"]).get("/me")).status_code == 401
    service.clock.advance(hours=1)
    assert (await admin.delete(path)).status_code == 204
    (key,) = await listed(service)
    assert key["revoked_at"].startswith("2024-06-10T08:00:00")  # of the first time


async def test_a_key_lasts_to_the_end_of_its_day(service: Service) -> None:
    client = service.client(secret=(await make(service, expires_on="2024-06-11"))["key"])
    service.clock.set("2024-06-11 23:59")
    assert (await client.get("/me")).status_code == 200
    service.clock.set("2024-06-12 00:00")
    assert (await client.get("/me")).status_code == 401


async def test_a_key_without_a_day_lasts(service: Service) -> None:
    client = service.client(secret=(await make(service, expires_on=None))["key"])
    service.clock.set("2034-01-01 08:00")
    assert (await client.get("/me")).status_code == 200


@pytest.mark.parametrize(
    ("fault", "pointer", "code"),
    [
        ({"scopes": []}, "/scopes", "too_short"),
        ({"scopes": ["reports:read", "reports:read"]}, "/scopes", "not_unique"),
        ({"scopes": ["accounts:manage"]}, "/scopes/0", "enum"),
        ({"name": ""}, "/name", "string_too_short"),
        ({"agency": None}, "/agency", "string_type"),
        ({"agency": "38"}, "/agency", "unknown_agency"),
        ({"agency": "99999"}, "/agency", "unknown_agency"),
        ({"expires_on": "2024-06-09"}, "/expires_on", "past"),
        ({"expires_on": "2024-02-30"}, "/expires_on", "date_from_datetime_parsing"),
        ({"expires_on": 1}, "/expires_on", "date_type"),
        ({"key": "mine"}, "/key", "extra_forbidden"),
    ],
)
async def test_a_new_key_must_be_right_and_within_reach(
    service: Service, fault: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await service.client("district-admin").post("/api-keys", json={**PROVINCE, **fault})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert await listed(service) == []


async def test_a_key_may_expire_today(service: Service) -> None:
    assert (await make(service, expires_on="2024-06-10"))["expires_on"] == "2024-06-10"


async def test_keys_above_are_out_of_sight(service: Service) -> None:
    provincial = await make(service, "admin", agency="38")
    own = await make(service)
    assert [key["id"] for key in await listed(service)] == [own["id"]]
    assert [key["id"] for key in await listed(service, "admin")] == [provincial["id"], own["id"]]
    district = service.client("district-admin")
    for key_id in (provincial["id"], 999, 2**63 - 1):
        assert (await district.delete(f"/api-keys/{key_id}")).status_code == 404
    assert (await service.client(secret=provincial["key"]).get("/me")).status_code == 200


@pytest.mark.parametrize("key_id", ["0", "x", str(2**63), "1.5"])
async def test_what_is_no_key_number_is_refused(service: Service, key_id: str) -> None:
    answer = await service.client("admin").delete(f"/api-keys/{key_id}")
    assert answer.status_code == 422


@pytest.mark.parametrize("person", ["xuan-hong", "coordinator", "vice-chairman", "province"])
async def test_others_than_admins_have_no_keys(service: Service, person: str) -> None:
    client = service.client(person)
    assert (await client.get("/api-keys")).status_code == 403
    assert (await client.post("/api-keys", json=PROVINCE)).status_code == 403
    assert (await client.delete("/api-keys/1")).status_code == 403


async def test_keys_are_on_record_without_the_secret(service: Service) -> None:
    made = await make(service)
    await service.client("district-admin").delete(f"/api-keys/{made['id']}")
    answer = await service.client("admin").get(f"/audit-events?subject=api-keys/{made['id']}")
    assert made["key"] not in answer.text
    revoked, created = answer.json()["items"]
    assert revoked["action"] == "api_key.revoked"
    assert (created["action"], created["agency"]) == ("api_key.created", "395")
    assert created["after"] == {**PROVINCE, "hint": made["hint"]}
