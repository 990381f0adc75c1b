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
    dumped = TargetsOfPlans.model_validate(answer).model_dump(mode="json")
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


async def test_targets_take_as_many_statements_for_two_plans(service: Service) -> None:
    await two_districts(service)
    assert await count_statements(service, "/aggregates/targets", "province") <= 6
