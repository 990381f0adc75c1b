"""What a report is asked for, with what was reported before."""

from typing import Any

import pytest

from app.db.driver import Driver
from app.vocabulary import ReportStatus
from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    submit_complete,
)

H1, Q3, YEAR = "2024-H1", "2024-Q3", "2024-Y"


async def expected(client: Any, period: str, agency: str = XUAN_HONG) -> dict[str, Any]:
    form: dict[str, Any] = ok(await client.get(f"/reports/{period}/{agency}/expected"))
    return form


def figure(form: dict[str, Any], indicator: str) -> dict[str, Any]:
    return next(each for each in form["figures"] if each["indicator"] == indicator)


async def test_a_report_names_projects_decimals_and_maximum(service: Service) -> None:
    commune = service.client("xuan-hong")
    lines = (await read(commune, XUAN_HONG))["expected"]
    line = next(each for each in lines if each["indicator"] == "DA2.02")
    assert line["project_name"].startswith("Đa dạng hóa sinh kế")
    assert (line["decimals"], line["maximum"]) == (0, None)
    saved = await draft(commune, XUAN_HONG)
    assert saved["expected"] == lines


async def test_the_form_has_the_lines_of_the_report_in_its_order(service: Service) -> None:
    commune = service.client("xuan-hong")
    lines = (await read(commune, XUAN_HONG))["expected"]
    form = await expected(commune, Q2)
    beside = {"previous", "sum_of_quarters", "proposal"}
    assert [
        {name: value for name, value in each.items() if name not in beside}
        for each in form["figures"]
    ] == lines
    projects = [each["project"] for each in form["components"]]
    assert projects == sorted(projects)
    assert {each["project"] for each in lines if each["project"]} <= set(projects)
    part = next(each for each in form["components"] if each["project"] == "DA3.TDA1")
    assert (part["parent"], part["role"]) == ("DA3", "lead")
    assert part["parent_name"]
    assert form["period_names"][Q2] == {
        "vi": "quý II năm 2024",
        "en": "second quarter of 2024",
    }
    assert form["labels"]["origin"]["carried_over"]["vi"] == "vốn chuyển nguồn"
    assert set(form["labels"]["report_status"]) == set(ReportStatus)


async def test_six_months_propose_the_quarters_and_name_the_missing_one(service: Service) -> None:
    commune = service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12})
    flow = figure(await expected(commune, H1), "DA2.02")
    assert flow["sum_of_quarters"] == {
        "value": None,
        "missing": ["2024-Q1"],
        "parts": [
            {"period": "2024-Q1", "value": None, "is_exempt": True},
            {"period": Q2, "value": 12, "is_exempt": False},
        ],
    }
    assert (flow["previous"], flow["proposal"]) == (None, None)
    # A report that is sent in spite of the exemption completes the sum.
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 5}, period="2024-Q1")
    flow = figure(await expected(commune, H1), "DA2.02")
    assert (flow["sum_of_quarters"]["value"], flow["sum_of_quarters"]["missing"]) == (17, [])
    assert flow["proposal"] == {"value": 17, "derived_from": "sum_of_quarters"}


async def test_a_quarter_shows_the_last_one_and_proposes_stocks(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12, "DA2.01.2": 3})
    form = await expected(commune, Q3)
    flow = figure(form, "DA2.02")
    assert flow["previous"] == {
        "period": Q2,
        "value": 12,
        "actual_to": None,
        "agencies": [XUAN_HONG],
        "report_status": "submitted",
    }
    assert (flow["sum_of_quarters"], flow["proposal"]) == (None, None)
    assert figure(form, "DA2.01.2")["proposal"] == {"value": 3, "derived_from": "last_stock"}
    assert Q2 in form["period_names"]
    await review(office, "accept", XUAN_HONG)
    assert figure(await expected(commune, Q3), "DA2.02")["previous"]["report_status"] == "accepted"
    # A draft is not a report, and another agency's report is not this agency's.
    other = service.client("coordinator")
    assert figure(await expected(other, Q3, BAC_LUONG), "DA2.02")["previous"] is None


async def test_the_money_of_the_agencys_projects(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    line = {
        "project": "DA2",
        "agency": XUAN_HONG,
        "source": "central",
        "origin": "current_year",
        "origin_years": [2024],
        "nature": "recurrent",
        "amount_vnd": 350_000_000,
    }
    ok(await office.post("/budgets", json=line), 201)
    spent = [money("DA2", 120_000_000), money("DA2", 5_000_000, source="commune")]
    await submit_complete(commune, XUAN_HONG, None, spent, warnings_note="Vốn xã.")
    form = await expected(commune, YEAR)
    assert (form["asks_estimates"], form["asks_money_estimates"]) == (True, True)
    rows = {(each["project"], each["source"], each["origin"]): each for each in form["money"]}
    assert len(rows) == len(form["money"])
    own = rows["DA2", "central", "current_year"]
    assert (own["allocated_vnd"], own["plan_allocated_vnd"]) == (350_000_000, 3_934_000_000)
    assert (own["disbursed_vnd"], own["disbursed_period"]) == (120_000_000, Q2)
    assert (own["report_status"], own["nature"]) == ("submitted", "recurrent")
    unplanned = rows["DA2", "commune", "current_year"]
    assert (unplanned["plan_allocated_vnd"], unplanned["disbursed_vnd"]) == (None, 5_000_000)
    assert rows["DA2", "central", "carried_over"]["allocated_vnd"] is None
    assert {project for project, _, _ in rows} <= {each["project"] for each in form["components"]}


async def test_a_form_costs_the_same_number_of_statements_for_any_report(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    fetch = Driver.fetch

    async def count(driver: Driver, sql: str, *arguments: Any) -> list[Any]:
        executed.append(sql)
        return await fetch(driver, sql, *arguments)

    monkeypatch.setattr(Driver, "fetch", count)
    commune = service.client("xuan-hong")
    counts = []
    for period in (Q2, YEAR):
        executed.clear()
        await expected(commune, period)
        counts.append(len(executed))
    assert counts == [6, 6]  # with the one that authenticates
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 12}, [money("DA2", 1)])
    executed.clear()
    await expected(commune, YEAR)
    assert len(executed) == 6


async def test_only_its_own_agency_and_its_reviewers_get_a_form(service: Service) -> None:
    assert (await service.client("xuan-hong").get(f"/reports/{Q2}/{BAC_LUONG}/expected")).json()[
        "type"
    ] == "/problems/not-found"
