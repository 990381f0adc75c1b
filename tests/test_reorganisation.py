"""The reorganisation of 1/7/2025: 30 communes become 8, the province takes over the plan."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML
from sqlalchemy import text

from app.services.reminders.sweep import sweep
from app.services.reorganisations.reorganisations import apply_due
from seed.loader import load
from tests.conftest import PLAN_FOLDER, ROOT, Service
from tests.support.reference_calls import (
    capture_statements,
    change,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import draft, ok, read, submit_complete, submit_paper

FOLDER = ROOT / "seed" / "reorganisation-2025-07-01"
SUCCESSORS = ["15499", "15505", "15520", "15544", "15553", "15568", "15574", "15592"]
Q3 = "2025-Q3"
ANY = {"If-Match": "*"}
PASSWORD = "mật khẩu của đơn vị mới"
H1 = "2025-H1"
REMINDED = text("""
SELECT DISTINCT username, agency.name, p.code FROM notification n
JOIN account ON account.id = n.account_id
JOIN obligation o ON o.id = n.obligation_id
JOIN agency ON agency.id = o.agency_id
JOIN reporting_period p ON p.id = o.period_id
WHERE n.template = 'reminder' AND n.created_at >= '2025-07-01'
""")
RECIPIENTS = text("""
SELECT audience, agency.name, username FROM recipient
JOIN agency ON agency.id = recipient.agency_id JOIN account ON account.id = recipient.account_id
""")


def entry_of(folder: Path = FOLDER) -> dict[str, Any]:
    """The body of the reorganisation in a folder."""
    content = YAML(typ="safe", pure=True).load((folder / "reorganisation.yaml").read_text("utf-8"))
    content["effective_on"] = str(content["effective_on"])
    content["document"]["issued_on"] = str(content["document"]["issued_on"])
    return dict(content)


@pytest.fixture
async def running(service: Service) -> Service:
    """The service on 25/6/2025, with the periods of 2025."""
    service.clock.set("2025-01-06 08:00")
    body = {"year": 2025}
    ok(await service.client("coordinator").post("/reporting-periods/generate", json=body))
    service.clock.set("2025-06-25 08:00")
    return service


async def enter(service: Service, status: int = 201, **query: str) -> dict[str, Any]:
    """Enter the reorganisation."""
    admin = service.client("admin")
    entered = ok(await admin.post("/reorganisations", json=entry_of(), params=query), status)
    return dict(entered)


async def cross_the_day(service: Service) -> None:
    """Set the clock to 1/7/2025 and let the worker's tick apply what is due."""
    service.clock.set("2025-07-01 00:01")
    await apply_due(service.database, service.clock.now())


async def reorganise(service: Service) -> None:
    """Enter the reorganisation and cross its day."""
    await enter(service)
    await cross_the_day(service)


async def test_a_preview_stores_nothing(running: Service) -> None:
    shown = await enter(running, 200, preview="true")
    effects = shown["effects"]
    assert (shown["id"], shown["state"]) == (None, "pending")
    assert len([each for each in effects["ended"] if each["kind"] in {"commune", "township"}]) == 30
    assert [each["code"] for each in effects["created"]] == SUCCESSORS
    moving = {(each["period"], each["agency"]) for each in effects["obligations"]}
    assert {period for period, _ in moving} == {"2025-Q3", "2025-Q4", "2025-Y"}
    assert len(moving) == 3 * 35
    assert {each["period"] for each in effects["still_owed"]} >= {"2025-Q1", H1}
    accounts = {each["username"] for each in effects["accounts"]}
    assert {"xuan-hong", "coordinator", "district-admin"} <= accounts
    assert "province" not in accounts
    [plan] = effects["plans"]
    assert (plan["plan"], plan["taken_over_by"]) == ("tho-xuan-2024", "38")
    assert ok(await running.client("admin").get("/reorganisations"))["items"] == []
    assert ok(await running.client("admin").get("/agencies/15493"))["valid_to"] is None


async def test_it_is_entered_ahead_and_applied_on_its_day(running: Service) -> None:
    entered = await enter(running)
    admin = running.client("admin")
    assert entered["state"] == "pending"
    assert ok(await admin.get("/agencies/15493"))["valid_to"] is None
    running.clock.set("2025-06-30 23:59")
    assert await apply_due(running.database, running.clock.now()) == 0
    await cross_the_day(running)
    applied = ok(await admin.get(f"/reorganisations/{entered['id']}"))
    assert applied["state"] == "applied"
    assert applied["effects"] == entered["effects"]
    old = ok(await admin.get("/agencies/15499?on=2025-06-30"))
    new = ok(await admin.get("/agencies/15499"))
    assert (old["name"], old["valid_to"], old["successors"]) == (
        "Thị trấn Thọ Xuân",
        "2025-06-30",
        ["15499"],
    )
    assert new["predecessors"] == ["15493", "15499", "15514", "15526"]
    assert (new["name"], new["valid_from"], new["parent"]) == ("Xã Thọ Xuân", "2025-07-01", "38")
    assert problem_of(await admin.get("/agencies/395"))[0] == 404
    assert len(await list_all(admin, "/agencies", kind="commune")) == 8


async def test_reports_of_running_periods_are_owed_by_the_successors(running: Service) -> None:
    await reorganise(running)
    admin = running.client("admin")
    for period in (Q3, "2025-Q4", "2025-Y"):
        owed = await list_all(admin, "/obligations", period=period)
        assert sorted(each["agency"] for each in owed) == SUCCESSORS, period
    assert len(await list_all(admin, "/obligations", period="2025-Q2")) == 35
    report = await read(running.client("province"), "15499", Q3)
    assert report["agency_name"] == "Xã Thọ Xuân"
    assert len(report["expected"]) > 20


async def test_a_form_shows_the_sum_of_the_merged_agencies_where_all_reported(
    running: Service,
) -> None:
    merged = ("15493", "15499", "15514", "15526")
    for value, agency in enumerate((*merged, "15502"), start=1):
        await submit_paper(running, agency, {"DA2.02": value}, period="2025-Q2")
    await reorganise(running)
    province = running.client("province")
    shown = {}
    for agency in ("15499", "15505"):  # of the five that became 15505, one reported
        form = ok(await province.get(f"/reports/{Q3}/{agency}/expected"))
        shown[agency] = next(each["previous"] for each in form["figures"] if is_da2(each))
    assert shown["15505"] is None
    assert (shown["15499"]["value"], shown["15499"]["period"]) == (1 + 2 + 3 + 4, "2025-Q2")
    assert (shown["15499"]["agencies"], shown["15499"]["report_status"]) == (list(merged), None)


async def test_repeated_it_changes_nothing(running: Service) -> None:
    await reorganise(running)
    before = await table_counts(running)
    repeated = await enter(running, 200)
    assert repeated["state"] == "applied"
    assert await apply_due(running.database, running.clock.now()) == 0
    assert await table_counts(running) == before
    changed = entry_of()
    changed["changes"] = changed["changes"][:3]
    answer = await running.client("admin").post("/reorganisations", json=changed)
    assert problem_of(answer) == (409, "state-conflict")


async def table_counts(service: Service) -> dict[str, int]:
    tables = ("agency", "agency_succession", "obligation", "audit_event", "assignment")
    async with service.database.reading() as session:
        return {
            table: await session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - fixed names
            for table in tables
        }


async def test_the_folder_is_loaded_on_request(running: Service) -> None:
    lines: list[str] = []
    running.clock.set("2025-07-02 08:00")
    for _ in range(2):
        async with running.database.transaction() as session:
            await load(session, FOLDER, now=running.clock.now(), echo=lines.append)
    assert "đã áp dụng" in lines[0]
    assert lines[1] == "Đơn vị kết thúc: 43; đơn vị mới: 8; báo cáo chuyển sang: 105"
    assert "không đổi gì" in lines[2]
    assert ok(await running.client("admin").get("/agencies/15499"))["name"] == "Xã Thọ Xuân"


async def test_earlier_figures_stay_with_the_agencies_that_sent_them(running: Service) -> None:
    running.clock.set("2024-06-10 08:00")
    await submit_complete(running.client("xuan-hong"), "15493")
    question = "/aggregates/indicators?period=2024-Q2&agency=395&basis=submitted"
    viewer = running.client("province")
    before = ok(await viewer.get(question))
    running.clock.set("2025-06-25 08:00")
    await reorganise(running)
    assert ok(await viewer.get(question))["rows"] == before["rows"]
    assert (await read(viewer, "15493"))["report_status"] == "submitted"


@pytest.mark.parametrize("by", ["", "&by=agency"], ids=["plain", "by agency"])
async def test_the_coverage_before_the_day_does_not_change(running: Service, by: str) -> None:
    instant = "2025-06-25T08:00:00%2B07:00"
    question = f"/aggregates/timeliness?period={Q3}&agency=38&as_of={instant}{by}"
    viewer = running.client("province")
    before = ok(await viewer.get(question))
    running.clock.advance(minutes=5)
    await reorganise(running)
    assert before["coverage"]["expected"] == 35
    assert ok(await viewer.get(question)) == before
    for agency in ("", "&agency=38"):
        now = ok(await viewer.get(f"/aggregates/timeliness?period={Q3}{agency}"))
        assert (now["agency"], now["coverage"]["expected"]) == ("38", 8)


async def test_each_ledger_records_the_application(running: Service) -> None:
    await reorganise(running)
    events = await list_events(running, "reorganisation.applied")
    assert [event.actor for event in events] == ["system", "system"]
    assert (events[0].after or {})["obligations"] == 105
    assert (events[1].after or {})["created"] == SUCCESSORS


async def test_an_administrator_must_reach_all_of_it(running: Service) -> None:
    refused = await running.client("district-admin").post("/reorganisations", json=entry_of())
    pointers = {pointer for pointer, _ in field_errors(refused)}
    assert {"/changes/0/to/0/parent", "/changes/8/taken_over_by"} <= pointers


async def add_account(service: Service, username: str, role: str, agency: str) -> None:
    """Add an account and make `service.client(secret=…)` sign in as it."""
    body = {"username": username, "full_name": "Nguyễn Văn An", "role": role, "agency": agency}
    body |= {"email": f"{username}@example.vn", "password": PASSWORD}
    ok(await service.client("admin").post("/users", json=body), 201)


async def client_of(service: Service, username: str) -> httpx.AsyncClient:
    """A client that has signed in as an account."""
    form = {"username": username, "password": PASSWORD}
    token = ok(await service.client().post("/auth/token", data=form))
    return service.client(secret=token["access_token"])


async def successor(service: Service, role: str = "reporter", agency: str = "15499") -> Any:
    """A client of a new account of a successor."""
    await add_account(service, f"{role}-{agency}", role, agency)
    return await client_of(service, f"{role}-{agency}")


async def test_a_draft_stays_under_its_old_address_and_is_offered(running: Service) -> None:
    old = running.client("xuan-hong")
    saved = await draft(old, "15493", period=Q3)
    await reorganise(running)
    kept = await read(old, "15493", Q3)
    assert (kept["draft"], kept["can_submit"]) == (saved["draft"], False)
    new = await successor(running)
    offered = await read(new, "15499", Q3)
    assert offered["draft"] is None
    [predecessor] = offered["predecessor_reports"]
    assert (predecessor["agency"], predecessor["draft"]) == ("15493", saved["draft"])
    hidden = await read(running.client("province"), "15499", Q3)
    assert hidden["predecessor_reports"][0]["draft"] is None
    path = f"/reports/{Q3}/15493"
    answer = await new.put(f"{path}/draft", json=saved["draft"], headers={"If-Match": "*"})
    assert problem_of(answer) == (404, "not-found")
    other = await successor(running, agency="15505")
    assert (await other.get(path)).status_code == 404


async def test_a_draft_under_a_reused_code_is_read_by_its_old_agency(running: Service) -> None:
    await add_account(running, "old-town", "reporter", "15499")
    old = await client_of(running, "old-town")
    saved = await draft(old, "15499", period=Q3)
    await reorganise(running)
    old = await client_of(running, "old-town")
    assert (await read(old, "15499", Q3))["draft"] == saved["draft"]
    new = await read(await successor(running), "15499", Q3)
    assert (new["agency_name"], new["draft"]) == ("Xã Thọ Xuân", None)


async def test_a_submitted_report_of_a_running_period_stays(running: Service) -> None:
    await submit_complete(running.client("xuan-hong"), "15493", period=Q3)
    await reorganise(running)
    viewer = running.client("province")
    kept = await read(viewer, "15493", Q3)
    assert kept["report_status"] == "submitted"
    shown = await read(viewer, "15499", Q3)
    assert (shown["report_status"], shown["timeliness"]) == ("not_started", "upcoming")
    [predecessor] = shown["predecessor_reports"]
    assert predecessor["last_revision"]["fingerprint"] == kept["last_revision"]["fingerprint"]
    new = await successor(running)
    await submit_complete(new, "15499", period=Q3)
    question = f"/aggregates/timeliness?period={Q3}&agency=38"
    assert ok(await viewer.get(question))["coverage"]["submitted"] == 2


async def test_the_successor_sends_what_was_still_owed(running: Service) -> None:
    await reorganise(running)
    new = await successor(running)
    report = await submit_complete(new, "15493", period=H1)
    assert (report["agency_name"], report["timeliness"]) == ("Xã Xuân Hồng", "late")
    for agency in ("15502", "15505"):
        assert (await new.get(f"/reports/{H1}/{agency}")).status_code == 404


async def test_the_successor_lists_what_was_still_owed(running: Service) -> None:
    await reorganise(running)
    new = await successor(running)
    listed = await list_all(new, "/obligations", year=2025)
    merged = {row["agency"] for row in listed if row["period"] == H1}
    own = {row["agency"] for row in listed if row["period"] == Q3}
    assert ("15493" in merged, own) == (True, {"15499"})
    for row in listed:
        ok(await new.get(f"/obligations/{row['period']}/{row['agency']}"))
    assert merged.isdisjoint({"15502", "15505"}), "those were merged into others"
    assert [
        row["agency"] for row in await list_all(new, "/obligations", period=H1, agency="15493")
    ] == ["15493"]


async def test_accounts_of_an_ended_agency_only_read(running: Service) -> None:
    await draft(running.client("xuan-hong"), "15493", period=Q3)
    await reorganise(running)
    old = running.client("xuan-hong")
    me = ok(await old.get("/me"))
    assert me["agency_ended_on"] == "2025-06-30"
    assert "UBND xã Thọ Xuân" in me["notice"]
    assert "reports:write" not in me["permissions"]
    english = ok(await old.get("/me", headers={"Accept-Language": "en"}))
    assert "Xã Xuân Hồng ended on 2025-06-30" in english["notice"]
    form = {"username": "xuan-hong", "password": "thử-nghiệm-2024"}
    assert ok(await running.client().post("/auth/token", data=form))["notice"] == me["notice"]
    refused = await old.put(f"/reports/{H1}/15493/draft", json={"entries": []})
    assert problem_of(refused) == (403, "agency-ended")
    assert (await old.get(f"/reports/{H1}/15493")).status_code == 200
    refused = await running.client("district-admin").get("/users")
    assert problem_of(refused) == (403, "agency-ended")
    refused = await old.post("/users", json={})
    assert problem_of(refused) == (403, "forbidden")


async def test_an_administrator_moves_an_account_to_the_successor(running: Service) -> None:
    await reorganise(running)
    ok(await change(running.client("admin"), "/users/xuan-hong", {"agency": "15499"}))
    moved = running.client("xuan-hong")
    assert ok(await moved.get("/me"))["notice"] is None
    await submit_complete(moved, "15499", period=Q3)


async def test_api_keys_of_ended_agencies_end(running: Service) -> None:
    body = {"name": "thử", "scopes": ["reports:read"], "agency": "15493"}
    key = ok(await running.client("admin").post("/api-keys", json=body), 201)
    preview = await enter(running, 200, preview="true")
    assert [each["name"] for each in preview["effects"]["api_keys"]] == ["thử"]
    await reorganise(running)
    assert (await running.client(secret=key["key"]).get("/me")).status_code == 401


async def test_the_province_takes_over_the_plan(running: Service) -> None:
    await submit_complete(running.client("xuan-hong"), "15493", period=H1)
    await submit_complete(running.client("bac-luong"), "15502", period=H1)
    await reorganise(running)
    province = await successor(running, "coordinator", "38")
    answer = await province.post(f"/reports/{H1}/15493/accept", json={}, headers=ANY)
    assert ok(answer)["report_status"] == "accepted"
    answer = await province.post(
        f"/reports/{H1}/15502/return", json={"reason": "Thiếu số liệu"}, headers=ANY
    )
    assert ok(answer)["report_status"] == "returned"
    body = {"due_date": "2025-09-30", "reason": "Mới sắp xếp"}
    extended = ok(await province.put(f"/obligations/{Q3}/15499/extension", json=body))
    assert extended["due_date"] == "2025-09-30"
    old = running.client("coordinator")
    refused = await old.post(f"/reports/{H1}/15502/accept", json={}, headers=ANY)
    assert problem_of(refused) == (403, "agency-ended")
    plan = ok(await province.get("/plans/tho-xuan-2024"))
    assert (plan["owner"], plan["taken_over_by"]) == ("395", "38")
    ok(await change(province, "/plans/tho-xuan-2024", {"due_soon_days": 5}))


async def test_reminders_go_to_the_people_of_the_successor(running: Service) -> None:
    await reorganise(running)
    await successor(running)
    await successor(running, "coordinator", "38")
    async with running.database.reading() as session:
        recipients = (await session.execute(RECIPIENTS)).all()
    assert ("reporter", "Xã Xuân Hồng", "reporter-15499") in recipients
    assert ("reporter", "Xã Thọ Xuân", "reporter-15499") in recipients
    assert ("coordinator", "Huyện Thọ Xuân", "coordinator-38") in recipients
    assert "xuan-hong" not in {row.username for row in recipients}
    assert "vice-chairman" not in {row.username for row in recipients if row[0] == "leadership"}


async def test_loading_the_plan_again_keeps_the_reorganisation(running: Service) -> None:
    await reorganise(running)
    before = await table_counts(running)
    async with running.database.transaction() as session:
        await load(session, PLAN_FOLDER, now=running.clock.now(), echo=lambda _: None)
    assert await table_counts(running) == before
    ended = ok(await running.client("admin").get("/agencies/15499?on=2025-06-30"))
    assert ended["valid_to"] == "2025-06-30"


async def test_figures_of_2024_by_the_communes_of_today(running: Service) -> None:
    """15499 and 15505 took in Xuân Hồng and Bắc Lương."""
    running.clock.set("2024-06-10 08:00")
    for person, agency, value in (("xuan-hong", "15493", 12), ("bac-luong", "15502", 30)):
        await submit_complete(running.client(person), agency, {"DA2.02": value})
    running.clock.set("2025-06-25 08:00")
    await reorganise(running)
    viewer = running.client("province")
    question = "/aggregates/indicators?period=2024-Q2&basis=submitted"
    plain = ok(await viewer.get(f"{question}&agency=395"))

    whole = ok(await viewer.get(f"{question}&agency=38&regroup=2025-07-01"))
    assert (whole["regroup"], whole["divided"]) == ("2025-07-01", [])
    assert value_of(whole["rows"]) == value_of(plain["rows"]) == 42
    by_government = ok(await viewer.get(f"{question}&agency=38&regroup=2025-07-01&by=government"))[
        "rows"
    ]
    assert {row["government"]: row["value"] for row in by_government if is_da2(row)} == {
        "15499": 12,
        "15505": 30,
    }
    one = ok(await viewer.get(f"{question}&agency=15499&regroup=2025-07-01"))
    assert (value_of(one["rows"]), one["coverage"]["expected"]) == (12, 4)
    # A reused code gives the figures of its current agency only, except by regrouping.
    town = ok(await viewer.get(f"{question}&agency=15499"))
    assert (value_of(town["rows"]), town["coverage"]["expected"]) == (None, 1)


async def test_figures_of_2024_on_a_day_before_the_merger_stay(running: Service) -> None:
    await reorganise(running)
    viewer = running.client("province")
    question = "/aggregates/timeliness?period=2024-Q2&agency=395&by=agency"
    plain, regrouped = [
        ok(await viewer.get(f"{question}{query}")) for query in ("", "&regroup=2025-06-30")
    ]
    assert regrouped["rows"] == plain["rows"]


async def test_money_and_timeliness_are_regrouped_too(running: Service) -> None:
    await reorganise(running)
    viewer = running.client("province")
    query = "period=2024-Q2&agency=38&regroup=2025-07-01&by=government"
    money = ok(await viewer.get(f"/aggregates/budget-execution?{query}"))
    plain = ok(await viewer.get("/aggregates/budget-execution?period=2024-Q2&agency=38"))
    assert money["total"] == plain["total"]
    counted = ok(await viewer.get(f"/aggregates/timeliness?{query}"))["rows"]
    reports = {row["government"]: row["reports"] for row in counted}
    assert [reports[code] for code in SUCCESSORS] == [4, 5, 4, 3, 4, 3, 3, 4]


def is_da2(row: dict[str, Any]) -> bool:
    return bool(row["indicator"] == "DA2.02")


def value_of(rows: list[dict[str, Any]]) -> Any:
    """The sum of DA2.02."""
    return next(row["value"] for row in rows if is_da2(row))


async def test_periods_that_are_generated_later_are_owed_by_the_successors(
    service: Service,
) -> None:
    service.clock.set("2025-07-02 08:00")
    await enter(service)
    province = await successor(service, "coordinator", "38")
    ok(await province.post("/reporting-periods/generate", json={"year": 2025}))
    owed = await list_all(province, "/obligations", period=Q3)
    assert sorted(each["agency"] for each in owed) == SUCCESSORS
    assert len((await read(province, "15499", Q3))["expected"]) > 20
    leads = ok(await province.get("/projects/DA2"))["leads"]
    assert leads == sorted(set(leads))


async def test_missing_reports_of_a_merged_commune_are_reminded_of(running: Service) -> None:
    """The half-year report was due on 20/6/2025; its old reporter can no longer send it."""
    await reorganise(running)
    await successor(running)
    running.clock.set("2025-07-01 09:00")
    async with running.database.transaction() as session:
        await sweep(session, running.clock.now())
    async with running.database.reading() as session:
        reminded = (await session.execute(REMINDED)).all()
    assert ("reporter-15499", "Xã Xuân Hồng", H1) in reminded
    assert "xuan-hong" not in {row.username for row in reminded}


async def test_a_preview_takes_as_many_statements_for_30_communes_as_for_two(
    running: Service,
) -> None:
    admin, small = running.client("admin"), entry_of()
    small["changes"] = [
        {"from": ["15493", "15514"], "to": [{**small["changes"][0]["to"][0], "code": "15481"}]}
    ]
    counts = []
    for body in (small, entry_of()):
        with capture_statements(running) as statements:
            ok(await admin.post("/reorganisations?preview=true", json=body))
        counts.append(len(statements))
    # The large one also reads what is below the district that ends.
    assert counts[1] <= counts[0] + 1 <= 12
