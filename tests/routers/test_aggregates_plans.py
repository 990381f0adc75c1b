"""Aggregates over the plans of two districts: sums, coverage, breakdowns, governments without."""

import csv
import io
from decimal import Decimal
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from pydantic import BaseModel
from sqlalchemy import text

from app.schemas.plan_sums import ExecutionSums, IndicatorSums, TimelinessOfPlans
from tests.conftest import PLAN_IN_FORCE, Service
from tests.routers.test_aggregates import figures, get_aggregate, row_of
from tests.support.accounts import NEIGHBOURS, add_people
from tests.support.reference_calls import add_neighbour, list_all, problem_of
from tests.support.report_bodies import complete_body, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    ok,
    review,
    submit_complete,
)
from tests.test_query_counts import count_statements

PLANS = ("tho-xuan-2024", "trieu-son-2024")
NEIGHBOUR = "15901"
REPORT_TO_THE_NEIGHBOUR = (
    """
    INSERT INTO obligation (period_id, agency_id, due_date, late_from)
    SELECT p.id, a.id, p.due_date, p.late_from FROM reporting_period p
    JOIN plan ON plan.id = p.plan_id JOIN agency a ON a.code = '15493'
    WHERE plan.code = 'trieu-son-2024' AND p.code = '2024-Q2'
    """,
    """
    INSERT INTO assignment (plan_id, project_id, agency_id, role)
    SELECT plan.id, j.id, a.id, 'lead' FROM plan
    JOIN project j ON j.code = 'DA2' JOIN agency a ON a.code = '15493'
    WHERE plan.code = 'trieu-son-2024'
    """,
)
SCHEMAS: dict[str, type[BaseModel]] = {
    "indicators": IndicatorSums,
    "budget-execution": ExecutionSums,
    "timeliness": TimelinessOfPlans,
}


@pytest.fixture
async def districts(service: Service) -> Service:
    """The service with the plans of two districts, each with figures, a minute later."""
    await add_neighbour(service)
    async with service.database.transaction() as session:
        await add_people(session, PLAN_IN_FORCE, NEIGHBOURS)
        await session.execute(
            text(
                "INSERT INTO agency (code, name, kind, parent_id, path)"
                " SELECT '398', 'Huyện Yên Định', 'district', id, path || '999398/'"
                " FROM agency WHERE code = '38'"
            )
        )
    await submit_complete(
        service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 12}, [money("DA2", 300_000_000)]
    )
    await submit_complete(service.client("labour-reporter"), "395-LDTBXH", {"DA71.01.1": 2})
    await submit_complete(
        service.client("neighbour-reporter"), NEIGHBOUR, {"DA2.02": 5}, [money("DA2", 100_000_000)]
    )
    await review(service.client("neighbour-coordinator"), "accept", NEIGHBOUR)
    service.clock.advance(minutes=1)
    return service


async def of_each_plan(client: httpx.AsyncClient, kind: str, **query: str) -> list[dict[str, Any]]:
    """The aggregate of each plan alone."""
    return [await get_aggregate(client, kind, plan=plan, **query) for plan in PLANS]


def total(rows: list[dict[str, Any]], key: str, value: str) -> dict[str, Decimal]:
    """The sums of a column by another."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[key]] = sums.get(row[key], Decimal(0)) + Decimal(str(row[value] or 0))
    return {name: value for name, value in sums.items() if value}


async def test_the_province_sums_both_districts_in_one_request(districts: Service) -> None:
    province = districts.client("province")
    for basis, expected in (("submitted", {"DA2.02": 17, "DA71.01.1": 2}), ("accepted", {})):
        answer = await get_aggregate(province, "indicators", basis=basis)
        assert answer["plans"] == list(PLANS)
        assert (answer["programme"], answer["agency"]) == ("giam-ngheo-2021-2025", "38")
        assert answer["without_plan"] == ["398"]
        assert expected.items() <= figures(answer).items()
        each = await of_each_plan(province, "indicators", basis=basis, as_of=answer["as_of"])
        sums = total([row for one in each for row in one["rows"]], "indicator", "value")
        assert total(answer["rows"], "indicator", "value") == sums
    assert figures(answer) == {"DA2.02": 5}


async def test_coverage_counts_the_reports_of_all_plans(districts: Service) -> None:
    province = districts.client("province")
    for kind in ("indicators", "budget-execution", "timeliness"):
        coverage = (await get_aggregate(province, kind))["coverage"]
        each = [one["coverage"] for one in await of_each_plan(province, kind)]
        for name in ("expected", "submitted", "accepted", "on_time", "late", "exempt"):
            assert coverage[name] == sum(one[name] for one in each), name
        assert coverage["missing"] == sorted(code for one in each for code in one["missing"])
        # The Office's figures are only compared, its money is summed.
        count = 35 if kind == "indicators" else 36
        assert coverage["missing_count"] == len(coverage["missing"]) == count
        names = [missing["agency"] for missing in coverage["missing_agencies"]]
        assert names == coverage["missing"]


async def test_at_most_200_missing_agencies_are_named(districts: Service) -> None:
    async with districts.database.transaction() as session:
        await session.execute(
            text(
                "WITH added AS (INSERT INTO agency (code, name, kind, parent_id, path)"
                " SELECT 'X' || n, 'Xã ' || n, 'commune', id, path || 9000 + n || '/'"
                " FROM agency, generate_series(1, 250) AS n WHERE code = '397' RETURNING id)"
                " INSERT INTO obligation (period_id, agency_id, due_date, late_from)"
                " SELECT p.id, added.id, p.due_date, p.late_from FROM added, reporting_period p"
                " JOIN plan ON plan.id = p.plan_id"
                " WHERE plan.code = 'trieu-son-2024' AND p.code = '2024-Q2'"
            )
        )
    province = districts.client("province")
    coverage = (await get_aggregate(province, "indicators"))["coverage"]
    assert (coverage["missing_count"], coverage["expected"]) == (285, 289)
    # Of 200 that have not submitted, the Office is missing in no sum.
    assert len(coverage["missing"]) == len(coverage["missing_agencies"]) == 199
    assert coverage["missing_compared"] == ["395-VP"]
    timeliness = await get_aggregate(province, "timeliness")
    assert (len(timeliness["rows"]), sum(timeliness["counts"].values())) == (200, 289)
    rest = await get_aggregate(province, "timeliness", cursor=timeliness["next_cursor"])
    assert (len(rest["rows"]), rest["next_cursor"]) == (89, None)
    first, last = timeliness["rows"][-1]["agency"], rest["rows"][0]["agency"]
    assert first < last


async def test_money_is_summed_by_project_source_origin_and_nature(districts: Service) -> None:
    province = districts.client("province")
    answer = await get_aggregate(province, "budget-execution", basis="submitted")
    each = await of_each_plan(province, "budget-execution", basis="submitted")
    for name in ("allocated_vnd", "disbursed_vnd"):
        assert answer["total"][name] == sum(one["total"][name] for one in each)
        rows = [row for one in each for row in one["rows"]]
        assert total(answer["rows"], "project", name) == total(rows, "project", name)
    columns = ("project", "source", "origin", "nature")
    keys = [tuple(row[name] for name in columns) for row in answer["rows"]]
    assert len(keys) == len(set(keys))
    by_project = await get_aggregate(province, "budget-execution", basis="submitted", by="project")
    (livelihoods,) = [row for row in by_project["rows"] if row["project"] == "DA2"]
    assert (livelihoods["disbursed_vnd"], livelihoods["agencies"]) == (400_000_000, 2)
    assert not livelihoods.keys() & {"source", "origin", "nature"}
    assert by_project["total"] == answer["total"]


@pytest.mark.parametrize("by", ["government", "agency", "kind"])
async def test_a_breakdown_adds_up(districts: Service, by: str) -> None:
    province = districts.client("province")
    column = "agency_kind" if by == "kind" else by
    whole = await get_aggregate(province, "indicators", basis="submitted")
    parts = await get_aggregate(province, "indicators", basis="submitted", by=by)
    assert parts["by"] == by
    assert total(parts["rows"], "indicator", "value") == total(whole["rows"], "indicator", "value")
    groups = {
        "government": {"395": 12, "397": 5},
        "agency": {XUAN_HONG: 12, NEIGHBOUR: 5},
        "kind": {"commune": 17},
    }
    rows = [row for row in parts["rows"] if row["indicator"] == "DA2.02"]
    assert {row[column]: row["value"] for row in rows} == groups[by]
    money_whole = await get_aggregate(province, "budget-execution", basis="submitted")
    money_parts = await get_aggregate(province, "budget-execution", basis="submitted", by=by)
    assert money_parts["total"] == money_whole["total"]
    # What a plan has not given on belongs to its owner.
    holders = {"government": {"395", "397"}, "agency": {"395", "397"}, "kind": {"district"}}
    allocated = {row[column] for row in money_parts["rows"] if row["allocated_vnd"]}
    assert allocated == holders[by]


async def test_timeliness_is_counted_by_government(districts: Service) -> None:
    province = districts.client("province")
    districts.clock.set("2024-06-12 08:00")
    counted = await get_aggregate(province, "timeliness", by="government")
    rows = {row["government"]: row for row in counted["rows"]}
    assert rows["397"] == {
        "government": "397",
        "government_name": "Huyện Triệu Sơn",
        "reports": 4,
        "upcoming": 0,
        "due_soon": 0,
        "overdue": 3,
        "on_time": 1,
        "late": 0,
        "exempt": 0,
    }
    assert (rows["395"]["reports"], rows["395"]["due_soon"]) == (35, 33)
    answer = await province.get(f"/aggregates/timeliness?period={Q2}&by=project")
    assert problem_of(answer) == (422, "validation-failed")


async def test_one_plan_that_fits_is_answered_as_before(districts: Service) -> None:
    province, office = districts.client("province"), districts.client("coordinator")
    for kind in ("indicators", "budget-execution", "timeliness"):
        path = f"/aggregates/{kind}?period={Q2}&agency=395"
        by_agency = await province.get(path)
        assert by_agency.json()["plan"] == "tho-xuan-2024"
        assert "plans" not in by_agency.json()
        assert by_agency.content == (await province.get(f"{path}&plan=tho-xuan-2024")).content
        assert by_agency.content == (await office.get(f"/aggregates/{kind}?period={Q2}")).content


async def test_neither_district_sees_the_other(districts: Service) -> None:
    for person, own, other in (
        ("coordinator", "395", "397"),
        ("neighbour-coordinator", "397", "395"),
    ):
        client = districts.client(person)
        for kind in ("indicators", "budget-execution", "timeliness"):
            path = f"/aggregates/{kind}?period={Q2}"
            assert ok(await client.get(path))["agency"] == own
            for query in (f"agency={other}", "agency=38", f"plan={PLANS[own == '395']}"):
                assert (await client.get(f"{path}&{query}")).status_code == 404, (person, query)


async def test_a_programme_can_be_named(districts: Service) -> None:
    province = districts.client("province")
    path = f"/aggregates/indicators?period={Q2}"
    named = await province.get(f"{path}&programme=giam-ngheo-2021-2025")
    assert named.json()["plans"] == list(PLANS)
    assert (await province.get(f"{path}&programme=khac")).status_code == 404
    async with districts.database.transaction() as session:
        await session.execute(
            text(
                "WITH other AS (INSERT INTO programme (code, name, first_year, last_year)"
                " VALUES ('khac', 'Khác', 2021, 2025) RETURNING id)"
                " UPDATE plan SET programme_id = other.id FROM other WHERE code = :code"
            ),
            {"code": PLANS[1]},
        )
    assert problem_of(await province.get(path)) == (400, "ambiguous-programme")
    assert ok(await province.get(f"{path}&programme=khac"))["plan"] == PLANS[1]


async def test_each_report_of_an_agency_with_two_plans_is_summed_once(districts: Service) -> None:
    """The agency counts once among the agencies, its reports twice in the coverage."""
    async with districts.database.transaction() as session:
        for statement in REPORT_TO_THE_NEIGHBOUR:
            await session.execute(text(statement))
    commune, province = districts.client("xuan-hong"), districts.client("province")
    path, plan = f"/reports/{Q2}/{XUAN_HONG}", {"plan": "trieu-son-2024"}
    report = await commune.get(path, params=plan)
    body = complete_body(report.json(), {"DA2.02": 30}, [money("DA2", 7)])
    headers = {"If-Match": report.headers["ETag"]}
    ok(await commune.put(f"{path}/draft", params=plan, json=body, headers=headers))
    ok(await commune.post(f"{path}/submit", params=plan, json={}))
    districts.clock.advance(minutes=1)
    answer = await get_aggregate(province, "indicators", basis="submitted")
    row = row_of(answer, "DA2.02")
    assert (row["value"], row["agencies"]) == (12 + 5 + 30, 2)
    assert (answer["coverage"]["expected"], answer["coverage"]["submitted"]) == (40, 4)
    money_of = await get_aggregate(province, "budget-execution", basis="submitted", by="agency")
    disbursed = total(money_of["rows"], "agency", "disbursed_vnd")
    assert disbursed == {XUAN_HONG: 300_000_007, NEIGHBOUR: 100_000_000}
    commune_alone = await get_aggregate(province, "indicators", agency=XUAN_HONG)
    assert commune_alone["plans"] == list(PLANS)


async def test_tables_contain_the_rows_and_every_plan(districts: Service) -> None:
    province = districts.client("province")
    for kind, by in (
        ("indicators", None),
        ("indicators", "government"),
        ("budget-execution", "agency"),
        ("timeliness", None),
        ("timeliness", "kind"),
    ):
        query = {"basis": "submitted"} | ({"by": by} if by else {})
        rows = (await get_aggregate(province, kind, **query))["rows"]
        answer = await province.get(f"/aggregates/{kind}.csv", params={"period": Q2} | query)
        table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(table) == len(rows)
        assert table[0]["plans"] == " ".join(PLANS)
        assert table[0]["without_plan"] == "398"
        missing = 35 if kind == "indicators" else 36
        assert table[0]["missing_count"] == str(missing)
        answer = await province.get(f"/aggregates/{kind}.xlsx", params={"period": Q2} | query)
        book = load_workbook(io.BytesIO(answer.content))
        lines = list(book["Số liệu"].iter_rows(min_row=7, values_only=True))
        assert len(lines) == len(rows) + (kind == "budget-execution")
        facts: dict[Any, Any] = dict(book["Tình hình gửi"].iter_rows(min_row=2, values_only=True))  # type: ignore[arg-type]  # pairs
        assert (facts["Các kế hoạch"], facts["Chưa gửi"]) == (" ".join(PLANS), missing)


async def test_the_answers_match_their_schemas(districts: Service) -> None:
    province = districts.client("province")
    for kind, schema in SCHEMAS.items():
        for by in (None, "government", "agency", "kind", "project"):
            if (kind, by) == ("timeliness", "project"):
                continue
            answer = await get_aggregate(province, kind, **({"by": by} if by else {}))
            dumped = schema.model_validate(answer).model_dump(mode="json", exclude_unset=True)
            assert dumped == answer, (kind, by)


async def test_pages_of_timeliness_contain_every_report_once(districts: Service) -> None:
    province = districts.client("province")
    whole = await get_aggregate(province, "timeliness")
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get_aggregate(province, "timeliness", limit="10", **cursor)
        pages += page["rows"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == whole["rows"]
    assert len(pages) == 39
    answer = await province.get(f"/aggregates/timeliness?period={Q2}&cursor=khac")
    assert problem_of(answer) == (422, "validation-failed")
    assert await list_all(province, "/obligations", period=Q2, plan=PLANS[0])


async def test_the_number_of_statements_does_not_grow_with_the_plans(districts: Service) -> None:
    for kind, most in (("indicators", 5), ("budget-execution", 5), ("timeliness", 5)):
        for by in ("", "&by=government", "&by=agency"):
            path = f"/aggregates/{kind}?period={Q2}{by}"
            assert await count_statements(districts, path, "province") <= most


async def test_a_government_with_only_reporters_has_a_plan(districts: Service) -> None:
    """A commune that reports to the district's plan is not without one."""
    answer = await get_aggregate(
        districts.client("province"), "indicators", agency="395", by="government"
    )
    assert answer["without_plan"] == []
    assert BAC_LUONG in answer["coverage"]["missing"]
