"""Working days over HTTP: the exceptions of a district, which move only its due dates."""

import asyncio

import pytest

from tests.conftest import Service
from tests.support.reference_calls import add_neighbour, delete, list_all, list_events, problem_of
from tests.support.report_calls import ok

DAYS = "/working-days"
OFF = {"change": "off", "note": "Nghỉ bù."}
OURS, THEIRS = {"plan": "tho-xuan-2024"}, {"plan": "trieu-son-2024"}


async def test_an_exception_is_created_changed_and_deleted(service: Service) -> None:
    office = service.client("coordinator")
    day = f"{DAYS}/2025-03-17"
    answer = await office.put(day, json=OFF)
    created_day = ok(answer, 201)
    assert created_day == {
        "owner": "395",
        "district": "395",
        "day": "2025-03-17",
        **OFF,
        "version": 1,
    }
    first = answer.headers["ETag"]
    worked = {"change": "worked", "note": "Làm bù."}
    changed_day = created_day | worked | {"version": 2}
    answer = await office.put(day, json=worked, headers={"If-Match": first})
    assert ok(answer) == changed_day
    assert answer.headers["ETag"] != first
    same = await office.put(day, json=worked, headers={"If-Match": answer.headers["ETag"]})
    assert same.headers["ETag"] == answer.headers["ETag"]
    reader = service.client("xuan-hong")
    one = await reader.get(day)
    assert (ok(one), one.headers["ETag"]) == (changed_day, same.headers["ETag"])
    assert problem_of(await reader.get(f"{DAYS}/2025-03-18")) == (404, "not-found")
    assert await list_all(reader, DAYS, year=2025) == [changed_day]
    assert await list_all(reader, DAYS, year=2026) == []
    assert (await delete(office, day)).status_code == 204
    assert problem_of(await office.delete(day)) == (404, "not-found")
    assert await list_all(reader, DAYS, year=2025) == []
    created, changed = await list_events(service, "working_day.put")
    assert (created.before, created.after) == (None, OFF)
    assert (changed.before, changed.after) == (OFF, worked)
    (removed,) = await list_events(service, "working_day.removed")
    assert (removed.subject, removed.before) == ("working-days/2025-03-17", worked)
    events = ok(await office.get("/audit-events", params={"action": "working_day.removed"}))
    assert [event["agency"] for event in events["items"]] == ["395"]


async def test_a_change_requires_the_current_version(service: Service) -> None:
    office = service.client("coordinator")
    day = f"{DAYS}/2024-05-04"
    assert problem_of(await office.put(day, json=OFF)) == (428, "precondition-required")
    assert problem_of(await office.delete(day)) == (428, "precondition-required")
    first = {"If-Match": (await office.get(day)).headers["ETag"]}
    ok(await office.put(day, json=OFF, headers=first))
    assert problem_of(await office.put(day, json=OFF, headers=first)) == (412, "stale")
    assert problem_of(await office.delete(day, headers=first)) == (412, "stale")
    assert (await office.delete(day, headers={"If-Match": "*"})).status_code == 204
    assert problem_of(await office.put(day, json=OFF, headers=first)) == (412, "stale")
    assert problem_of(await office.put(day, json=OFF, headers={"If-Match": "*"})) == (412, "stale")


async def test_of_two_concurrent_writes_the_second_is_refused(service: Service) -> None:
    office, admin = service.client("coordinator"), service.client("district-admin")
    answers = await asyncio.gather(
        *(client.put(f"{DAYS}/2025-03-17", json=OFF) for client in (office, admin))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 428]


async def test_the_days_of_a_year_are_paged(service: Service) -> None:
    office = service.client("coordinator")
    days = ["2025-12-31", "2025-01-01", "2025-03-17", "2024-12-31", "2026-01-01"]
    for day in days:
        ok(await office.put(f"{DAYS}/{day}", json=OFF), 201)
    first = ok(await office.get(DAYS, params={"year": 2025, "limit": 2}))
    assert [item["day"] for item in first["items"]] == ["2025-01-01", "2025-03-17"]
    rest = {"year": 2025, "limit": 2, "cursor": first["next_cursor"]}
    last = ok(await office.get(DAYS, params=rest))
    assert [item["day"] for item in last["items"]] == ["2025-12-31"]
    assert last["next_cursor"] is None


async def test_exceptions_belong_to_one_district(service: Service) -> None:
    await add_neighbour(service)
    admin, office = service.client("admin"), service.client("coordinator")
    ok(await admin.put(f"{DAYS}/2025-03-17", json=OFF, params=THEIRS), 201)
    assert await list_all(office, DAYS, year=2025) == []
    assert problem_of(await office.delete(f"{DAYS}/2025-03-17")) == (404, "not-found")
    for answer in (
        await office.get(DAYS, params={"year": "2025", **THEIRS}),
        await office.put(f"{DAYS}/2025-03-18", json=OFF, params=THEIRS),
        await office.delete(f"{DAYS}/2025-03-17", params=THEIRS),
    ):
        assert problem_of(answer) == (404, "not-found")
    theirs = await list_all(admin, DAYS, year=2025, **THEIRS)
    assert [(item["district"], item["day"]) for item in theirs] == [("397", "2025-03-17")]


async def test_the_plan_is_required_where_two_are_known(service: Service) -> None:
    await add_neighbour(service)
    admin = service.client("admin")
    for answer in (
        await admin.get(DAYS, params={"year": 2024}),
        await admin.put(f"{DAYS}/2025-03-17", json=OFF),
        await admin.delete(f"{DAYS}/2024-05-04"),
    ):
        assert problem_of(answer) == (400, "ambiguous-plan")
        assert answer.json()["choices"] == ["tho-xuan-2024", "trieu-son-2024"]
    here = f"{DAYS}/2024-05-04"
    answer = await admin.delete(here, params=OURS, headers={"If-Match": '"1"'})
    assert answer.status_code == 204
    assert ok(await admin.get(here, params=THEIRS))["district"] == "397"


@pytest.mark.parametrize("plan", ["tho-xuan-2024", "trieu-son-2024"])
async def test_a_swapped_day_moves_only_the_due_dates_of_its_district(
    service: Service, plan: str
) -> None:
    """15/3/2025 is a Saturday: it rolls to Monday, or where that is off, to Tuesday."""
    await add_neighbour(service)
    admin = service.client("admin")
    ok(await admin.put(f"{DAYS}/2025-03-17", json=OFF, params={"plan": plan}), 201)
    for each in (OURS, THEIRS):
        tag = (await admin.get("/schedules/quarterly", params=each)).headers["ETag"]
        rolls = {"day": 15, "non_working_day": "next_working_day"}
        headers = {"If-Match": tag}
        answer = await admin.patch("/schedules/quarterly", json=rolls, params=each, headers=headers)
        ok(answer)
        year = {"year": 2025}
        ok(await admin.post("/reporting-periods/generate", json=year, params=each))
        period = ok(await admin.get("/reporting-periods/2025-Q1", params=each))
        expected = "2025-03-18" if each["plan"] == plan else "2025-03-17"
        assert period["due_date"] == expected
