"""Obligations: timeliness, lists, extensions, exemptions, and the matrix."""

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.report_bodies import complete_body
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    submit_complete,
    submit_paper,
)

AT = f"/obligations/{Q2}/{XUAN_HONG}"
EXTENSION = {"due_date": "2024-06-20", "reason": "Mưa lũ.", "document_number": "412/UBND"}
EXEMPTION = {"reason": "Không được giao vốn."}


async def timing_of(client: httpx.AsyncClient, at: str = AT) -> tuple[str, int, int | None]:
    """Timeliness, days late and days left of an obligation."""
    obligation = ok(await client.get(at))
    return obligation["timeliness"], obligation["days_late"], obligation["days_left"]


async def walk(client: httpx.AsyncClient, question: str, limit: int) -> list[dict[str, Any]]:
    """All items of a list, read page by page."""
    items, cursor = [], ""
    while cursor is not None:
        answer = await client.get(f"{question}&limit={limit}{cursor and '&cursor=' + cursor}")
        page = ok(answer)
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
    return items


# Instants, and the timing of a report that is not submitted.
AWAITED = [
    ("2024-06-07 23:59:59.999999", ("upcoming", 0, 8)),
    ("2024-06-08 00:00", ("due_soon", 0, 7)),
    ("2024-06-14 23:59:59.999999", ("due_soon", 0, 1)),
    ("2024-06-15 00:00", ("due_soon", 0, 0)),
    ("2024-06-15 23:59:59.999999", ("due_soon", 0, 0)),
    ("2024-06-16 00:00", ("overdue", 1, None)),
    ("2024-06-16 23:59:59.999999", ("overdue", 1, None)),
    ("2024-06-17 00:00", ("overdue", 2, None)),
    ("2024-07-16 12:00", ("overdue", 31, None)),
]


async def test_an_awaited_report_changes_its_timeliness_at_midnight(service: Service) -> None:
    reader = service.client("xuan-hong")
    for moment, expected in AWAITED:
        service.clock.set(moment)
        assert await timing_of(reader) == expected, moment
        listed = ok(await reader.get(f"/obligations?period={Q2}"))["items"][0]
        assert (listed["timeliness"], listed["days_late"], listed["days_left"]) == expected
        report = await read(reader, XUAN_HONG)
        assert (report["timeliness"], report["days_late"], report["days_left"]) == expected


async def test_a_report_is_on_time_until_the_end_of_the_due_date(service: Service) -> None:
    for agency, moment, expected in (
        (XUAN_HONG, "2024-06-15 23:59:59.999999", ("on_time", 0, None)),
        (BAC_LUONG, "2024-06-16 00:00", ("late", 1, None)),
    ):
        service.clock.set("2024-06-15 20:00")
        reporter = service.client("xuan-hong" if agency == XUAN_HONG else "bac-luong")
        await draft(reporter, agency)
        service.clock.set(moment)
        ok(await reporter.post(f"/reports/{Q2}/{agency}/submit", json={}))
        service.clock.set("2024-12-31 08:00")  # timeliness does not change any more
        assert await timing_of(reporter, f"/obligations/{Q2}/{agency}") == expected


async def test_a_list_by_timeliness_agrees_with_its_items(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    ok(await office.put(f"/obligations/{Q2}/15505/extension", json=EXTENSION))
    ok(await office.put(f"/obligations/{Q2}/15508/exemption", json=EXEMPTION))
    service.clock.set("2024-06-17 08:00")
    await submit_paper(service, BAC_LUONG)
    every_item = await walk(office, "/obligations?year=2024", 200)
    assert len(every_item) == 6 * 35
    assert {item["timeliness"] for item in every_item} == {
        "upcoming",
        "due_soon",
        "overdue",
        "on_time",
        "late",
        "exempt",
    }
    for word, count in Counter(item["timeliness"] for item in every_item).items():
        listed = await walk(office, f"/obligations?timeliness={word}", 50)
        assert len(listed) == count, word
        assert listed == [item for item in every_item if item["timeliness"] == word]


@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_pages_contain_every_row_once_by_due_date(service: Service, limit: int) -> None:
    office = service.client("coordinator")
    ok(await office.put(f"/obligations/{Q2}/15505/extension", json=EXTENSION))
    question = "/obligations?period=2024-Q2" if limit == 1 else "/obligations?year=2024"
    items = await walk(office, question, limit)
    keys = [(item["late_from"], item["agency"]) for item in items]
    assert keys == sorted(keys)
    assert len(items) == len({(item["period"], item["agency"]) for item in items})
    assert len(items) == (35 if limit == 1 else 6 * 35)
    if limit != 1:
        order = list(dict.fromkeys(item["period"] for item in items))
        assert order.index("2024-Y") < order.index("2024-Q4"), "due order is not period order"


async def test_an_extension_moves_the_first_late_instant_of_its_agency(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    extended = ok(await office.put(f"{AT}/extension", json=EXTENSION))
    assert extended["extended"] is True
    assert (extended["due_date"], extended["late_from"]) == (
        "2024-06-20",
        "2024-06-21T00:00:00+07:00",
    )
    for moment, expected in (
        ("2024-06-12 23:59", ("upcoming", 0, 8)),
        ("2024-06-16 00:00", ("due_soon", 0, 4)),
        ("2024-06-21 00:00", ("overdue", 1, None)),
    ):
        service.clock.set(moment)
        assert await timing_of(commune) == expected
    other = ok(await office.get(f"/obligations/{Q2}/{BAC_LUONG}"))
    assert (other["due_date"], other["extended"]) == ("2024-06-15", False)
    again = ok(await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-06-30"}))
    assert again["due_date"] == "2024-06-30"
    service.clock.set("2024-06-30 23:59:59.999999")
    await submit_complete(commune, XUAN_HONG)
    assert await timing_of(commune) == ("on_time", 0, None)


async def list_notifications(office: httpx.AsyncClient) -> Any:
    return ok(await office.get(f"{AT}/notifications"))["items"]


async def list_audit_events(office: httpx.AsyncClient, action: str) -> Any:
    return ok(await office.get("/audit-events", params={"action": action}))["items"]


async def test_an_extension_ends_after_the_due_date_and_within_a_year(service: Service) -> None:
    office = service.client("coordinator")
    for day, code in (
        ("2024-06-14", "not_later"),
        ("2024-06-15", "not_later"),
        ("2025-06-16", "too_late"),
        ("9999-12-31", "too_late"),
    ):
        refused = await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": day})
        assert refused.status_code == 422, day
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/due_date", code)


async def test_an_equal_extension_changes_nothing(service: Service) -> None:
    office = service.client("coordinator")
    first = ok(await office.put(f"{AT}/extension", json=EXTENSION))
    notifications = await list_notifications(office)
    assert ok(await office.put(f"{AT}/extension", json=EXTENSION)) == first
    assert await list_notifications(office) == notifications
    assert len(await list_audit_events(office, "obligation.extended")) == 1


async def test_an_extension_can_be_shortened_before_the_submission(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    ok(await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-07-20"}))
    corrected = ok(await office.put(f"{AT}/extension", json=EXTENSION))
    assert corrected["due_date"] == "2024-06-20"
    service.clock.set("2024-06-19 08:00")
    for day in ("2024-06-16", "2024-06-18"):
        into_the_past = await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": day})
        assert into_the_past.status_code == 422, day
    ok(await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-06-19"}))
    await submit_complete(commune, XUAN_HONG)
    ok(await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-06-25"}))
    shorter = await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-06-24"})
    assert shorter.status_code == 422
    assert await timing_of(commune) == ("on_time", 0, None)


async def test_an_extension_after_the_submission_changes_its_timeliness(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set("2024-06-18 09:00")
    await submit_complete(commune, XUAN_HONG)
    assert await timing_of(commune) == ("late", 3, None)
    ok(await office.put(f"{AT}/extension", json=EXTENSION | {"due_date": "2024-06-17"}))
    assert await timing_of(commune) == ("late", 1, None)
    ok(await office.put(f"{AT}/extension", json=EXTENSION))
    assert await timing_of(commune) == ("on_time", 0, None)


async def test_a_submitted_report_cannot_be_exempted(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set("2024-06-16 09:00")
    await submit_complete(commune, XUAN_HONG)
    assert (await office.put(f"{AT}/exemption", json=EXEMPTION)).status_code == 409
    assert await timing_of(commune) == ("late", 1, None)


async def test_an_exempt_agency_is_not_overdue(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    body = complete_body(await read(commune, XUAN_HONG))
    exempt = ok(await office.put(f"{AT}/exemption", json=EXEMPTION))
    assert exempt["timeliness"] == "exempt"
    assert ok(await office.put(f"{AT}/exemption", json=EXEMPTION)) == exempt
    assert len(await list_audit_events(office, "obligation.exempted")) == 1
    corrected = EXEMPTION | {"reason": "Đã sáp nhập"}
    ok(await office.put(f"{AT}/exemption", json=corrected))
    events = await list_audit_events(office, "obligation.exempted")
    assert sorted(event["after"]["reason"] for event in events) == sorted(
        [EXEMPTION["reason"], corrected["reason"]]
    )
    assert (await office.put(f"{AT}/extension", json=EXTENSION)).status_code == 409
    saved = await commune.put(
        f"/reports/{Q2}/{XUAN_HONG}/draft", json=body, headers={"If-Match": '"0"'}
    )
    assert ok(saved)["exemption"] == exempt["exemption"] | {"reason": "Đã sáp nhập"}
    service.clock.set("2024-06-30 08:00")
    assert await timing_of(commune) == ("exempt", 0, None)
    ended = ok(await office.delete(f"{AT}/exemption"))
    assert (ended["timeliness"], ended["days_late"]) == ("overdue", 15)
    assert (await office.delete(f"{AT}/exemption")).status_code == 409


async def test_the_matrix_counts_each_agency_once_in_each_period(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    ok(await office.put(f"/obligations/{Q2}/{BAC_LUONG}/exemption", json=EXEMPTION))
    matrix = ok(await office.get("/obligations/matrix?year=2024"))
    assert [period["code"] for period in matrix["periods"]] == [
        "2024-Q1",
        "2024-Q2",
        "2024-H1",
        "2024-Q3",
        "2024-Y",
        "2024-Q4",
    ]
    assert len(matrix["rows"]) == 35
    for period in matrix["periods"]:
        assert sum(period["counts"].values()) == 35
        cells = [c for r in matrix["rows"] for c in r["cells"] if c["period"] == period["code"]]
        assert Counter(cell["timeliness"] for cell in cells) == period["counts"]
    second = matrix["periods"][1]
    assert second["counts"] == {"on_time": 1, "exempt": 1, "due_soon": 33}
    listed = {
        (i["agency"], i["period"]): i for i in await walk(office, "/obligations?year=2024", 200)
    }
    for row in matrix["rows"]:
        for cell in row["cells"]:
            item = listed[row["agency"], cell["period"]]
            assert cell == {name: item[name] for name in cell}


async def test_a_reporters_matrix_has_one_row(service: Service) -> None:
    matrix = ok(await service.client("xuan-hong").get("/obligations/matrix?year=2024"))
    assert [row["agency"] for row in matrix["rows"]] == [XUAN_HONG]
    assert all(sum(period["counts"].values()) == 1 for period in matrix["periods"])
    assert len(matrix["rows"][0]["cells"]) == 6


async def test_a_year_without_periods_has_no_matrix(service: Service) -> None:
    office = service.client("coordinator")
    assert (await office.get("/obligations/matrix?year=2031")).status_code == 404
    assert (await office.get("/obligations/matrix")).status_code == 422


async def test_an_agency_that_ended_owes_nothing_and_its_successor_has_a_row_of_its_own(
    service: Service,
) -> None:
    """15499 is a township until 30/6/2025, and another commune's code from 1/7/2025."""
    office = service.client("coordinator")
    ok(await office.post("/reporting-periods/generate", json={"year": 2025}))
    service.clock.set("2025-07-02 08:00")
    old = await office.get("/agencies/15499?on=2025-06-30")
    ended = await office.patch(
        "/agencies/15499?on=2025-06-30",
        json={"valid_to": "2025-06-30"},
        headers={"If-Match": old.headers["ETag"]},
    )
    ok(ended)
    successor = {"code": "15499", "name": "Xã Thọ Xuân", "kind": "commune", "parent": "395"}
    ok(await office.post("/agencies", json=successor | {"valid_from": "2025-07-01"}), 201)
    for code in ("quarterly", "annual"):
        answer = await office.get(f"/schedules/{code}")
        reporters = {"reporters": answer.json()["reporters"]}
        tag = {"If-Match": answer.headers["ETag"]}
        ok(await office.patch(f"/schedules/{code}", json=reporters, headers=tag))
    ok(await office.post("/reporting-periods/generate", json={"year": 2025}))

    matrix = ok(await office.get("/obligations/matrix?year=2025"))
    both = {row["agency_name"]: row for row in matrix["rows"] if row["agency"] == "15499"}
    assert {
        name: (row["kind"], [cell["period"] for cell in row["cells"]]) for name, row in both.items()
    } == {
        "Thị trấn Thọ Xuân": ("township", ["2025-Q1", "2025-Q2", "2025-H1"]),
        "Xã Thọ Xuân": ("commune", ["2025-Q3", "2025-Y", "2025-Q4"]),
    }
    assert {sum(period["counts"].values()) for period in matrix["periods"]} == {35}
    for period, name in (("2025-Q2", "Thị trấn Thọ Xuân"), ("2025-Q3", "Xã Thọ Xuân")):
        obligation = ok(await office.get(f"/obligations/{period}/15499"))
        assert obligation["agency_name"] == name
        listed = ok(await office.get(f"/obligations?period={period}&agency=15499"))["items"]
        assert listed == [obligation]
        coverage = ok(await office.get(f"/aggregates/timeliness?period={period}"))["coverage"]
        assert coverage["expected"] == len(coverage["missing"]) == 35
