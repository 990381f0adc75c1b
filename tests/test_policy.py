"""Authorisation: every operation with every kind of caller, within and outside its reach."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, Service
from tests.support.operations import (
    APPLICATION,
    OPERATIONS,
    PUBLIC,
    UNDER_VERSION,
    Operation,
    routes,
)
from tests.support.pages import SESSION_PAGES
from tests.support.reference_calls import change
from tests.support.report_calls import Q2, XUAN_HONG, ok, submit_complete, submit_paper

REPORTER, VIEWER, COORDINATOR = "xuan-hong", "vice-chairman", "coordinator"
ADMIN, ROOT = "district-admin", "admin"
KEYS = {
    scope: f"key of {scope}"
    for scope in ("reference:read", "reports:read", "reports:write", "aggregates:read")
}

PEOPLE = {REPORTER, VIEWER, COORDINATOR, ADMIN, ROOT}
OFFICE = {COORDINATOR}
ADMINS = {ADMIN, ROOT}
MANAGERS = {COORDINATOR, *ADMINS}
REFERENCE_READERS = {*PEOPLE, KEYS["reference:read"]}
PERIOD_READERS = {*REFERENCE_READERS, KEYS["aggregates:read"]}
OBLIGATION_READERS = {*PEOPLE, KEYS["reports:read"]}
REPORT_READERS = {REPORTER, VIEWER, COORDINATOR, KEYS["reports:read"]}
REPORT_WRITERS = {REPORTER, COORDINATOR, KEYS["reports:write"]}
AGGREGATE_READERS = {REPORTER, VIEWER, COORDINATOR, KEYS["aggregates:read"]}
EVERYBODY = {*PEOPLE, *KEYS.values()}

PUBLIC_PAGES = {
    "show_front_page",
    "show_docs",
    "show_guide",
    "show_preferences",
    "save_preferences",
    "show_sign_in",
    "start_session",
    "get_service_worker",
    "show_offline_page",
    "show_receipt_check",
    "show_help",
    "show_forgotten_password",
    "send_password_link",
    "show_set_password",
    "set_password",
}
"""HTML pages that need no session; pages are not part of the OpenAPI document.

The front page shows the home of who is signed in. The preferences page requires the secret key from
a mail; tests/web/test_preferences.py ensures that this key gives access to nothing else. Setting a
password requires the key of a link or a code.
"""

PAGES: dict[str, set[str]] = {
    **dict.fromkeys(["show_report", "show_receipt", "show_history"], REPORT_READERS & PEOPLE),
    **dict.fromkeys(["show_revision", "show_differences"], REPORT_READERS & PEOPLE),
    **dict.fromkeys(["show_plan"], PEOPLE),
    **dict.fromkeys(["save_report", "show_summary", "send_report"], REPORT_WRITERS & PEOPLE),
    **dict.fromkeys(["take_back_report"], REPORT_WRITERS & PEOPLE),
    **dict.fromkeys(["end_session", "show_welcome"], PEOPLE),
    **dict.fromkeys(["show_account", "change_password", "end_other_sessions"], PEOPLE),
    **dict.fromkeys(["save_notifications", "create_calendar", "revoke_calendar"], PEOPLE),
    **dict.fromkeys(["show_reset_code", "give_reset_code"], MANAGERS),
    **dict.fromkeys(["show_invitation", "give_invitation"], ADMINS),
}
"""The people allowed to use each page of a session within their reach. All others get 403.

tests/web/test_page_policy.py tries each page with each of them.
"""

MAY: dict[str, set[str]] = {
    **dict.fromkeys(["get_me"], EVERYBODY),
    **dict.fromkeys(["change_my_password", "sign_out"], PEOPLE),
    **dict.fromkeys(["list_my_sessions", "end_my_other_sessions"], PEOPLE),
    **dict.fromkeys(["list_notifications", "read_all_notifications", "read_notification"], PEOPLE),
    **dict.fromkeys(["get_notification_preferences", "put_notification_preferences"], PEOPLE),
    **dict.fromkeys(["list_users", "get_user", "create_user", "change_user"], ADMINS),
    **dict.fromkeys(["invite_user"], ADMINS),
    **dict.fromkeys(["issue_reset_code"], MANAGERS),
    **dict.fromkeys(["list_api_keys", "create_api_key", "revoke_api_key"], ADMINS),
    **dict.fromkeys(["list_programmes", "get_programme"], REFERENCE_READERS),
    **dict.fromkeys(["list_programme_projects", "list_programme_indicators"], REFERENCE_READERS),
    **dict.fromkeys(["list_plans", "get_plan"], REFERENCE_READERS),
    **dict.fromkeys(["get_target", "get_agency_target"], REFERENCE_READERS),
    **dict.fromkeys(["put_target", "put_agency_target"], MANAGERS),
    **dict.fromkeys(["list_projects", "get_project"], REFERENCE_READERS),
    **dict.fromkeys(["list_agencies", "get_agency", "list_responsibilities"], REFERENCE_READERS),
    **dict.fromkeys(["list_reorganisations", "get_reorganisation"], REFERENCE_READERS),
    **dict.fromkeys(["enter_reorganisation"], ADMINS),
    **dict.fromkeys(["list_assignments", "get_assignment"], REFERENCE_READERS),
    **dict.fromkeys(["list_budget_lines", "get_budget_line"], REFERENCE_READERS),
    **dict.fromkeys(["get_budget_summary"], REFERENCE_READERS),
    **dict.fromkeys(["list_indicators", "get_indicator"], REFERENCE_READERS),
    **dict.fromkeys(["list_schedules", "get_schedule"], REFERENCE_READERS),
    **dict.fromkeys(["list_reporting_periods", "get_reporting_period"], PERIOD_READERS),
    **dict.fromkeys(["list_working_days", "get_working_day"], REFERENCE_READERS),
    **dict.fromkeys(["list_reminder_rules", "get_reminder_rule"], REFERENCE_READERS),
    **dict.fromkeys(["change_plan", "create_project", "change_project"], MANAGERS),
    **dict.fromkeys(["create_agency", "change_agency"], MANAGERS),
    **dict.fromkeys(["assign_agency", "withdraw_agency"], MANAGERS),
    **dict.fromkeys(["create_budget_line", "change_budget_line", "delete_budget_line"], MANAGERS),
    **dict.fromkeys(["create_indicator", "change_indicator", "change_schedule"], MANAGERS),
    **dict.fromkeys(["put_working_day", "delete_working_day"], MANAGERS),
    **dict.fromkeys(["generate_reporting_periods"], MANAGERS),
    **dict.fromkeys(["close_reporting_period", "open_reporting_period"], MANAGERS),
    **dict.fromkeys(["exempt_reporting_period", "end_reporting_period_exemption"], MANAGERS),
    **dict.fromkeys(["list_obligations", "get_matrix", "get_obligation"], OBLIGATION_READERS),
    **dict.fromkeys(["extend_obligation", "exempt_obligation", "end_exemption"], OFFICE),
    **dict.fromkeys(["list_reports", "get_report", "get_expected", "get_template"], REPORT_READERS),
    **dict.fromkeys(["list_revisions", "get_revision", "get_receipt"], REPORT_READERS),
    **dict.fromkeys(["compare_revisions"], REPORT_READERS),
    **dict.fromkeys(["save_draft", "change_draft", "validate_draft", "answer_nil"], REPORT_WRITERS),
    **dict.fromkeys(["submit_report", "recall_report"], REPORT_WRITERS),
    **dict.fromkeys(["import_workbook"], REPORT_WRITERS),
    **dict.fromkeys(["return_report", "accept_report", "reopen_report"], OFFICE),
    **dict.fromkeys(["aggregate_indicators", "aggregate_budget_execution"], AGGREGATE_READERS),
    **dict.fromkeys(["aggregate_timeliness", "aggregate_targets"], AGGREGATE_READERS),
    **dict.fromkeys(["download_indicators", "download_budget_execution"], AGGREGATE_READERS),
    **dict.fromkeys(["download_timeliness", "download_targets"], AGGREGATE_READERS),
    **dict.fromkeys(["list_sent_notifications"], PEOPLE),
    **dict.fromkeys(["put_reminder_rule", "delete_reminder_rule"], OFFICE),
    **dict.fromkeys(["preview_reminders", "remind_obligation"], OFFICE),
    **dict.fromkeys(["list_webhooks", "get_webhook", "create_webhook"], MANAGERS),
    **dict.fromkeys(["change_webhook", "delete_webhook", "try_out_webhook"], MANAGERS),
    **dict.fromkeys(["list_calendar_links", "create_calendar_link"], PEOPLE),
    **dict.fromkeys(["revoke_calendar_link"], PEOPLE),
    **dict.fromkeys(["get_jobs_health", "list_audit_events"], MANAGERS),
}
"""The callers allowed to use each operation within their reach. All others get 403."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}
MISSING_IDS = {
    "webhook_id": "999999",
    "message_id": "01900b34-6a58-7a31-9d0c-5c3e2f7b8a14",
    "link_id": "999999",
}
"""IDs that do not exist, so that the calls delete nothing."""


def test_every_route_is_in_the_table() -> None:
    served = {route.name for route in routes(APPLICATION) if route.include_in_schema}
    assert served == PUBLIC | MAY.keys()
    assert BY_NAME.keys() == served
    pages = {route.name for route in routes(APPLICATION) if not route.include_in_schema}
    assert pages == PUBLIC_PAGES | PAGES.keys()
    assert {page.name for page in SESSION_PAGES} == PAGES.keys()


async def key_of(service: Service, agency: str, *scopes: str) -> httpx.AsyncClient:
    """A client with a new API key."""
    body = {"name": "thử", "scopes": scopes, "agency": agency}
    api_key = ok(await service.client(ROOT).post("/api-keys", json=body), 201)
    return service.client(secret=api_key["key"])


async def call(
    client: httpx.AsyncClient, operation: Operation, query: str = "", **path_parameters: str
) -> httpx.Response:
    """Call an operation with its example values."""
    required = "&".join(f"{name}={value}" for name, value in operation.required().items())
    full_query = "&".join(part for part in (required, query) if part)
    return await client.request(
        operation.method,
        f"{operation.address(**path_parameters)}?{full_query}",
        json=operation.body,
        files={"file": b"x"} if operation.takes_file else None,
        headers={"If-Match": '"1"'},
    )


@pytest.mark.parametrize("caller", sorted(EVERYBODY))
async def test_a_caller_may_use_exactly_the_operations_in_the_table(
    service: Service, caller: str
) -> None:
    scope = next((scope for scope, key in KEYS.items() if key == caller), None)
    client = await key_of(service, "395", scope) if scope else service.client(caller)
    # Sign out last, because it revokes the token.
    for operation in sorted(UNDER_VERSION, key=lambda each: each.name == "sign_out"):
        if operation.name in PUBLIC:
            continue
        answer = await call(client, operation, **MISSING_IDS)
        context = f"{caller} {operation.name}: {answer.status_code} {answer.text[:200]}"
        if caller in MAY[operation.name]:
            assert answer.status_code not in {401, 403}, context
            assert answer.status_code < 500, context
        else:
            assert answer.status_code == 403, context
            assert answer.json()["type"] == "/problems/forbidden", context


async def test_without_valid_credentials_every_operation_is_401(service: Service) -> None:
    for secret in (None, "nonsense", "tdt_" + "0" * 38, "tdk_" + "0" * 38):
        client = service.client(secret=secret)
        for operation in UNDER_VERSION if secret is None else UNDER_VERSION[:3]:
            if operation.name not in PUBLIC:
                answer = await call(client, operation)
                assert answer.status_code == 401, operation.name
                assert answer.headers["WWW-Authenticate"] == "Bearer"


OF_ONE_AGENCY = [
    each for each in UNDER_VERSION if {"period", "agency"} <= set(each.path_parameters)
]


@pytest.mark.parametrize("scopes", [(), ("reports:read", "reports:write")])
async def test_a_reporter_or_a_key_of_a_commune_sees_only_its_own_reports(
    service: Service, scopes: tuple[str, ...]
) -> None:
    own = await key_of(service, XUAN_HONG, *scopes) if scopes else service.client(REPORTER)
    caller = {REPORTER} if not scopes else {KEYS[scope] for scope in scopes}
    for operation in OF_ONE_AGENCY:
        if not caller & MAY[operation.name]:
            continue
        for agency in ("15502", "395", "395-LDTBXH", "38", "99999"):
            answer = await call(own, operation, agency=agency)
            assert answer.status_code == 404, (operation.name, agency)
        answer = await call(own, operation)
        nothing_yet = operation.name in {"get_revision", "compare_revisions", "get_receipt"}
        assert nothing_yet or answer.status_code != 404, (operation.name, answer.text)


async def test_a_viewer_below_the_district_sees_only_its_subtree(service: Service) -> None:
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15493')"
        await session.execute(text(f"{move} WHERE username = 'vice-chairman'"))
    viewer = service.client(VIEWER)
    assert len(ok(await viewer.get("/obligations?year=2024"))["items"]) == 6
    assert (await viewer.get(f"/reports/{Q2}/15502")).status_code == 404
    summed = ok(await viewer.get(f"/aggregates/indicators?period={Q2}"))
    assert (summed["agency"], summed["coverage"]["expected"]) == (XUAN_HONG, 1)
    for agency in ("15502", "395"):
        question = f"/aggregates/indicators?period={Q2}&agency={agency}"
        assert (await viewer.get(question)).status_code == 404


async def test_a_reporter_reads_aggregates_of_its_own_agency_only(service: Service) -> None:
    commune, office = service.client(REPORTER), service.client(COORDINATOR)
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12})
    await submit_paper(service, "15502", {"DA2.02": 30})
    # An agency below the commune is not its own one.
    below = {"code": "15493-T1", "name": "Tổ 1", "kind": "service_unit", "parent": XUAN_HONG}
    ok(await office.post("/agencies", json=below), 201)
    schedule = ok(await office.get("/schedules/quarterly"))
    reporters = {"reporters": [*schedule["reporters"], "15493-T1"]}
    ok(await change(office, "/schedules/quarterly", reporters))
    ok(await office.post("/reporting-periods/generate", json={"year": 2024}))
    question = f"/aggregates/indicators?period={Q2}&basis=submitted"
    for asked in ("", f"&agency={XUAN_HONG}"):
        own = ok(await commune.get(question + asked))
        assert (own["agency"], own["coverage"]["expected"]) == (XUAN_HONG, 1)
        assert [row["value"] for row in own["rows"] if row["indicator"] == "DA2.02"] == [12]
    assert ok(await office.get(f"{question}&agency={XUAN_HONG}"))["coverage"]["expected"] == 2
    for name in ("indicators", "budget-execution", "timeliness", "targets"):
        for agency in ("15502", "395", "15493-T1"):
            outside = await commune.get(f"/aggregates/{name}?period={Q2}&agency={agency}")
            assert outside.status_code == 404, (name, agency)


NEIGHBOUR = {
    "plan": "trieu-son-2024",
    "period": Q2,
    "agency": "15901",
    "project": "DA2",
    "schedule": "quarterly",
    "username": "trieu-son-1",
}
NEIGHBOURS_CODES = {
    "plans": "trieu-son-2024",
    "projects": "DA2",
    "agencies": "15901",
    "indicators": "DA7.01",
    "schedules": "quarterly",
    "reporting-periods": "2024-Q3",
    "reminder-rules": "before-3",
}
TRACES = ("trieu-son", "1590", "397", "Triệu Sơn", "Thử Nghiệm")


async def add_neighbour(service: Service) -> dict[str, str]:
    """Load another district with every kind of resource; return their codes and IDs."""
    async with service.database.transaction() as session:
        await load(session, NEIGHBOUR_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    root = service.client(ROOT)
    reporter = {"username": "trieu-son-1", "full_name": "X", "role": "reporter", "agency": "15901"}
    ok(await root.post("/users", json=reporter), 201)
    keys = {"name": "Triệu Sơn", "scopes": ["reports:read"], "agency": "397"}
    hook = {"agency": "397", "url": "https://hook.trieu-son.example.vn/"}
    calendar = {"agency": "15901"}
    async with service.database.reading() as session:
        line = "SELECT min(b.id) FROM budget_line b"
        of_plan = "JOIN plan ON plan.id = b.plan_id WHERE plan.code = 'trieu-son-2024'"
        line_id = await session.scalar(text(f"{line} {of_plan}"))
    return NEIGHBOUR | {
        "key_id": str(ok(await root.post("/api-keys", json=keys), 201)["id"]),
        "webhook_id": str(ok(await root.post("/webhooks", json=hook), 201)["id"]),
        "link_id": str(ok(await root.post("/calendar-links", json=calendar), 201)["id"]),
        "line_id": str(line_id),
    }


PERSONAL = {"read_notification"}
"""Operations on a person's own messages, which belong to no district."""


@pytest.mark.parametrize("caller", [COORDINATOR, VIEWER, ADMIN, REPORTER])
async def test_resources_of_another_district_are_not_found(service: Service, caller: str) -> None:
    neighbour = await add_neighbour(service)
    client = service.client(caller)
    for operation in UNDER_VERSION:
        if operation.name in PUBLIC | PERSONAL or caller not in MAY[operation.name]:
            continue
        plan = "plan=trieu-son-2024" if "plan" in operation.query else ""
        if operation.path_parameters:
            code = NEIGHBOURS_CODES.get(operation.address().split("/")[1], "1")
            answer = await call(client, operation, plan, **neighbour, code=code)
            assert answer.status_code == 404, (operation.name, answer.text[:300])
        elif operation.method == "GET":
            for query in {"", plan}:
                answer = await call(client, operation, query)
                assert answer.status_code in {200, 404}, operation.name
                traces = [trace for trace in TRACES if trace in answer.text]
                is_echo = "trieu-son" in answer.text and answer.status_code == 404
                assert not traces or is_echo, (operation.name, query, traces)


async def test_a_plan_outside_the_horizon_is_not_found(service: Service) -> None:
    await add_neighbour(service)
    client = service.client(COORDINATOR)
    operations = [each for each in UNDER_VERSION if each.method == "GET" and "plan" in each.query]
    assert {"list_obligations", "list_reports", "list_schedules"} <= {
        each.name for each in operations
    }
    for operation in operations:
        for plan in ("nope", "trieu-son-2024"):
            answer = await call(client, operation, f"plan={plan}")
            assert answer.status_code == 404, (operation.name, plan, answer.text[:200])
            assert answer.json()["type"] == "/problems/not-found"


CREATIONS_IN_OTHER_DISTRICT: list[tuple[str, str, str, dict[str, Any]]] = [
    (ADMIN, "create_user", "", {"agency": "15901"}),
    (ADMIN, "create_api_key", "", {"agency": "397"}),
    (COORDINATOR, "create_webhook", "", {"agency": "397"}),
    (COORDINATOR, "create_calendar_link", "", {"agency": "15901"}),
    (COORDINATOR, "create_agency", "", {"code": "15999", "parent": "397"}),
    (COORDINATOR, "create_project", "plan=trieu-son-2024", {}),
    (COORDINATOR, "create_indicator", "plan=trieu-son-2024", {}),
    (COORDINATOR, "create_budget_line", "plan=trieu-son-2024", {}),
    (COORDINATOR, "create_budget_line", "", {"agency": "15901"}),
    (COORDINATOR, "generate_reporting_periods", "plan=trieu-son-2024", {}),
    (COORDINATOR, "change_schedule", "", {"reporters": ["15901"]}),
    (COORDINATOR, "assign_agency", "", {}),
    (COORDINATOR, "put_working_day", "plan=trieu-son-2024", {}),
]


async def test_nothing_can_be_created_in_another_district(service: Service) -> None:
    await add_neighbour(service)
    count = text("SELECT count(*) FROM audit_event")
    async with service.database.reading() as session:
        before = await session.scalar(count)
        for caller, name, query, change in CREATIONS_IN_OTHER_DISTRICT:
            operation = BY_NAME[name]
            answer = await service.client(caller).request(
                operation.method,
                f"{operation.address(agency='15901')}?{query}",
                json=operation.body | change,
                headers={"If-Match": '"1"'},
            )
            assert answer.status_code in {404, 422}, (name, answer.text)
        assert await session.scalar(count) == before


async def test_one_thing_of_two_plans_needs_the_plan(service: Service) -> None:
    await add_neighbour(service)
    province, office = service.client("province"), service.client(COORDINATOR)
    for question in (
        f"/reporting-periods/{Q2}",
        "/projects/DA2",
        "/working-days?year=2024",
    ):
        answer = await province.get(question)
        assert answer.status_code == 400, question
        problem = answer.json()
        assert problem["type"] == "/problems/ambiguous-plan"
        assert problem["choices"] == ["tho-xuan-2024", "trieu-son-2024"]
        named = f"{question}{'&' if '?' in question else '?'}plan=trieu-son-2024"
        ok(await province.get(named))
        ok(await office.get(question))  # has only one plan
    ok(await province.get("/projects/DA6"))  # only one plan has this project
    summed = ok(await province.get(f"/aggregates/indicators?period={Q2}&plan=trieu-son-2024"))
    assert (summed["agency"], summed["coverage"]["expected"]) == ("397", 4)
