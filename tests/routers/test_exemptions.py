"""Periods that were due before the plan took effect: exempt, until the exemption ends."""

from typing import Any

from sqlalchemy import text

from tests.conftest import Service
from tests.support.deliveries import deliver_all
from tests.support.reference_calls import change, problem_of
from tests.support.report_calls import (
    BAC_LUONG,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    submit_complete,
)
from tests.support.verification import list_findings

Q1 = "2024-Q1"
PERIOD = f"/reporting-periods/{Q1}"
BEFORE_PLAN = {"cause": "due_before_plan", "reason": None, "document_number": None}
DECISION = {"reason": "Không được giao vốn.", "document_number": "413/UBND"}


async def coverage_of_q1(service: Service) -> dict[str, Any]:
    """The numbers of the district's coverage."""
    aggregate = ok(await service.client("coordinator").get(f"/aggregates/timeliness?period={Q1}"))
    return {name: n for name, n in aggregate["coverage"].items() if isinstance(n, int)}


async def test_the_first_quarter_was_due_before_the_plan_and_is_exempt(service: Service) -> None:
    service.clock.set("2024-06-16 08:00")
    office = service.client("coordinator")
    items = ok(await office.get(f"/obligations?period={Q1}&limit=200"))["items"]
    assert len(items) == 35
    assert {(i["timeliness"], i["days_late"], i["can_submit"]) for i in items} == {
        ("exempt", 0, True)
    }
    assert [item["exemption"] for item in items] == [BEFORE_PLAN] * 35
    overdue = ok(await office.get("/obligations?timeliness=overdue&year=2024&limit=200"))["items"]
    assert {item["period"] for item in overdue} == {"2024-Q2"}
    matrix = ok(await office.get("/obligations/matrix?year=2024"))
    assert matrix["periods"][0]["counts"] == {"exempt": 35}
    assert await coverage_of_q1(service) == {
        "expected": 0, "submitted": 0, "accepted": 0, "on_time": 0, "late": 0, "exempt": 35,
    }  # fmt: skip
    refused = await office.post(f"/obligations/{Q1}/{XUAN_HONG}/remind", json={"note": None})
    assert problem_of(refused) == (409, "state-conflict")


async def test_a_report_that_is_sent_nevertheless_counts_like_any_other(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set("2024-04-10 08:00")
    assert (await read(commune, XUAN_HONG, Q1))["exemption"] == BEFORE_PLAN
    sent = await submit_complete(commune, XUAN_HONG, period=Q1)
    assert (sent["timeliness"], sent["days_late"]) == ("late", 26)
    assert ok(await office.get(f"/obligations/{Q1}/{XUAN_HONG}"))["timeliness"] == "late"
    coverage = await coverage_of_q1(service)
    assert (coverage["expected"], coverage["late"], coverage["exempt"]) == (1, 1, 34)
    await review(office, "return", XUAN_HONG, Q1, reason="Sửa.", correction_due="2024-04-20")
    ok(await office.post(f"/obligations/{Q1}/{XUAN_HONG}/remind", json={"note": "Sớm."}))
    await deliver_all(service)
    returned = ok(await office.get(f"/obligations/{Q1}/{XUAN_HONG}"))
    assert (returned["timeliness"], returned["can_submit"]) == ("late", True)


async def test_ending_the_exemption_of_a_period_makes_all_its_reports_due(
    service: Service,
) -> None:
    office = service.client("coordinator")
    service.clock.set("2024-06-16 08:00")
    await submit_complete(service.client("bac-luong"), BAC_LUONG, period=Q1)
    ok(await office.put(f"/obligations/{Q1}/15505/exemption", json=DECISION))
    earlier = ok(await office.get(f"/aggregates/timeliness?period={Q1}"))
    service.clock.set("2024-06-16 09:00")
    ended = ok(await office.delete(f"{PERIOD}/exemption"))
    assert ended == {"plan": "tho-xuan-2024", "period": Q1, "exempt": 1, "changed": 33}
    overdue = ok(await office.get(f"/obligations/{Q1}/{XUAN_HONG}"))
    assert (overdue["timeliness"], overdue["days_late"]) == ("overdue", 93)
    assert overdue["exemption"] is None
    kept = ok(await office.get(f"/obligations/{Q1}/15505"))
    assert kept["exemption"] == DECISION | {"cause": "decision"}
    assert ok(await office.delete(f"{PERIOD}/exemption")) == ended | {"changed": 0}
    # An earlier answer stays.
    then = {"period": Q1, "as_of": earlier["as_of"]}
    again = ok(await office.get("/aggregates/timeliness", params=then))
    assert again["coverage"] == earlier["coverage"]
    async with service.database.snapshot() as session:
        assert await list_findings(session) == []


async def test_a_closed_period_opens_for_those_whose_exemption_ends(service: Service) -> None:
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    ok(await office.post(f"{PERIOD}/close"))
    assert not (await read(commune, XUAN_HONG, Q1))["can_submit"]
    ok(await office.delete(f"{PERIOD}/exemption"))
    await draft(commune, XUAN_HONG, period=Q1)
    assert (await read(commune, XUAN_HONG, Q1))["can_submit"]


async def test_the_end_and_the_return_of_the_exemption_are_notified(service: Service) -> None:
    office = service.client("coordinator")
    ok(await office.delete(f"{PERIOD}/exemption"))
    outbox = await deliver_all(service)
    assert ("xuan-hong", "Không còn được miễn báo cáo quý I năm 2024") in outbox.letters
    assert ok(await office.put(f"{PERIOD}/exemption"))["changed"] == 35
    assert ok(await office.put(f"{PERIOD}/exemption"))["changed"] == 0
    outbox = await deliver_all(service)
    texts = [mail.text.plain for mail in outbox.mails]
    assert "Lý do: kỳ báo cáo đến hạn trước ngày kế hoạch có hiệu lực" in texts[0]


async def test_only_a_period_that_was_due_earlier_is_exempt_as_a_whole(service: Service) -> None:
    office = service.client("coordinator")
    refused = await office.put("/reporting-periods/2024-Q2/exemption")
    assert problem_of(refused) == (409, "state-conflict")
    assert "2024-Q2" in refused.json()["detail"]
    ok(await change(office, "/plans/tho-xuan-2024", {"effective_from": None}))
    ok(await office.delete(f"{PERIOD}/exemption"))
    assert problem_of(await office.put(f"{PERIOD}/exemption")) == (409, "state-conflict")
    for person in ("xuan-hong", "province", "vice-chairman"):
        answer = await service.client(person).delete(f"{PERIOD}/exemption")
        assert problem_of(answer) == (403, "forbidden")


async def test_a_later_change_of_the_day_changes_no_obligation(service: Service) -> None:
    office = service.client("coordinator")
    ok(await change(office, "/plans/tho-xuan-2024", {"effective_from": "2024-07-01"}))
    assert ok(await office.get(f"/obligations/{Q1}/{XUAN_HONG}"))["timeliness"] == "exempt"
    assert ok(await office.get(f"/obligations/2024-Q2/{XUAN_HONG}"))["timeliness"] != "exempt"
    generate = "/reporting-periods/generate"
    ok(await change(office, "/plans/tho-xuan-2024", {"effective_from": "2025-04-01"}))
    ok(await office.post(generate, json={"year": 2025}))
    early = ok(await office.get(f"/obligations/2025-Q1/{XUAN_HONG}"))
    assert (early["timeliness"], early["exemption"]) == ("exempt", BEFORE_PLAN)
    assert ok(await office.get(f"/obligations/2025-Q2/{XUAN_HONG}"))["timeliness"] == "upcoming"
    # Reporters are told that the other five open.
    outbox = await deliver_all(service)
    texts = "".join(mail.text.plain for mail in outbox.mails)
    assert "quý II năm 2025" in texts
    assert "quý I năm 2025" not in texts


async def test_a_reporter_that_is_added_to_an_early_period_is_exempt(service: Service) -> None:
    office = service.client("coordinator")
    reporters = ok(await office.get("/schedules/quarterly"))["reporters"]
    changed = {"reporters": [*reporters, "395-TCKH"]}
    ok(await change(office, "/schedules/quarterly", changed))
    ok(await office.post("/reporting-periods/generate", json={"year": 2024}))
    assert ok(await office.get(f"/obligations/{Q1}/395-TCKH"))["timeliness"] == "exempt"
    assert ok(await office.get("/obligations/2024-Q2/395-TCKH"))["timeliness"] != "exempt"
    statement = "SELECT count(*) FROM obligation WHERE added_at < exempted_at"
    async with service.database.snapshot() as session:
        assert await session.scalar(text(statement)) == 0


async def test_the_calendar_says_why_the_first_quarter_is_exempt(service: Service) -> None:
    commune = service.client("xuan-hong")
    link = ok(await commune.post("/calendar-links", json={"agency": XUAN_HONG}), 201)
    token = link["url"].split("token=")[1]
    calendar = await service.client().get("/calendar.ics", params={"token": token})
    unfolded = calendar.text.replace("\r\n ", "")
    assert "miễn báo cáo: kỳ báo cáo đến hạn trước ngày kế hoạch có hiệu lực." in unfolded
