"""Every operation × every caller × own and other agency: a new route without a rule fails here."""

from typing import Any

import httpx
import pytest

from app.clock import LOCAL, Clock
from app.main import create_app
from app.models.accounts import ApiKey
from app.security import digest, new_key
from app.settings import Settings
from app.vocabulary import Scope
from tests.conftest import Service

# Operation → the roles, and the scopes of keys (`key:…`; `key` is any), that may call it.
TABLE: dict[str, str] = {
    "live": "anybody",
    "ready": "anybody",
    "metrics": "anybody",
    "sign_in": "anybody",
    "get_calendar_feed": "anybody",
    "list_reports": "reporter coordinator viewer key:reports:read",
    "get_report": "reporter coordinator viewer key:reports:read",
    "list_revisions": "reporter coordinator viewer key:reports:read",
    "get_revision": "reporter coordinator viewer key:reports:read",
    "save_draft": "reporter coordinator key:reports:write",
    "submit_report": "reporter coordinator key:reports:write",
    "return_report": "coordinator",
    "accept_report": "coordinator",
    "reopen_report": "coordinator",
    "list_obligations": "reporter coordinator viewer admin key:reports:read",
    "get_matrix": "reporter coordinator viewer admin key:reports:read",
    "get_obligation": "reporter coordinator viewer admin key:reports:read",
    "extend_obligation": "coordinator",
    "exempt_obligation": "coordinator",
    "end_exemption": "coordinator",
    "aggregate_indicators": "coordinator viewer key:aggregates:read",
    "aggregate_budget_execution": "coordinator viewer key:aggregates:read",
    "aggregate_timeliness": "coordinator viewer key:aggregates:read",
    "sign_out": "reporter coordinator viewer admin",
    "change_my_password": "reporter coordinator viewer admin",
    "list_notifications": "reporter coordinator viewer admin",
    "read_all_notifications": "reporter coordinator viewer admin",
    "read_notification": "reporter coordinator viewer admin",
    "get_notification_preferences": "reporter coordinator viewer admin",
    "put_notification_preferences": "reporter coordinator viewer admin",
    "get_me": "reporter coordinator viewer admin key",
    "list_users": "admin",
    "get_user": "admin",
    "create_user": "admin",
    "change_user": "admin",
    "list_api_keys": "admin",
    "create_api_key": "admin",
    "revoke_api_key": "admin",
    "list_plans": "reporter coordinator viewer admin key:reference:read",
    "get_plan": "reporter coordinator viewer admin key:reference:read",
    "list_projects": "reporter coordinator viewer admin key:reference:read",
    "get_project": "reporter coordinator viewer admin key:reference:read",
    "list_agencies": "reporter coordinator viewer admin key:reference:read",
    "get_agency": "reporter coordinator viewer admin key:reference:read",
    "list_responsibilities": "reporter coordinator viewer admin key:reference:read",
    "list_assignments": "reporter coordinator viewer admin key:reference:read",
    "list_budget_lines": "reporter coordinator viewer admin key:reference:read",
    "get_budget_summary": "reporter coordinator viewer admin key:reference:read",
    "get_budget_line": "reporter coordinator viewer admin key:reference:read",
    "list_indicators": "reporter coordinator viewer admin key:reference:read",
    "get_indicator": "reporter coordinator viewer admin key:reference:read",
    "list_schedules": "reporter coordinator viewer admin key:reference:read",
    "get_schedule": "reporter coordinator viewer admin key:reference:read",
    "list_reporting_periods": "reporter coordinator viewer admin key:reference:read",
    "get_reporting_period": "reporter coordinator viewer admin key:reference:read",
    "list_working_days": "reporter coordinator viewer admin key:reference:read",
    "list_reminder_rules": "reporter coordinator viewer admin key:reference:read",
    "get_reminder_rule": "reporter coordinator viewer admin key:reference:read",
    "change_plan": "coordinator admin",
    "create_project": "coordinator admin",
    "change_project": "coordinator admin",
    "create_agency": "coordinator admin",
    "change_agency": "coordinator admin",
    "assign_agency": "coordinator admin",
    "withdraw_agency": "coordinator admin",
    "create_budget_line": "coordinator admin",
    "change_budget_line": "coordinator admin",
    "delete_budget_line": "coordinator admin",
    "create_indicator": "coordinator admin",
    "change_indicator": "coordinator admin",
    "change_schedule": "coordinator admin",
    "put_working_day": "coordinator admin",
    "delete_working_day": "coordinator admin",
    "generate_reporting_periods": "coordinator admin",
    "close_reporting_period": "coordinator admin",
    "open_reporting_period": "coordinator admin",
    "list_sent_notifications": "reporter coordinator viewer admin",
    "put_reminder_rule": "coordinator",
    "delete_reminder_rule": "coordinator",
    "preview_reminders": "coordinator",
    "remind_obligation": "coordinator",
    "list_webhooks": "coordinator admin",
    "get_webhook": "coordinator admin",
    "create_webhook": "coordinator admin",
    "change_webhook": "coordinator admin",
    "delete_webhook": "coordinator admin",
    "try_out_webhook": "coordinator admin",
    "list_calendar_links": "reporter coordinator viewer admin",
    "create_calendar_link": "reporter coordinator viewer admin",
    "revoke_calendar_link": "reporter coordinator viewer admin",
    "get_jobs_health": "coordinator admin",
    "list_audit_events": "coordinator admin",
}

PEOPLE = {
    "reporter": "xuan-hong",
    "coordinator": "coordinator",
    "viewer": "vice-chairman",
    "admin": "district-admin",
}
PLACES = {
    "period": "2024-Q2",
    "agency": "15493",
    "number": "1",
    "code": "none",
    "username": "nobody",
    "key_id": "999999",
    "line_id": "999999",
    "day": "2024-05-05",
    "project": "DA2",
    "schedule": "quarterly",
}
DOCUMENT = create_app(Settings(), "postgresql://nowhere/none", Clock()).openapi()
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
GUARDED = sorted(name for name, who in TABLE.items() if who != "anybody" and name in OPERATIONS)
ENDS_THE_TOKEN = {"sign_out"}


async def call(client: httpx.AsyncClient, name: str, **places: str) -> httpx.Response:
    """The operation without a body: enough to see whether its door opens."""
    method, path, operation = OPERATIONS[name]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = places.get(parameter["name"]) or PLACES.get(parameter["name"], "999999")
            path = path.replace("{" + parameter["name"] + "}", value)
    query = {
        parameter["name"]: {"year": "2024", "period": "2024-Q2", "on": "2024-06-12"}.get(
            parameter["name"], "x"
        )
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter.get("required")
    }
    return await client.request(method, f"http://test{path}", params=query)


async def keys(service: Service) -> dict[str, str]:
    """A key of the district for each scope."""
    made = {f"key:{scope.value}": new_key() for scope in Scope}
    now = service.clock.now().astimezone(LOCAL)
    async with service.database.transaction() as session:
        me = await service.client("coordinator").get("/me")
        assert me.json()["agency"] == "395-LDTBXH"
        for (name, key), scope in zip(made.items(), Scope, strict=True):
            session.add(
                ApiKey(
                    name=name,
                    key_hash=digest(key),
                    hint=key[:10],
                    scopes=[scope],
                    agency_id=2,
                    created_at=now,
                    created_by="test",
                )
            )
    return made


def test_the_table_names_every_operation() -> None:
    assert set(OPERATIONS) <= set(TABLE), "an operation without a rule"


async def test_nobody_gets_in_without_a_token(service: Service) -> None:
    for name in GUARDED:
        assert (await call(service.client(), name)).status_code == 401, name


@pytest.mark.parametrize("role", PEOPLE)
async def test_each_role_opens_just_its_doors(service: Service, role: str) -> None:
    client = service.client(PEOPLE[role])
    for name in GUARDED:
        if name in ENDS_THE_TOKEN:
            continue
        answer = await call(client, name)
        allowed = role in TABLE[name].split()
        assert (answer.status_code != 403) == allowed, (name, role, answer.status_code)
        assert answer.status_code not in {401, 405, 500}, (name, role)


async def test_each_scope_opens_just_its_doors(service: Service) -> None:
    for scope, key in (await keys(service)).items():
        client = service.client(secret=key)
        for name in GUARDED:
            answer = await call(client, name)
            allowed = {scope, "key"} & set(TABLE[name].split())
            assert (answer.status_code != 403) == bool(allowed), (name, scope, answer.status_code)


@pytest.mark.parametrize(("person", "agency"), [("xuan-hong", "15502"), ("agriculture", "15493")])
async def test_what_is_another_agencys_does_not_exist(
    service: Service, person: str, agency: str
) -> None:
    client = service.client(person)
    for name in GUARDED:
        method, path, _ = OPERATIONS[name]
        if "{period}/{agency}" not in path or "reporter" not in TABLE[name].split():
            continue
        answer = await call(client, name, agency=agency)
        expected = {404} if method == "GET" else {404, 422}
        assert answer.status_code in expected, (name, answer.status_code)


async def test_own_agency_is_there(service: Service) -> None:
    client = service.client("xuan-hong")
    for name in ("get_report", "get_obligation", "list_revisions", "list_sent_notifications"):
        assert (await call(client, name)).status_code == 200, name
