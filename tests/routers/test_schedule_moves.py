"""A changed schedule moves its open periods, if the district says so."""

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.deliveries import deliver_all, list_notifications, run_sweep
from tests.support.reference_calls import list_all, list_events
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, ok, submit_complete

SCHEDULE = "/schedules/quarterly"
FLOODED, EXEMPT = "15505", "15508"


async def patch(service: Service, body: dict[str, Any], **query: Any) -> httpx.Response:
    """Change the quarterly schedule as the coordinator."""
    office = service.client("coordinator")
    headers = {"If-Match": (await office.get(SCHEDULE)).headers["ETag"]}
    return await office.patch(SCHEDULE, json=body, params=query, headers=headers)


async def move(service: Service, **values: Any) -> None:
    """Change the quarterly schedule and move its open periods."""
    ok(await patch(service, values | {"move_open_periods": True}))


async def due_dates(service: Service) -> list[str]:
    periods = await list_all(
        service.client("coordinator"), "/reporting-periods", year=2024, frequency="quarter"
    )
    return [period["due_date"] for period in periods]


async def obligation(service: Service, agency: str) -> dict[str, Any]:
    answer = await service.client("coordinator").get(f"/obligations/{Q2}/{agency}")
    found: dict[str, Any] = ok(answer)
    return found


async def extend(service: Service, agency: str, due_date: str) -> None:
    body = {"due_date": due_date, "reason": "Mưa lũ"}
    path = f"/obligations/{Q2}/{agency}/extension"
    ok(await service.client("coordinator").put(path, json=body))


async def exempt(service: Service, agency: str) -> None:
    path = f"/obligations/{Q2}/{agency}/exemption"
    ok(await service.client("coordinator").put(path, json={"reason": "Đã sáp nhập"}))


OLD = ["2024-03-15", "2024-06-15", "2024-09-15", "2024-12-15"]
LATER = ["2024-03-17", "2024-06-17", "2024-09-17", "2024-12-17"]


async def test_a_date_is_moved_or_kept_by_choice(service: Service) -> None:
    kept = ok(await patch(service, {"day": 17}))["kept_periods"]
    assert Q2 in kept
    assert await due_dates(service) == OLD
    # Another change names them again, until they are moved.
    named = await patch(service, {"name": "Báo cáo quý của huyện", "move_open_periods": False})
    assert ok(named)["kept_periods"] == kept
    assert await due_dates(service) == OLD
    await move(service)
    assert await due_dates(service) == LATER
    moved = await obligation(service, XUAN_HONG)
    assert (moved["due_date"], moved["late_from"]) == ("2024-06-17", "2024-06-18T00:00:00+07:00")
    assert moved["extended"] is False
    events = await list_events(service, "reporting_period.moved")
    assert [(event.subject, event.before, event.after) for event in events] == [
        (
            f"reporting-periods/2024-Q{quarter}",
            {"due_date": before},
            {"due_date": after, "obligations": 35},
        )
        for quarter, before, after in zip(range(1, 5), OLD, LATER, strict=True)
    ]
    await move(service)
    assert len(await list_events(service, "reporting_period.moved")) == 4


async def test_closed_periods_stay(service: Service) -> None:
    for quarter in (1, 2):
        ok(await service.client("coordinator").post(f"/reporting-periods/2024-Q{quarter}/close"))
    await move(service, day=17)
    assert await due_dates(service) == OLD[:2] + LATER[2:]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2024-06-12 23:59", ["2024-03-15", "2024-06-12", "2024-09-12", "2024-12-12"]),
        ("2024-06-13 00:00", ["2024-03-15", "2024-06-15", "2024-09-12", "2024-12-12"]),
    ],
)
async def test_a_period_moves_to_an_earlier_date_from_today_on(
    service: Service, now: str, due: list[str]
) -> None:
    service.clock.set(now)
    await move(service, day=12)
    assert await due_dates(service) == due


async def test_a_new_working_day_moves_open_periods(service: Service) -> None:
    await move(service, non_working_day="next_working_day")
    assert (await due_dates(service))[1] == "2024-06-17"
    off = {"change": "off", "note": "Hoán đổi."}
    ok(await service.client("coordinator").put("/working-days/2024-06-17", json=off), 201)
    await move(service)
    assert (await due_dates(service))[1] == "2024-06-18"


async def test_the_preview_names_what_moves_and_writes_nothing(service: Service) -> None:
    await extend(service, BAC_LUONG, "2024-06-30")
    await extend(service, FLOODED, "2024-06-16")
    await exempt(service, EXEMPT)
    service.clock.set("2024-06-16 09:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    answer = ok(await patch(service, {"day": 17}, preview="true"))
    assert (answer["plan"], answer["code"]) == ("tho-xuan-2024", "quarterly")
    assert [(each["period"], each["new_due_date"]) for each in answer["periods"]] == [
        (f"2024-Q{quarter}", due) for quarter, due in enumerate(LATER, start=1)
    ]
    q2 = answer["periods"][1]
    assert (q2["due_date"], q2["late_from"], q2["new_late_from"]) == (
        "2024-06-15",
        "2024-06-16T00:00:00+07:00",
        "2024-06-18T00:00:00+07:00",
    )
    rows = {row["agency"]: row for row in q2["obligations"]}
    assert len(rows) == 34
    assert BAC_LUONG not in rows
    shown = {
        agency: (row["due_date"], row["timeliness"], row["new_timeliness"])
        for agency, row in rows.items()
    }
    assert shown[XUAN_HONG] == ("2024-06-15", "late", "on_time")
    assert shown[FLOODED] == ("2024-06-16", "due_soon", "due_soon")
    assert shown[EXEMPT] == ("2024-06-15", "exempt", "exempt")
    assert shown["15511"] == ("2024-06-15", "overdue", "due_soon")
    assert await due_dates(service) == OLD
    await move(service, day=17)
    for agency, row in rows.items():
        moved = await obligation(service, agency)
        assert (moved["due_date"], moved["timeliness"]) == (
            row["new_due_date"],
            row["new_timeliness"],
        )
    kept = await obligation(service, BAC_LUONG)
    assert (kept["due_date"], kept["extended"]) == ("2024-06-30", True)


async def test_an_exempt_obligation_moves_silently(service: Service) -> None:
    path = f"/obligations/{Q2}/{XUAN_HONG}/exemption"
    await exempt(service, XUAN_HONG)
    await move(service, day=17)
    moved = await list_notifications(service, rule="reporting_period.moved", channel="email")
    assert {row.username for row in moved} >= {"bac-luong"}
    # The commune itself is told of the third and fourth quarter only: the first is exempt too.
    assert len([row for row in moved if row.username == "xuan-hong"]) == 2
    ended = ok(await service.client("coordinator").delete(path))
    assert (ended["due_date"], ended["timeliness"]) == ("2024-06-17", "due_soon")


@pytest.mark.parametrize("query", [{}, {"by": "agency"}], ids=["plain", "by agency"])
async def test_an_aggregate_of_an_earlier_instant_keeps_its_answer(
    service: Service, query: dict[str, str]
) -> None:
    office = service.client("coordinator")
    service.clock.set("2024-06-16 09:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    path, question = "/aggregates/timeliness", {"period": Q2} | query
    before = ok(await office.get(path, params=question))
    assert (before["coverage"]["on_time"], before["coverage"]["late"]) == (0, 1)
    service.clock.advance(hours=1)
    await move(service, day=17)
    after = ok(await office.get(path, params=question))
    assert (after["coverage"]["on_time"], after["coverage"]["late"]) == (1, 0)
    again = ok(await office.get(path, params=question | {"as_of": before["as_of"]}))
    assert (again["coverage"], again["rows"]) == (before["coverage"], before["rows"])


async def test_reminders_follow_the_new_date_and_none_comes_twice(service: Service) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    service.clock.set("2024-06-12 09:00")
    await move(service, day=17)
    # Seven days before the new date is past; the notification of the move names the date.
    assert (await run_sweep(service)).planned == 0
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    told = await list_notifications(service, username="xuan-hong", channel="email")
    of_q2 = [row.rule for row in told if row.occurrence.startswith(("2024-06-15", "2024-06-17"))]
    assert of_q2.count("before-3") == 2  # once for each date
    assert "before-1" not in of_q2


async def test_the_calendar_shows_the_new_date(service: Service) -> None:
    body = {"agency": XUAN_HONG}
    url = ok(await service.client("xuan-hong").post("/calendar-links", json=body), 201)["url"]
    address = url.replace("http://127.0.0.1:8000", "http://test")
    before = (await service.client().get(address)).text
    await move(service, day=17)
    after = (await service.client().get(address)).text
    assert "DTSTART;VALUE=DATE:20240615" in before
    assert "DTSTART;VALUE=DATE:20240615" not in after
    assert "DTSTART;VALUE=DATE:20240617" in after
    # The event of the first quarter, which is exempt, had one already and has two now.
    assert (before.count("SEQUENCE:1"), after.count("SEQUENCE:1")) == (1, 3)
    assert after.count("SEQUENCE:2") == 1


async def test_reporters_are_told_unless_they_have_sent_meanwhile(service: Service) -> None:
    await move(service, day=17)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    outbox = await deliver_all(service)
    rows = await list_notifications(service, username="xuan-hong", rule="reporting_period.moved")
    ended = Counter((row.state, row.why) for row in rows if row.channel == "email")
    assert ended == {("sent", "happened"): 2, ("skipped", "report_submitted"): 1}
    (words,) = [mail.text for mail in outbox.mails if mail.email == "bac-luong@example.vn"]
    assert words.subject == "Đổi hạn gửi sang 17/6/2024: báo cáo quý II năm 2024 và 2 việc khác"
    assert "quý II năm 2024 của UBND xã Bắc Lương đổi sang hết ngày 17/6/2024" in words.plain
