"""Who may do what: every operation, tried by everybody, in reach and out of it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, Service
from tests.support.operations import APPLICATION, OPERATIONS, UNDER_VERSION, Operation
from tests.support.report_calls import Q2, XUAN_HONG, seen

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
OBLIGATION_READERS = {*PEOPLE, KEYS["reports:read"]}
REPORT_READERS = {REPORTER, VIEWER, COORDINATOR, KEYS["reports:read"]}
REPORT_WRITERS = {REPORTER, COORDINATOR, KEYS["reports:write"]}
AGGREGATE_READERS = {VIEWER, COORDINATOR, KEYS["aggregates:read"]}
EVERYBODY = {*PEOPLE, *KEYS.values()}

PUBLIC = {"live", "ready", "metrics", "sign_in", "get_calendar_feed"}
"""What asks for no principal: a calendar's address is its own secret."""

PAGES = {"show_front_page", "show_docs", "show_preferences", "save_preferences"}
"""Pages for people in a browser, outside the API and its document, without signing in.

The first two show nobody's data. The key in a mail is its own secret, and opens one person's choice
of channels: tests/web/test_preferences.py sees that it opens nothing else.
"""

MAY: dict[str, set[str]] = {
    **dict.fromkeys(["get_me"], EVERYBODY),
    **dict.fromkeys(["change_my_password", "sign_out"], PEOPLE),
    **dict.fromkeys(["list_notifications", "read_all_notifications", "read_notification"], PEOPLE),
    **dict.fromkeys(["get_notification_preferences", "put_notification_preferences"], PEOPLE),
    **dict.fromkeys(["list_users", "get_user", "create_user", "change_user"], ADMINS),
    **dict.fromkeys(["list_api_keys", "create_api_key", "revoke_api_key"], ADMINS),
    **dict.fromkeys(["list_plans", "get_plan"], REFERENCE_READERS),
    **dict.fromkeys(["list_projects", "get_project"], REFERENCE_READERS),
    **dict.fromkeys(["list_agencies", "get_agency", "list_responsibilities"], REFERENCE_READERS),
    **dict.fromkeys(["list_assignments", "get_assignment"], REFERENCE_READERS),
    **dict.fromkeys(["list_budget_lines", "get_budget_line"], REFERENCE_READERS),
    **dict.fromkeys(["get_budget_summary"], REFERENCE_READERS),
    **dict.fromkeys(["list_indicators", "get_indicator"], REFERENCE_READERS),
    **dict.fromkeys(["list_schedules", "get_schedule"], REFERENCE_READERS),
    **dict.fromkeys(["list_reporting_periods", "get_reporting_period"], REFERENCE_READERS),
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
    **dict.fromkeys(["list_obligations", "get_matrix", "get_obligation"], OBLIGATION_READERS),
    **dict.fromkeys(["extend_obligation", "exempt_obligation", "end_exemption"], OFFICE),
    **dict.fromkeys(["list_reports", "get_report"], REPORT_READERS),
    **dict.fromkeys(["list_revisions", "get_revision"], REPORT_READERS),
    **dict.fromkeys(["save_draft", "submit_report"], REPORT_WRITERS),
    **dict.fromkeys(["return_report", "accept_report", "reopen_report"], OFFICE),
    **dict.fromkeys(["aggregate_indicators", "aggregate_budget_execution"], AGGREGATE_READERS),
    **dict.fromkeys(["aggregate_timeliness"], AGGREGATE_READERS),
    **dict.fromkeys(["list_sent_notifications"], PEOPLE),
    **dict.fromkeys(["put_reminder_rule", "delete_reminder_rule"], OFFICE),
    **dict.fromkeys(["preview_reminders", "remind_obligation"], OFFICE),
    **dict.fromkeys(["list_webhooks", "get_webhook", "create_webhook"], MANAGERS),
    **dict.fromkeys(["change_webhook", "delete_webhook", "try_out_webhook"], MANAGERS),
    **dict.fromkeys(["list_calendar_links", "create_calendar_link"], PEOPLE),
    **dict.fromkeys(["revoke_calendar_link"], PEOPLE),
    **dict.fromkeys(["get_jobs_health", "list_audit_events"], MANAGERS),
}
"""Each operation, and who may do it within reach; all others are told that they may not."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}
NOBODYS = {"webhook_id": "999999", "message_id": "999999", "link_id": "999999"}
"""Numbers of things that nobody made, so that trying deletes or calls nothing."""


def routes(router: Any) -> Iterator[APIRoute]:
    """The routes of a router and of those that it includes, shown in the document or not."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


def test_every_route_stands_in_the_table() -> None:
    served = {route.name for route in routes(APPLICATION) if route.include_in_schema}
    assert served == PUBLIC | MAY.keys()
    assert BY_NAME.keys() == served
    assert {route.name for route in routes(APPLICATION) if not route.include_in_schema} == PAGES


async def key_of(service: Service, agency: str, *scopes: str) -> httpx.AsyncClient:
    """A client with a new API key."""
    said = {"name": "thử", "scopes": scopes, "agency": agency}
    made = seen(await service.client(ROOT).post("/api-keys", json=said), 201)
    return service.client(secret=made["key"])


async def call(
    client: httpx.AsyncClient, operation: Operation, query: str = "", **places: str
) -> httpx.Response:
    """Do it as its example does, over whatever version there is."""
    required = "&".join(f"{name}={value}" for name, value in operation.required().items())
    return await client.request(
        operation.method,
        f"{operation.address(**places)}?{'&'.join(part for part in (required, query) if part)}",
        json=operation.body,
        headers={"If-Match": '"1"'},
    )


@pytest.mark.parametrize("caller", sorted(EVERYBODY))
async def test_each_may_do_what_the_table_says_and_nothing_else(
    service: Service, caller: str
) -> None:
    scope = next((scope for scope, key in KEYS.items() if key == caller), None)
    client = await key_of(service, "395", scope) if scope else service.client(caller)
    # Signing out comes last, because nothing can be asked after it.
    for operation in sorted(UNDER_VERSION, key=lambda each: each.name == "sign_out"):
        if operation.name in PUBLIC:
            continue
        answer = await call(client, operation, **NOBODYS)
        told = f"{caller} {operation.name}: {answer.status_code} {answer.text[:200]}"
        if caller in MAY[operation.name]:
            assert answer.status_code not in {401, 403}, told
            assert answer.status_code < 500, told
        else:
            assert answer.status_code == 403, told
            assert answer.json()["type"] == "/problems/forbidden", told


async def test_nobody_may_do_anything(service: Service) -> None:
    for secret in (None, "nonsense", "tdt_" + "0" * 38, "tdk_" + "0" * 38):
        client = service.client(secret=secret)
        for operation in UNDER_VERSION if secret is None else UNDER_VERSION[:3]:
            if operation.name not in PUBLIC:
                answer = await call(client, operation)
                assert answer.status_code == 401, operation.name
                assert answer.headers["WWW-Authenticate"] == "Bearer"


OF_ONE_AGENCY = [each for each in UNDER_VERSION if {"period", "agency"} <= set(each.places)]


@pytest.mark.parametrize("scopes", [(), ("reports:read", "reports:write")])
async def test_a_reporter_or_a_communes_key_finds_its_own_reports_only(
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
        nothing_yet = operation.name == "get_revision"
        assert nothing_yet or answer.status_code != 404, (operation.name, answer.text)


async def test_a_viewer_below_the_district_reads_its_subtree_only(service: Service) -> None:
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15493')"
        await session.execute(text(f"{move} WHERE username = 'vice-chairman'"))
    viewer = service.client(VIEWER)
    assert len(seen(await viewer.get("/obligations?year=2024"))["items"]) == 6
    assert (await viewer.get(f"/reports/{Q2}/15502")).status_code == 404
    summed = seen(await viewer.get(f"/aggregates/indicators?period={Q2}"))
    assert (summed["agency"], summed["coverage"]["expected"]) == (XUAN_HONG, 1)
    for agency in ("15502", "395"):
        question = f"/aggregates/indicators?period={Q2}&agency={agency}"
        assert (await viewer.get(question)).status_code == 404


NEIGHBOUR = {
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
    """Load another district with all that one can have; what its things are called."""
    async with service.database.transaction() as session:
        await load(session, NEIGHBOUR_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    root = service.client(ROOT)
    reporter = {"username": "trieu-son-1", "full_name": "X", "role": "reporter", "agency": "15901"}
    seen(await root.post("/users", json=reporter), 201)
    keys = {"name": "Triệu Sơn", "scopes": ["reports:read"], "agency": "397"}
    hook = {"agency": "397", "url": "https://hook.trieu-son.example.vn/"}
    calendar = {"agency": "15901"}
    async with service.database.reading() as session:
        line = "SELECT min(b.id) FROM budget_line b JOIN project j ON j.id = b.project_id"
        of_plan = "JOIN plan ON plan.id = j.plan_id WHERE plan.code = 'trieu-son-2024'"
        line_id = await session.scalar(text(f"{line} {of_plan}"))
    return NEIGHBOUR | {
        "key_id": str(seen(await root.post("/api-keys", json=keys), 201)["id"]),
        "webhook_id": str(seen(await root.post("/webhooks", json=hook), 201)["id"]),
        "link_id": str(seen(await root.post("/calendar-links", json=calendar), 201)["id"]),
        "line_id": str(line_id),
    }


ABOUT_NOBODY = {"read_notification"}
"""Messages are each one's own."""


@pytest.mark.parametrize("caller", [COORDINATOR, VIEWER, ADMIN, REPORTER])
async def test_another_districts_things_do_not_exist(service: Service, caller: str) -> None:
    neighbour = await add_neighbour(service)
    client = service.client(caller)
    for operation in UNDER_VERSION:
        if operation.name in PUBLIC | ABOUT_NOBODY or caller not in MAY[operation.name]:
            continue
        plan = "plan=trieu-son-2024" if "plan" in operation.query else ""
        if operation.places:
            code = NEIGHBOURS_CODES.get(operation.address().split("/")[1], "1")
            answer = await call(client, operation, plan, **neighbour, code=code)
            assert answer.status_code == 404, (operation.name, answer.text[:300])
        elif operation.method == "GET":
            for query in {"", plan}:
                answer = await call(client, operation, query)
                assert answer.status_code in {200, 404}, operation.name
                found = [trace for trace in TRACES if trace in answer.text]
                told = "trieu-son" in answer.text and answer.status_code == 404
                assert not found or told, (operation.name, query, found)


async def test_a_plan_that_is_not_known_is_found_by_no_question(service: Service) -> None:
    await add_neighbour(service)
    client = service.client(COORDINATOR)
    asked = [each for each in UNDER_VERSION if each.method == "GET" and "plan" in each.query]
    assert {"list_obligations", "list_reports", "list_schedules"} <= {each.name for each in asked}
    for operation in asked:
        for plan in ("nope", "trieu-son-2024"):
            answer = await call(client, operation, f"plan={plan}")
            assert answer.status_code == 404, (operation.name, plan, answer.text[:200])
            assert answer.json()["type"] == "/problems/not-found"


INTO_THE_NEIGHBOURS: list[tuple[str, str, str, dict[str, Any]]] = [
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


async def test_nothing_is_made_in_another_district(service: Service) -> None:
    await add_neighbour(service)
    count = text("SELECT count(*) FROM audit_event")
    async with service.database.reading() as session:
        before = await session.scalar(count)
        for caller, name, query, change in INTO_THE_NEIGHBOURS:
            operation = BY_NAME[name]
            answer = await service.client(caller).request(
                operation.method,
                f"{operation.address(agency='15901')}?{query}",
                json=operation.body | change,
                headers={"If-Match": '"1"'},
            )
            assert answer.status_code in {404, 422}, (name, answer.text)
        assert await session.scalar(count) == before


async def test_who_knows_two_plans_is_asked_which_one_is_meant(service: Service) -> None:
    await add_neighbour(service)
    province, office = service.client("province"), service.client(COORDINATOR)
    for question in (
        f"/obligations?period={Q2}",
        "/obligations/matrix?year=2024",
        f"/aggregates/indicators?period={Q2}",
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
        seen(await province.get(named))
        seen(await office.get(question))  # it knows one plan only
    seen(await province.get("/projects/DA6"))  # one plan has it
    summed = seen(await province.get(f"/aggregates/indicators?period={Q2}&plan=trieu-son-2024"))
    assert (summed["agency"], summed["coverage"]["expected"]) == ("397", 4)
