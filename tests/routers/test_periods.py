"""Reporting periods: due dates, generation of a year, closing and opening; schedules."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.audit_events import AuditEvent
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from tests.conftest import Service
from tests.support.report_bodies import complete_body
from tests.support.report_calls import (
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    save,
    submit,
    submit_complete,
)

AT = f"/reports/{Q2}/{XUAN_HONG}"

# code, data window, due date
IN_2024 = [
    ("2024-Q1", "2023-12-15", "2024-03-14", "2024-03-15"),
    ("2024-Q2", "2024-03-15", "2024-06-14", "2024-06-15"),
    ("2024-H1", "2023-12-15", "2024-06-14", "2024-06-20"),
    ("2024-Q3", "2024-06-15", "2024-09-14", "2024-09-15"),
    ("2024-Y", "2023-12-15", "2024-12-14", "2024-12-10"),
    ("2024-Q4", "2024-09-15", "2024-12-14", "2024-12-15"),
]
LATE_FROM = {
    "2024-Q1": "2024-03-16T00:00:00+07:00",
    "2024-Q2": "2024-06-16T00:00:00+07:00",
    "2024-H1": "2024-06-21T00:00:00+07:00",
    "2024-Q3": "2024-09-16T00:00:00+07:00",
    "2024-Y": "2024-12-11T00:00:00+07:00",
    "2024-Q4": "2024-12-16T00:00:00+07:00",
}


async def test_the_plans_six_periods_are_listed_by_due_date(
    service: Service,
) -> None:
    reader = service.client("xuan-hong")
    items = ok(await reader.get("/reporting-periods?year=2024"))["items"]
    shown = [(i["code"], i["data_from"], i["data_to"], i["due_date"]) for i in items]
    assert shown == IN_2024
    assert {item["code"]: item["late_from"] for item in items} == LATE_FROM
    assert {item["state"] for item in items} == {"open"}
    assert {item["plan"] for item in items} == {"tho-xuan-2024"}
    for item in items:
        assert ok(await reader.get(f"/reporting-periods/{item['code']}")) == item


async def test_the_plan_s_own_words_stand_beside_each_due_date(service: Service) -> None:
    reader, office = service.client("xuan-hong"), service.client("coordinator")
    words = {
        "quarterly": "trước ngày 15 tháng cuối quý",
        "six_month": "trước 20/6/2024",
        "annual": "trước 10/12/2024",
    }
    schedules = ok(await reader.get("/schedules"))["items"]
    assert {schedule["code"]: schedule["due_text"] for schedule in schedules} == words
    assert ok(await reader.get("/reporting-periods/2024-Y"))["due_text"] == words["annual"]
    matrix = ok(await reader.get("/obligations/matrix?year=2024"))
    assert matrix["periods"][2]["due_text"] == words["six_month"]
    at = f"/obligations/{Q2}/{XUAN_HONG}"
    saved = await save(reader, XUAN_HONG, complete_body(await read(reader, XUAN_HONG)))
    for obligation in (saved, ok(await reader.get(at)), await read(reader, XUAN_HONG)):
        assert obligation["due_text"] == words["quarterly"]
    extension = {"due_date": "2024-06-20", "reason": "Mưa lũ."}
    assert ok(await office.put(f"{at}/extension", json=extension))["due_text"] is None


async def test_a_district_can_take_the_words_literally(service: Service) -> None:
    changed = await _change(service, "quarterly", due_day="excluded", move_open_periods=True)
    assert changed["due_text"] == "trước ngày 15 tháng cuối quý"
    commune = service.client("xuan-hong")
    obligation = ok(await commune.get(f"/obligations/{Q2}/{XUAN_HONG}"))
    assert (obligation["due_date"], obligation["due_text"]) == ("2024-06-14", changed["due_text"])


async def test_periods_are_filtered_and_paged(service: Service) -> None:
    office = service.client("coordinator")
    ok(await office.post("/reporting-periods/2024-Q1/close"))
    for question, expected in (
        ("frequency=quarter", ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]),
        ("frequency=year", ["2024-Y"]),
        ("state=closed", ["2024-Q1"]),
        ("year=2023", []),
    ):
        items = ok(await office.get(f"/reporting-periods?{question}"))["items"]
        assert [item["code"] for item in items] == expected, question
    walked, cursor = [], ""
    while cursor is not None:
        page = ok(await office.get(f"/reporting-periods?limit=1{cursor and '&cursor=' + cursor}"))
        walked += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert walked == [code for code, *_ in IN_2024]


async def _count_obligations(service: Service, year: int) -> dict[str, int]:
    async with service.database.reading() as session:
        rows = await session.execute(
            select(ReportingPeriod.code, func.count(Obligation.id))
            .outerjoin(Obligation, Obligation.period_id == ReportingPeriod.id)
            .where(ReportingPeriod.year == year)
            .group_by(ReportingPeriod.code)
        )
        return dict(rows.all())


async def test_another_year_is_generated_once(service: Service) -> None:
    for year in (2025, 2028):  # 2028 is a leap year
        await _check_generation(service, year)
    async with service.database.reading() as session:
        query = select(func.count()).where(AuditEvent.action == "reporting_periods.generated")
        assert await session.scalar(query) == 3  # one of the seed, and one for each year


async def _check_generation(service: Service, year: int) -> None:
    office = service.client("coordinator")
    generated = ok(await office.post("/reporting-periods/generate", json={"year": year}))
    codes = sorted(code.replace("2024", str(year)) for code, *_ in IN_2024)
    assert generated == {
        "plan": "tho-xuan-2024",
        "year": year,
        "created": codes,
        "added_obligations": 0,
    }
    assert await _count_obligations(service, year) == dict.fromkeys(codes, 35)
    again = ok(await office.post("/reporting-periods/generate", json={"year": year}))
    assert again["created"] == []
    assert await _count_obligations(service, year) == dict.fromkeys(codes, 35)
    items = ok(await office.get(f"/reporting-periods?year={year}"))["items"]
    shown = [(i["code"], i["data_from"], i["data_to"], i["due_date"]) for i in items]
    expected = [
        tuple(part.replace("2024", str(year)).replace("2023", str(year - 1)) for part in row)
        for row in IN_2024
    ]
    assert shown == expected


async def _change(service: Service, code: str, **changes: Any) -> dict[str, Any]:
    office = service.client("coordinator")
    tag = (await office.get(f"/schedules/{code}")).headers["ETag"]
    answer = await office.patch(f"/schedules/{code}", json=changes, headers={"If-Match": tag})
    changed: dict[str, Any] = ok(answer)
    assert answer.headers["ETag"] != tag
    return changed


# Changes of the quarterly schedule, and the due dates of 2025 that follow.
CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"due_day": "excluded", "non_working_day": "next_working_day"},
        ["2025-03-14", "2025-06-16", "2025-09-15", "2025-12-15"],
    ),
    (
        {"month": 2, "day": 31, "applies_from": "2025-05-31"},
        ["2025-05-31", "2025-08-31", "2025-11-30"],
    ),
]


@pytest.mark.parametrize(("changes", "due"), CHANGES)
async def test_a_changed_schedule_applies_only_to_new_periods(
    service: Service, changes: dict[str, Any], due: list[str]
) -> None:
    office = service.client("coordinator")
    changed = await _change(service, "quarterly", **changes, move_open_periods=False)
    assert {name: changed[name] for name in changes} == changes
    ok(await office.post("/reporting-periods/generate", json={"year": 2025}))
    for year, expected in (
        (2025, due),
        (2024, ["2024-03-15", "2024-06-15", "2024-09-15", "2024-12-15"]),
    ):
        question = f"/reporting-periods?year={year}&frequency=quarter"
        items = ok(await office.get(question))["items"]
        assert [item["due_date"] for item in items] == expected


async def test_due_dates_roll_over_swapped_days(service: Service) -> None:
    """Saturday 15/3/2025 rolls to Monday 17/3, unless that is off or the Saturday is worked."""
    office = service.client("coordinator")
    rolling = {"non_working_day": "next_working_day", "move_open_periods": False}
    await _change(service, "quarterly", **rolling)
    for day, change in (("2025-03-17", "off"), ("2025-06-15", "worked")):
        exception = {"change": change, "note": "Hoán đổi."}
        ok(await office.put(f"/working-days/{day}", json=exception), 201)
    ok(await office.post("/reporting-periods/generate", json={"year": 2025}))
    items = ok(await office.get("/reporting-periods?year=2025&frequency=quarter"))["items"]
    assert [item["due_date"] for item in items][:2] == ["2025-03-18", "2025-06-15"]


async def test_generating_again_adds_obligations_of_new_reporters(service: Service) -> None:
    office = service.client("coordinator")
    reporters = ok(await office.get("/schedules/annual"))["reporters"]
    assert len(reporters) == 35
    changed = await _change(service, "annual", reporters=[*reporters, "395-TCKH"])
    assert changed["reporters"] == sorted([*reporters, "395-TCKH"])
    ok(await office.post("/reporting-periods/2024-Q1/close"))
    for added in (1, 0):
        again = ok(await office.post("/reporting-periods/generate", json={"year": 2024}))
        assert (again["created"], again["added_obligations"]) == ([], added)
    counts = await _count_obligations(service, 2024)
    assert counts.pop("2024-Y") == 36
    assert set(counts.values()) == {35}


async def test_an_invalid_change_of_a_schedule_is_refused(service: Service) -> None:
    office = service.client("coordinator")
    answer = await office.get("/schedules/quarterly")
    tag = {"If-Match": answer.headers["ETag"]}
    for changes, pointer in (
        ({"month": 4}, "/month"),
        ({"reporters": ["15493", "99999"]}, "/reporters/1"),
        ({"reporters": []}, "/reporters"),
        *(
            ({name: None}, f"/{name}")
            for name in answer.json()
            if name
            in {"name", "month", "day", "due_day", "non_working_day", "cutoff_day", "reporters"}
        ),
    ):
        refused = await office.patch("/schedules/quarterly", json=changes, headers=tag)
        assert refused.status_code == 422, changes
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await office.patch("/schedules/quarterly", json={"day": 14})).status_code == 428
    assert (await office.patch("/schedules/daily", json={"day": 14})).status_code == 404
    await _change(service, "quarterly", applies_from=None)
    refused = await office.patch("/schedules/quarterly", json={"day": 14}, headers=tag)
    assert refused.status_code == 412
    assert ok(await office.get("/schedules/quarterly")) == answer.json() | {"version": 2}


async def test_a_closed_period_accepts_no_drafts_and_submissions(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    saved = await draft(commune, XUAN_HONG)
    closed = ok(await office.post(f"/reporting-periods/{Q2}/close"))
    assert closed["state"] == "closed"
    assert (await office.post(f"/reporting-periods/{Q2}/close")).status_code == 409
    tag = (await commune.get(AT)).headers["ETag"]
    for answer in (
        await commune.put(f"{AT}/draft", json=saved["draft"], headers={"If-Match": tag}),
        await commune.post(f"{AT}/submit", json={}),
        await office.post(f"{AT}/submit", json={"received_at": "2024-06-10T07:00:00+07:00"}),
    ):
        assert answer.status_code == 409
        assert Q2 in answer.json()["detail"]
    assert (await read(commune, XUAN_HONG))["draft"] == saved["draft"]
    opened = ok(await office.post(f"/reporting-periods/{Q2}/open"))
    assert opened["state"] == "open"
    assert (await office.post(f"/reporting-periods/{Q2}/open")).status_code == 409
    assert (await submit(commune, XUAN_HONG))["report_status"] == "submitted"


async def test_a_closed_period_allows_reviews_and_corrections(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)
    ok(await office.post(f"/reporting-periods/{Q2}/close"))
    accepted = await review(office, "accept", XUAN_HONG)
    assert accepted["report_status"] == "accepted"
    await review(office, "reopen", XUAN_HONG, note="Sửa lại.")
    await save(commune, XUAN_HONG, complete_body(accepted))
    assert (await submit(commune, XUAN_HONG))["report_status"] == "submitted"
    tag = (await commune.get(AT)).headers["ETag"]
    answer = await commune.put(
        f"{AT}/draft", json=complete_body(accepted), headers={"If-Match": tag}
    )
    assert answer.status_code == 409
