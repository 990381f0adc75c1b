"""API keys of other systems."""

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


async def create(service: Service, person: str = "district-admin", **other: Any) -> dict[str, Any]:
    answer = await service.client(person).post("/api-keys", json={**PROVINCE, **other})
    assert answer.status_code == 201, answer.text
    api_key: dict[str, Any] = answer.json()
    return api_key


async def list_keys(service: Service, person: str = "district-admin") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.client(person).get("/api-keys")).json()["items"]
    return items


def with_header(service: Service, key: str) -> httpx.AsyncClient:
    client = service.client()
    client.headers["X-API-Key"] = key
    return client


async def test_a_key_is_shown_once_and_works_in_either_header(service: Service) -> None:
    created = await create(service)
    key = created.pop("key")
    assert created == {
        "id": created["id"],
        **PROVINCE,
        "hint": key[:10],
        "created_at": "2024-06-10T08:00:00+07:00",
        "created_by": "district-admin",
        "last_used_at": None,
        "revoked_at": None,
    }
    assert await list_keys(service) == [created]
    for client in (service.client(secret=key), with_header(service, key)):
        me = (await client.get("/me")).json()
        assert (me["username"], me["name"], me["agency"]) == (None, PROVINCE["name"], "395")
        assert me["scopes"] == PROVINCE["scopes"]
        read = {"reference:read", "periods:read", "aggregates:read"}
        assert set(me["permissions"]) == {"self"} | read
    (used,) = await list_keys(service)
    assert used["last_used_at"] == "2024-06-10T08:00:00+07:00"


async def test_a_key_cannot_sign_out_or_change_a_password(service: Service) -> None:
    client = service.client(secret=(await create(service))["key"])
    change = {"current_password": "x" * 12, "new_password": "x" * 12}
    assert (await client.post("/auth/logout")).status_code == 403
    assert (await client.post("/me/password", json=change)).status_code == 403
    assert (await client.get("/me")).status_code == 200


async def test_a_revoked_key_stops_working_at_once_and_stays_listed(service: Service) -> None:
    created = await create(service)
    admin = service.client("district-admin")
    path = f"/api-keys/{created['id']}"
    assert (await admin.delete(path)).status_code == 204
    assert (await service.client(secret=created["key"]).get("/me")).status_code == 401
    service.clock.advance(hours=1)
    assert (await admin.delete(path)).status_code == 204
    (key,) = await list_keys(service)
    assert key["revoked_at"].startswith("2024-06-10T08:00:00")  # not changed by the second DELETE


async def test_a_key_works_until_the_end_of_its_last_day(service: Service) -> None:
    client = service.client(secret=(await create(service, expires_on="2024-06-11"))["key"])
    service.clock.set("2024-06-11 23:59")
    assert (await client.get("/me")).status_code == 200
    service.clock.set("2024-06-12 00:00")
    assert (await client.get("/me")).status_code == 401


async def test_a_key_without_expires_on_does_not_expire(service: Service) -> None:
    client = service.client(secret=(await create(service, expires_on=None))["key"])
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
async def test_an_invalid_key_or_one_beyond_reach_is_rejected(
    service: Service, fault: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await service.client("district-admin").post("/api-keys", json={**PROVINCE, **fault})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert await list_keys(service) == []


async def test_a_key_may_expire_today(service: Service) -> None:
    assert (await create(service, expires_on="2024-06-10"))["expires_on"] == "2024-06-10"


async def test_keys_of_higher_agencies_are_not_found(service: Service) -> None:
    provincial = await create(service, "admin", agency="38")
    district_key = await create(service)
    assert [key["id"] for key in await list_keys(service)] == [district_key["id"]]
    assert [key["id"] for key in await list_keys(service, "admin")] == [
        provincial["id"],
        district_key["id"],
    ]
    district = service.client("district-admin")
    for key_id in (provincial["id"], 999, 2**63 - 1):
        assert (await district.delete(f"/api-keys/{key_id}")).status_code == 404
    assert (await service.client(secret=provincial["key"]).get("/me")).status_code == 200


@pytest.mark.parametrize("key_id", ["0", "x", str(2**63), "1.5"])
async def test_an_invalid_key_id_is_rejected(service: Service, key_id: str) -> None:
    answer = await service.client("admin").delete(f"/api-keys/{key_id}")
    assert answer.status_code == 422


@pytest.mark.parametrize("person", ["xuan-hong", "coordinator", "vice-chairman", "province"])
async def test_only_admins_manage_api_keys(service: Service, person: str) -> None:
    client = service.client(person)
    assert (await client.get("/api-keys")).status_code == 403
    assert (await client.post("/api-keys", json=PROVINCE)).status_code == 403
    assert (await client.delete("/api-keys/1")).status_code == 403


async def test_audit_events_of_api_keys_contain_no_secret(service: Service) -> None:
    created = await create(service)
    await service.client("district-admin").delete(f"/api-keys/{created['id']}")
    answer = await service.client("admin").get(f"/audit-events?subject=api-keys/{created['id']}")
    assert created["key"] not in answer.text
    revocation, creation = answer.json()["items"]
    assert revocation["action"] == "api_key.revoked"
    assert (creation["action"], creation["agency"]) == ("api_key.created", "395")
    assert creation["after"] == {**PROVINCE, "hint": created["hint"]}
