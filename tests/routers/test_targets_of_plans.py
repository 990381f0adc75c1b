"""The progress of targets over the plans of two districts."""

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.schemas.plan_sums import TargetsOfPlans
from tests.conftest import Service
from tests.routers.test_targets import get_targets, put
from tests.support.reference_calls import add_neighbour
from tests.support.report_calls import XUAN_HONG, submit_complete
from tests.test_query_counts import count_statements

PLANS = ["tho-xuan-2024", "trieu-son-2024"]
COUNT = "poor_households_reduction"
COPY_TARGETS = (
    """
    INSERT INTO target (plan_id, project_id, indicator_id, measure, position, code, name, unit)
    SELECT other.id, t.project_id, t.indicator_id, t.measure, t.position, t.code, t.name, t.unit
    FROM target t JOIN plan other ON other.code = 'trieu-son-2024'
    WHERE t.code IN ('poor_households_reduction', 'poverty_rate_reduction') ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO target_value (target_id, number, value, recorded_at)
    SELECT t.id, 1, 20, '-infinity' FROM target t JOIN plan ON plan.id = t.plan_id
    WHERE plan.code = 'trieu-son-2024' ON CONFLICT DO NOTHING
    """,
)


async def two_districts(service: Service) -> None:
    """Load the second plan, with two of the first one's targets, and send a report."""
    await add_neighbour(service)
    async with service.database.transaction() as session:
        for statement in COPY_TARGETS:
            await session.execute(text(statement))
    figures = {"KQ.01": 1000, "KQ.08.1": 3, "KQ.08.2": 1}
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, figures, period="2024-Y")
    service.clock.advance(minutes=1)


async def test_targets_of_several_plans_are_listed_and_counts_summed(service: Service) -> None:
    await two_districts(service)
    province = service.client("province")
    answer = await get_targets(province, basis="submitted")
    assert (answer["plans"], answer["period"], answer["agency"]) == (PLANS, "2024-Y", "38")
    each: dict[str, list[dict[str, Any]]] = {}
    for plan in PLANS:
        alone = await get_targets(province, basis="submitted", plan=plan, as_of=answer["as_of"])
        each[plan] = [row | {"plan": plan} for row in alone["rows"]]
    assert answer["rows"][1:] == each[PLANS[0]] + each[PLANS[1]]
    total = answer["rows"][0]
    assert (total["plan"], total["code"]) == (None, COUNT)
    ones = [row for rows in each.values() for row in rows if row["code"] == COUNT]
    for name in ("target", "value", "figure", "agencies", "expected"):
        assert total[name] == sum(Decimal(str(row[name] or 0)) for row in ones), name
    assert total["share"] == round(total["value"] / total["target"], 6)
    dumped = TargetsOfPlans.model_validate(answer).model_dump(mode="json", exclude_unset=True)
    assert dumped == answer


async def test_targets_by_agency_name_the_plan(service: Service) -> None:
    await two_districts(service)
    office, province = service.client("coordinator"), service.client("province")
    assert (
        await put(office, f"/plans/{PLANS[0]}/targets/{COUNT}/agencies/{XUAN_HONG}", 6)
    ).is_success
    service.clock.advance(minutes=1)
    answer = await get_targets(province, basis="submitted", by="agency")
    assert answer["by"] == "agency"
    (row,) = [r for r in answer["rows"] if (r["agency"], r["code"]) == (XUAN_HONG, COUNT)]
    assert (row["plan"], row["target"], row["value"]) == (PLANS[0], 6, 4)
    table = await province.get("/aggregates/targets.csv?by=agency&basis=submitted")
    assert len(table.text.splitlines()) == 1 + len(answer["rows"])


async def test_targets_by_government_are_those_of_its_plans(service: Service) -> None:
    await two_districts(service)
    province = service.client("province")
    answer = await get_targets(province, basis="submitted", by="government")
    assert (answer["by"], answer["plans"]) == ("government", PLANS)
    governments = sorted({row["government"] for row in answer["rows"]} - {"38"})
    for government, plan in zip(governments, PLANS, strict=True):
        rows = [row for row in answer["rows"] if row["government"] == government]
        alone = await get_targets(province, basis="submitted", plan=plan, as_of=answer["as_of"])
        whole = {"government": government, "government_name": rows[0]["government_name"]}
        assert rows == [whole | row | {"plan": plan} for row in alone["rows"]]
    dumped = TargetsOfPlans.model_validate(answer).model_dump(mode="json")
    assert dumped == answer
    table = await province.get("/aggregates/targets.csv?by=government&basis=submitted")
    assert len(table.text.splitlines()) == 1 + len(answer["rows"])


async def test_targets_by_government_of_one_plan_are_those_of_its_communes(
    service: Service,
) -> None:
    await two_districts(service)
    office = service.client("coordinator")
    path = f"/plans/{PLANS[0]}/targets/{COUNT}/agencies/{XUAN_HONG}"
    assert (await put(office, path, 6)).is_success
    answer = await get_targets(office, basis="submitted", by="government")
    assert answer["plans"] == PLANS[:1]
    rows = [row for row in answer["rows"] if row["code"] == COUNT]
    (commune,) = [row for row in rows if row["government"] == XUAN_HONG]
    assert (commune["agency"], commune["target"], commune["value"]) == (None, 6, 4)
    of_agencies = await get_targets(office, basis="submitted", by="agency")
    by_agency = [row for row in of_agencies["rows"] if row["code"] == COUNT]
    for name in ("agencies", "expected"):
        assert sum(row[name] for row in rows) == sum(row[name] for row in by_agency), name
    # The district's own departments count under the district, which has no share of its own.
    assert {row["target"] for row in rows if row["government"] == "395"} <= {None}


async def test_counts_of_several_plans_of_a_government_are_summed(service: Service) -> None:
    await two_districts(service)
    async with service.as_owner() as session:
        await session.execute(
            text(
                "UPDATE plan SET owner_id = (SELECT id FROM agency WHERE code = '395')"
                " WHERE code = 'trieu-son-2024'"
            )
        )
        await session.execute(
            text(
                "UPDATE obligation SET agency_id = (SELECT id FROM agency WHERE code = '15493')"
                " FROM reporting_period p JOIN plan ON plan.id = p.plan_id, agency a"
                " WHERE p.id = obligation.period_id AND plan.code = 'trieu-son-2024'"
                " AND a.id = obligation.agency_id AND a.code = '15901'"
            )
        )
    answer = await get_targets(service.client("province"), basis="submitted", by="government")
    shared = [row for row in answer["rows"] if (row["government"], row["code"]) == ("395", COUNT)]
    assert [row["plan"] for row in shared] == [None, *PLANS]
    assert shared[0]["target"] == sum(row["target"] for row in shared[1:])


async def test_targets_take_as_many_statements_for_two_plans(service: Service) -> None:
    await two_districts(service)
    assert await count_statements(service, "/aggregates/targets", "province") <= 6
