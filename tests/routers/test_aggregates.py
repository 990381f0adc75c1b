"""Aggregates: sums over one revision of each agency, with their coverage."""

from typing import Any

import httpx

from tests.conftest import Service
from tests.support.reference_calls import allow_decimals
from tests.support.report_bodies import money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    review,
    submit_complete,
    submit_paper,
)

LABOUR, AGRICULTURE = "395-LDTBXH", "395-NNPTNT"


async def get_aggregate(client: httpx.AsyncClient, kind: str, **query: str) -> dict[str, Any]:
    """Get an aggregate, by default of the second quarter."""
    answer: dict[str, Any] = ok(
        await client.get(f"/aggregates/{kind}", params={"period": Q2} | query)
    )
    return answer


def figures(aggregate: dict[str, Any]) -> dict[str, Any]:
    """The values other than zero, by indicator."""
    return {row["indicator"]: row["value"] for row in aggregate["rows"] if row["value"]}


def row_of(aggregate: dict[str, Any], code: str) -> dict[str, Any]:
    """The row of an indicator."""
    row: dict[str, Any] = next(r for r in aggregate["rows"] if r["indicator"] == code)
    return row


async def test_figures_are_summed_over_agencies(service: Service) -> None:
    """Two communes and the labour office; communes and leads both fill DA71.01.1."""
    office = service.client("coordinator")
    await allow_decimals(office, "DA2.05")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 12, "DA2.05": 10.1})
    await submit_complete(
        service.client("bac-luong"),
        BAC_LUONG,
        {"DA2.02": 9, "DA2.02.1": 4, "DA2.05": 0.2, "DA71.01.1": 1},
    )
    await submit_complete(service.client("labour-reporter"), LABOUR, {"DA71.01.1": 2, "DA62.02": 5})
    aggregate = await get_aggregate(office, "indicators", basis="submitted")
    assert figures(aggregate) == {
        "DA2.02": 21,
        "DA2.02.1": 4,
        "DA2.05": 10.3,
        "DA71.01.1": 3,
        "DA62.02": 5,
    }
    assert row_of(aggregate, "DA71.01.1")["agencies"] == 3
    assert row_of(aggregate, "DA2.02")["agencies"] == 2
    assert row_of(aggregate, "DA62.01.1") | {"name": ""} == {
        "project": "DA6.TDA2",
        "indicator": "DA62.01.1",
        "name": "",
        "unit": "cuộc",
        "kind": "flow",
        "value": 0,
        "estimate": None,
        "agencies": 1,
        "actual_to_earliest": "2024-06-14",
        "actual_to_latest": "2024-06-14",
        "compared": [],
    }
    without_figure = row_of(aggregate, "DA32.01")
    assert (without_figure["value"], without_figure["agencies"]) == (None, 0)


async def test_an_estimate_replaces_the_value_in_the_estimated_sum(service: Service) -> None:
    """An agency without an estimate counts with its value."""
    commune = service.client("xuan-hong")
    saved = await draft(commune, XUAN_HONG, {"DA2.02": 12})
    body = saved["draft"]
    next(e for e in body["entries"] if e["indicator"] == "DA2.02")["estimate"] = 20
    path = f"/reports/{Q2}/{XUAN_HONG}"
    tag = (await commune.get(path)).headers["ETag"]
    ok(await commune.put(f"{path}/draft", json=body, headers={"If-Match": tag}))
    ok(await commune.post(f"{path}/submit", json={}))
    await submit_complete(service.client("bac-luong"), BAC_LUONG, {"DA2.02": 9})
    aggregate = await get_aggregate(service.client("province"), "indicators", basis="submitted")
    row = row_of(aggregate, "DA2.02")
    assert (row["value"], row["estimate"]) == (21, 29)
    assert row_of(aggregate, "DA2.05")["estimate"] is None


async def test_coverage_names_the_missing_agencies(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await review(office, "accept", XUAN_HONG)
    ok(await office.put(f"/obligations/{Q2}/15505/exemption", json={"reason": "Không có vốn."}))
    service.clock.set("2024-06-16 08:00")
    await submit_paper(service, BAC_LUONG)
    coverage = (await get_aggregate(office, "indicators"))["coverage"]
    missing = coverage.pop("missing")
    names = {item["agency"]: item["agency_name"] for item in coverage.pop("missing_agencies")}
    assert coverage == {
        "expected": 34,
        "submitted": 2,
        "accepted": 1,
        "on_time": 1,
        "late": 1,
        "exempt": 1,
        "missing_compared": ["395-VP"],
    }
    assert missing == sorted(names)
    assert len(missing) == 31
    assert not {XUAN_HONG, BAC_LUONG, "15505"} & set(missing)
    assert (names["15499"], names[LABOUR][:5]) == ("Thị trấn Thọ Xuân", "Phòng")


async def test_the_basis_selects_the_last_accepted_or_the_last_submitted_revision(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 1})
    steps: list[tuple[int | None, int | None]] = []

    async def record_values() -> None:
        values = [
            row_of(await get_aggregate(office, "indicators", basis=basis), "DA2.02")["value"]
            for basis in ("accepted", "submitted")
        ]
        steps.append((values[0], values[1]))

    await record_values()
    await review(office, "return", XUAN_HONG, reason="Sửa.")
    await record_values()
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 2})
    await review(office, "accept", XUAN_HONG)
    await record_values()
    await review(office, "reopen", XUAN_HONG, note="Sửa.")
    await record_values()
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 3})
    await record_values()
    await review(office, "accept", XUAN_HONG)
    await record_values()
    assert steps == [(None, 1), (None, 1), (2, 2), (2, 2), (2, 3), (3, 3)]
    assert await get_aggregate(office, "indicators") | {"as_of": ""} == await get_aggregate(
        office, "indicators", basis="accepted"
    ) | {"as_of": ""}, "the default basis is accepted"


HOUSEHOLDS = {
    # Households: all, poor at the start, left poverty, relapsed, newly poor, poor at the end.
    XUAN_HONG: {"KQ.01": 1000, "KQ.02": 100, "KQ.31.2": 20, "KQ.04": 1, "KQ.34": 2, "KQ.06": 83},
    BAC_LUONG: {"KQ.01": 3000, "KQ.02": 30, "KQ.31.2": 10, "KQ.06": 20},
}


async def test_a_ratio_is_a_ratio_of_sums(service: Service) -> None:
    for person, agency in (("xuan-hong", XUAN_HONG), ("bac-luong", BAC_LUONG)):
        await submit_complete(service.client(person), agency, HOUSEHOLDS[agency], period="2024-Y")
    province = service.client("province")
    aggregate = await get_aggregate(province, "indicators", period="2024-Y", basis="submitted")
    assert row_of(aggregate, "KQ.06")["value"] == 83 + 20
    assert row_of(aggregate, "KQ.31")["value"] == 20 + 10
    rate = row_of(aggregate, "KQ.07")
    assert rate["value"] == 2.58, "103 of 4000 households, not the average of 8.3 and 0.67"
    assert (rate["kind"], rate["unit"], rate["agencies"]) == ("ratio", "%", 2)
    for agency, expected in ((XUAN_HONG, 8.3), (BAC_LUONG, 0.67), (LABOUR, None)):
        alone = await get_aggregate(
            province, "indicators", period="2024-Y", basis="submitted", agency=agency
        )
        assert row_of(alone, "KQ.07")["value"] == expected


async def test_an_aggregate_covers_only_the_requested_subtree(service: Service) -> None:
    office = service.client("coordinator")
    for person, agency, value in (("xuan-hong", XUAN_HONG, 12), ("bac-luong", BAC_LUONG, 9)):
        await submit_complete(
            service.client(person), agency, {"DA2.02": value}, [money("DA2", value)]
        )
    for agency, expected, total in (("395", 35, 21), (XUAN_HONG, 1, 12), (LABOUR, 1, None)):
        aggregate = await get_aggregate(office, "indicators", agency=agency, basis="submitted")
        assert (aggregate["agency"], aggregate["coverage"]["expected"]) == (agency, expected)
        assert row_of(aggregate, "DA2.02")["value"] == total
        execution = await get_aggregate(
            office, "budget-execution", agency=agency, basis="submitted"
        )
        assert execution["total"]["disbursed_vnd"] == (total or 0)
    assert (await get_aggregate(service.client("province"), "indicators"))["agency"] == "395"
    assert (await get_aggregate(service.client("vice-chairman"), "indicators"))["agency"] == "395"
    for unknown in ("99999", "38", "397"):
        answer = await office.get(f"/aggregates/indicators?period={Q2}&agency={unknown}")
        assert answer.status_code == 404, unknown


async def test_budget_totals_match_the_plan_and_rates_are_ratios_of_sums(service: Service) -> None:
    office = service.client("coordinator")
    initial = await get_aggregate(office, "budget-execution")
    assert initial["total"] == {
        "allocated_vnd": 12_298_140_000,
        "disbursed_vnd": 0,
        "execution_rate": 0.0,
    }
    assert sum(row["allocated_vnd"] for row in initial["rows"]) == 12_298_140_000
    assert len(initial["rows"]) == 14
    current = [r["allocated_vnd"] for r in initial["rows"] if r["origin"] == "current_year"]
    assert sum(current) == 9_595_000_000

    await submit_complete(
        service.client("xuan-hong"),
        XUAN_HONG,
        disbursements=[money("DA2", 300_000_000), money("DA2", 26_450_000, "carried_over")],
    )
    await submit_complete(
        service.client("labour-reporter"), LABOUR, disbursements=[money("DA2", 93_400_000)]
    )
    execution = await get_aggregate(office, "budget-execution", basis="submitted")
    rows = {(row["project"], row["origin"]): row for row in execution["rows"]}
    assert {
        key: (row["disbursed_vnd"], row["execution_rate"], row["agencies"])
        for key, row in rows.items()
        if row["disbursed_vnd"]
    } == {
        ("DA2", "current_year"): (393_400_000, 0.1, 2),
        ("DA2", "carried_over"): (26_450_000, 0.209174, 1),
    }
    assert execution["total"]["disbursed_vnd"] == 419_850_000
    assert execution["total"]["execution_rate"] == 0.034139
    assert (await get_aggregate(office, "budget-execution"))["total"]["disbursed_vnd"] == 0


async def test_an_allocation_to_a_commune_is_counted_once(service: Service) -> None:
    """Allocating part of a budget to a commune leaves the district total unchanged."""
    office = service.client("coordinator")
    budget_line = {
        "project": "DA2",
        "agency": XUAN_HONG,
        "source": "central",
        "origin": "current_year",
        "amount_vnd": 500_000_000,
    }
    ok(await office.post("/budgets", json=budget_line), 201)
    await submit_complete(
        service.client("xuan-hong"), XUAN_HONG, disbursements=[money("DA2", 250_000_000)]
    )
    district = await get_aggregate(office, "budget-execution", basis="submitted")
    assert district["total"]["allocated_vnd"] == 12_298_140_000
    commune = await get_aggregate(office, "budget-execution", basis="submitted", agency=XUAN_HONG)
    assert commune["total"] == {
        "allocated_vnd": 500_000_000,
        "disbursed_vnd": 250_000_000,
        "execution_rate": 0.5,
    }
    other = await get_aggregate(office, "budget-execution", agency=BAC_LUONG)
    assert (other["rows"], other["total"]["execution_rate"]) == ([], None)


async def test_spending_without_an_allocation_has_no_execution_rate(service: Service) -> None:
    commune = service.client("xuan-hong")
    credit = [money("DA2", 70_000_000, source="credit")]
    await submit_complete(commune, XUAN_HONG, disbursements=credit, warnings_note="Vốn vay NHCSXH.")
    execution = await get_aggregate(
        service.client("coordinator"), "budget-execution", basis="submitted"
    )
    (row,) = [row for row in execution["rows"] if row["source"] == "credit"]
    assert (row["allocated_vnd"], row["disbursed_vnd"], row["execution_rate"]) == (
        0,
        70_000_000,
        None,
    )


async def test_timeliness_is_counted_and_listed_by_agency(service: Service) -> None:
    office = service.client("coordinator")
    extension = {"due_date": "2024-06-25", "reason": "Mưa lũ."}
    ok(await office.put(f"/obligations/{Q2}/15508/extension", json=extension))
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    service.clock.set("2024-06-17 08:00")
    await submit_complete(service.client("bac-luong"), BAC_LUONG)
    timeliness = await get_aggregate(office, "timeliness")
    assert timeliness["counts"] == {"on_time": 1, "late": 1, "upcoming": 1, "overdue": 32}
    listed = ok(await office.get(f"/obligations?period={Q2}&limit=200"))["items"]
    assert {row["agency"]: (row["timeliness"], row["days_late"]) for row in timeliness["rows"]} == {
        item["agency"]: (item["timeliness"], item["days_late"]) for item in listed
    }
    assert timeliness["as_of"].startswith("2024-06-17T08:00:00")
    service.clock.set("2024-06-26 08:00")
    later = await get_aggregate(office, "timeliness")
    assert later["counts"] == {"on_time": 1, "late": 1, "overdue": 33}, "judged at the current time"


async def test_every_period_of_the_plan_has_aggregates(service: Service) -> None:
    office = service.client("coordinator")
    for period in ("2024-Q1", "2024-H1", "2024-Q3", "2024-Y", "2024-Q4"):
        for kind in ("indicators", "budget-execution", "timeliness"):
            coverage = (await get_aggregate(office, kind, period=period))["coverage"]
            assert coverage["expected"] + coverage["exempt"] == 35
    assert (await office.get("/aggregates/indicators?period=2030-Q1")).status_code == 404
    assert (await office.get("/aggregates/indicators")).status_code == 422
