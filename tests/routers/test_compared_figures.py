"""Figures and money that are shown beside the sums, with the difference, and never summed."""

import csv
import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from app.vocabulary import Role
from tests.conftest import PLAN_IN_FORCE, Service
from tests.support.accounts import add_people
from tests.support.reference_calls import change, field_errors, problem_of
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import (
    Q2,
    XUAN_HONG,
    ok,
    read,
    review,
    submit_complete,
)
from tests.support.verification import list_findings

OFFICE, HEALTH, FINANCE = "395-VP", "395-TTYT", "395-TCKH"
OFFICES = {"office": (Role.REPORTER, OFFICE), "finance": (Role.REPORTER, FINANCE)}
QUARTERLY = "/schedules/quarterly"
DA2_VND = 3_934_000_000


@pytest.fixture
async def office(service: Service) -> Service:
    """The service with accounts of the Office and of the Finance and Planning office."""
    async with service.database.transaction() as session:
        await add_people(session, PLAN_IN_FORCE, OFFICES)
    return service


@pytest.fixture
async def finance(office: Service) -> Service:
    """The same; the Finance and Planning office reports the quarters' money."""
    coordinator = office.client("coordinator")
    reporters = ok(await coordinator.get(QUARTERLY))["reporters"]
    values = {"reporters": [*reporters, FINANCE], "money_only": [FINANCE]}
    ok(await change(coordinator, QUARTERLY, values))
    ok(await coordinator.post("/reporting-periods/generate", json={"year": 2024}))
    return office


async def aggregate(service: Service, kind: str, **query: str) -> dict[str, Any]:
    parameters = {"period": Q2, "basis": "submitted", "agency": "395"} | query
    answer: dict[str, Any] = ok(
        await service.client("province").get(f"/aggregates/{kind}", params=parameters)
    )
    return answer


async def rows_of(service: Service, indicator: str, **query: str) -> list[dict[str, Any]]:
    rows = (await aggregate(service, "indicators", **query))["rows"]
    return [row for row in rows if row["indicator"] == indicator]


async def da2_money(service: Service, **query: str) -> list[dict[str, Any]]:
    rows = (await aggregate(service, "budget-execution", **query))["rows"]
    return [
        row
        for row in rows
        if row["project"] == "DA2" and row.get("origin", "current_year") == "current_year"
    ]


async def test_the_office_reports_the_summary_lines_of_its_component(office: Service) -> None:
    client = office.client("office")
    expected = (await read(client, OFFICE))["expected"]
    assert [line["indicator"] for line in expected] == ["DA32.01", "DA32.02"]
    assert all(line["compared"] and line["required"] for line in expected)
    annual = (await read(client, OFFICE, "2024-Y"))["expected"]
    assert [line["indicator"] for line in annual] == ["DA32.01", "DA32.02", "DA32.04", "DA32.05"]
    centre = (await read(office.client("health-centre"), HEALTH))["expected"]
    assert len(centre) == 4
    assert not any(line["compared"] for line in centre)


async def test_compared_figures_are_never_summed(office: Service) -> None:
    await submit_complete(office.client("office"), OFFICE, {"DA32.01": 90, "DA32.02": 7})
    (row,) = await rows_of(office, "DA32.01")
    names = {"agency": OFFICE, "agency_name": "Văn phòng HĐND-UBND"}
    assert (row["value"], row["agencies"]) == (None, 0)
    assert row["compared"] == [names | {"value": 90, "difference": None}]
    await submit_complete(office.client("health-centre"), HEALTH, {"DA32.01": 100, "DA32.02": 7})
    (row,) = await rows_of(office, "DA32.01")
    assert (row["value"], row["agencies"]) == (100, 1)
    assert row["compared"] == [names | {"value": 90, "difference": -10}]
    (same,) = await rows_of(office, "DA32.02")
    assert [each["difference"] for each in same["compared"]] == [0]
    (other,) = await rows_of(office, "DA2.02")
    assert other["compared"] == []


async def test_a_breakdown_compares_with_the_sum_of_the_plan(office: Service) -> None:
    await submit_complete(office.client("health-centre"), HEALTH, {"DA32.01": 100})
    await submit_complete(office.client("office"), OFFICE, {"DA32.01": 90})
    office.clock.advance(minutes=1)
    compared = {
        "plan": "tho-xuan-2024",
        "agency": OFFICE,
        "agency_name": "Văn phòng HĐND-UBND",
        "value": 90,
        "difference": -10,
    }
    for by in ("government", "kind", "project"):
        rows = await rows_of(office, "DA32.01", by=by)
        assert sum(row["value"] or 0 for row in rows) == 100, by
        found = [each for row in rows for each in row["compared"]]
        assert found == [compared], by
        assert sum(row["compared_count"] for row in rows) == 1
    rows = await rows_of(office, "DA32.01", by="agency")
    assert {row["agency"]: row["value"] for row in rows} == {HEALTH: 100, OFFICE: None}


async def test_only_sums_lack_nothing_of_who_is_compared(office: Service) -> None:
    coverage = (await aggregate(office, "indicators"))["coverage"]
    assert coverage["expected"] == 35, "it owes its report"
    assert coverage["missing_compared"] == [OFFICE]
    assert OFFICE not in coverage["missing"]
    assert len(coverage["missing"]) == len(coverage["missing_agencies"]) == 34
    office.clock.advance(minutes=1)
    of_plans = (await aggregate(office, "indicators", by="kind"))["coverage"]
    assert (of_plans["missing_count"], of_plans["missing_compared"]) == (34, [OFFICE])
    targets = (await aggregate(office, "targets", period="2024-Y"))["coverage"]
    assert targets["missing_compared"] == [OFFICE]
    for kind in ("budget-execution", "timeliness"):
        coverage = (await aggregate(office, kind))["coverage"]
        assert (len(coverage["missing"]), coverage["missing_compared"]) == (35, []), kind
    await submit_complete(office.client("office"), OFFICE)
    coverage = (await aggregate(office, "indicators"))["coverage"]
    assert (coverage["submitted"], coverage["missing_compared"]) == (1, [])


async def test_what_was_sent_stays_compared(office: Service) -> None:
    """A change of who is compared counts for later revisions, not for an earlier instant."""
    coordinator = office.client("coordinator")
    await submit_complete(office.client("health-centre"), HEALTH, {"DA32.01": 100})
    await submit_complete(office.client("office"), OFFICE, {"DA32.01": 90})
    office.clock.advance(hours=1)
    before = office.clock.now().isoformat()
    first = await aggregate(office, "indicators", as_of=before)
    office.clock.advance(hours=1)
    values = {"compared_by": [], "filled_by": [HEALTH, OFFICE]}
    assert ok(await change(coordinator, "/indicators/DA32.01", values))["compared_by"] == []
    assert await aggregate(office, "indicators", as_of=before) == first
    (row,) = await rows_of(office, "DA32.01")
    assert (row["value"], len(row["compared"])) == (100, 1)
    await review(coordinator, "return", OFFICE, reason="Gửi lại.")
    await submit_complete(office.client("office"), OFFICE, {"DA32.01": 90})
    (row,) = await rows_of(office, "DA32.01")
    assert (row["value"], row["compared"]) == (190, [])
    assert await aggregate(office, "indicators", as_of=before) == first


async def test_who_is_compared_is_checked(office: Service) -> None:
    coordinator = office.client("coordinator")
    path = "/indicators/DA32.01"
    for values, expected in (
        ({"compared_by": [HEALTH]}, ("/compared_by/0", "also_filled_by")),
        ({"compared_by": [OFFICE, "x"]}, ("/compared_by/1", "unknown_agency")),
    ):
        assert field_errors(await change(coordinator, path, values)) == [expected]
    answer = await change(coordinator, "/indicators/DA32.03", {"compared_by": [OFFICE]})
    assert field_errors(answer) == [("/compared_by", "nothing_to_compare")]
    answer = await office.client("office").patch(path, json={"compared_by": []})
    assert problem_of(answer) == (403, "forbidden")


async def test_finance_is_no_reporter_by_default(office: Service) -> None:
    schedule = ok(await office.client("coordinator").get(QUARTERLY))
    assert FINANCE not in schedule["reporters"]
    assert schedule["money_only"] == []


async def test_a_reporter_of_money_only_gives_no_figures(finance: Service) -> None:
    client = finance.client("finance")
    path = f"/reports/{Q2}/{FINANCE}"
    answer = await client.get(path)
    assert ok(answer)["expected"] == []
    body = complete_body(ok(answer)) | {"entries": [entry("DA7.TDA1", "DA71.01.1", 1)]}
    headers = {"If-Match": answer.headers["ETag"]}
    answer = await client.put(f"{path}/draft", json=body, headers=headers)
    assert field_errors(answer) == [("/entries/0/indicator", "money_only")]


async def test_money_of_such_a_reporter_is_compared(finance: Service) -> None:
    await submit_complete(finance.client("xuan-hong"), XUAN_HONG, None, [money("DA2", 300)])
    spent = [money("DA2", 310), money("DA3.TDA2", 5)]
    await submit_complete(finance.client("finance"), FINANCE, None, spent)
    finance.clock.advance(minutes=1)
    names = {"agency": FINANCE, "agency_name": "Phòng Tài chính - Kế hoạch"}
    amount = names | {"disbursed_vnd": 310, "difference_vnd": 10}
    (row,) = await da2_money(finance)
    assert (row["allocated_vnd"], row["disbursed_vnd"], row["agencies"]) == (DA2_VND, 300, 1)
    assert row["compared"] == [amount]
    answer = await aggregate(finance, "budget-execution")
    assert answer["total"]["disbursed_vnd"] == 300
    assert answer["total_compared"] == [names | {"disbursed_vnd": 315, "difference_vnd": 15}]
    for by in ("government", "kind", "agency", "project"):
        rows = await da2_money(finance, by=by)
        assert sum(row["disbursed_vnd"] for row in rows) == 300, by
        found = [each for row in rows for each in row["compared"]]
        assert found == [amount | {"plan": "tho-xuan-2024"}], by
    own = await aggregate(finance, "budget-execution", agency=XUAN_HONG)
    assert (own["total"]["disbursed_vnd"], own["total_compared"]) == (300, [])


async def test_money_that_no_other_agency_reports_has_a_row(finance: Service) -> None:
    spent = [money("DA2", 9, source="mobilised")]
    await submit_complete(
        finance.client("finance"), FINANCE, None, spent, warnings_note="Vốn huy động."
    )
    finance.clock.advance(minutes=1)
    for query in ({}, {"by": "government"}):
        rows = await da2_money(finance, **query)
        (row,) = [each for each in rows if each["source"] == "mobilised"]
        assert (row["allocated_vnd"], row["disbursed_vnd"], row["agencies"]) == (0, 0, 0)
        assert [each["difference_vnd"] for each in row["compared"]] == [9]


async def test_no_sum_lacks_the_report_of_money_only(finance: Service) -> None:
    for kind in ("indicators", "budget-execution"):
        coverage = (await aggregate(finance, kind))["coverage"]
        assert coverage["expected"] == 36
        assert FINANCE in coverage["missing_compared"]
        assert FINANCE not in coverage["missing"]
    coverage = (await aggregate(finance, "timeliness"))["coverage"]
    assert FINANCE in coverage["missing"], "it owes its report"


async def test_money_stays_compared_when_the_reporter_changes(finance: Service) -> None:
    coordinator = finance.client("coordinator")
    await submit_complete(finance.client("finance"), FINANCE, None, [money("DA2", 310)])
    finance.clock.advance(hours=1)
    before = finance.clock.now().isoformat()
    first = await aggregate(finance, "budget-execution", as_of=before)
    finance.clock.advance(hours=1)
    assert ok(await change(coordinator, QUARTERLY, {"money_only": []}))["money_only"] == []
    assert await aggregate(finance, "budget-execution", as_of=before) == first
    (row,) = await da2_money(finance)
    assert (row["disbursed_vnd"], len(row["compared"])) == (0, 1)


async def test_only_reporters_can_report_only_money(finance: Service) -> None:
    coordinator = finance.client("coordinator")
    answer = await change(coordinator, QUARTERLY, {"money_only": [FINANCE, "395-NHCSXH"]})
    assert field_errors(answer) == [("/money_only/1", "unknown_agency")]
    schedule = ok(await coordinator.get(QUARTERLY))
    fewer = schedule["reporters"][1:]
    changed = ok(await change(coordinator, QUARTERLY, {"reporters": fewer}))
    assert (changed["reporters"], changed["money_only"]) == (fewer, [FINANCE])


async def test_files_name_what_is_compared(finance: Service) -> None:
    await submit_complete(finance.client("xuan-hong"), XUAN_HONG, None, [money("DA2", 300)])
    await submit_complete(finance.client("finance"), FINANCE, None, [money("DA2", 310)])
    path = f"/aggregates/budget-execution.%s?period={Q2}&basis=submitted"
    client = finance.client("coordinator")
    answer = await client.get(path % "csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    row = next(each for each in table if each["disbursed_vnd"] == "300")
    assert row["compared"] == f"{FINANCE}:310:10"
    book = load_workbook(io.BytesIO((await client.get(path % "xlsx")).content))
    cells = {cell.value for row in book.worksheets[0].iter_rows() for cell in row}
    assert "Số liệu đối chiếu, không cộng" in cells
    assert "Phòng Tài chính - Kế hoạch: 310 (chênh lệch 10)" in cells


async def test_a_changed_mark_is_found(finance: Service) -> None:
    await submit_complete(finance.client("office"), OFFICE, {"DA32.01": 90})
    await submit_complete(finance.client("finance"), FINANCE, None, [money("DA2", 310)])
    async with finance.as_owner() as session:
        assert await list_findings(session) == []
        await session.execute(text("UPDATE revision_entry SET compared = false"))
        await session.execute(text("UPDATE revision_disbursement SET compared = false"))
        found = await list_findings(session)
        await session.rollback()
    assert any("DA32.01" in each for each in found)
    assert any("DA2 central current_year" in each for each in found)
