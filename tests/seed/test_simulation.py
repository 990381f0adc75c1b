"""The simulated country: its units, its reports, and their record."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.db.database import Database
from app.db.roles import DatabaseUrls
from app.server.simulating import SimulationRefusedError, simulate
from app.services.reports.submission import fingerprint
from app.settings import Environment, Settings
from seed.simulation.figures import Form, Money, fill
from seed.simulation.lives import live
from seed.simulation.shape import Shape, ShapeError, district_sizes
from tests.conftest import EMPTY_TEMPLATE, PLAN_IN_FORCE, Service, clone, running_service
from tests.support.accounts import add_people
from tests.support.operations import APPLICATION
from tests.support.report_calls import ok
from tests.support.verification import list_findings

SHAPE = Shape(provinces=2, districts=4, communes=50, years=2)


def run(urls: DatabaseUrls, settings: Settings | None = None, shape: Shape = SHAPE) -> int:
    return simulate(settings or Settings(), urls, shape, lambda *_: None, lambda _: None)


@pytest.fixture(scope="module")
def country() -> Iterator[DatabaseUrls]:
    """A simulated country, which its tests only read."""
    for urls in clone(EMPTY_TEMPLATE):
        assert run(urls) > 0
        yield urls


@pytest.fixture
async def service(country: DatabaseUrls) -> AsyncIterator[Service]:
    APPLICATION.state.settings = Settings(embedded_worker=False)
    async with running_service(APPLICATION, country) as running:
        yield running


async def test_its_record_is_intact(country: DatabaseUrls) -> None:
    database = Database(country.owner, Settings())
    async with database.snapshot() as session:
        assert await list_findings(session) == []
    await database.close()


async def test_a_client_reads_it(service: Service) -> None:
    async with service.as_owner() as session:
        await add_people(session, PLAN_IN_FORCE)
    province = service.client("province")
    plans = ok(await province.get("/plans?limit=200"))["items"]
    assert len(plans) == len(district_sizes(SHAPE)[0]) * SHAPE.years
    assert all(plan["simulated"] and "(mô phỏng)" in plan["title"] for plan in plans)
    district = next(plan for plan in plans if plan["year"] == 2023)
    question = {"plan": district["code"], "period": "2023-Q2", "agency": district["owner"]}
    sums = ok(await province.get("/aggregates/indicators", params=question))
    coverage = sums["coverage"]
    assert 0 < coverage["accepted"] <= coverage["submitted"] <= coverage["expected"]
    assert any(row["value"] for row in sums["rows"])
    money = ok(await province.get("/aggregates/budget-execution", params=question))
    assert money["total"]["allocated_vnd"] == 12_298_140_000
    assert money["total"]["disbursed_vnd"] > 0


def test_only_an_empty_database_is_filled(country: DatabaseUrls) -> None:
    with pytest.raises(SimulationRefusedError, match="has a plan"):
        run(country)


def test_production_is_refused(empty_database_urls: DatabaseUrls) -> None:
    settings = Settings().model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(SimulationRefusedError, match="production"):
        run(empty_database_urls, settings)


def test_a_country_that_does_not_fit_leaves_nothing(empty_database_urls: DatabaseUrls) -> None:
    with pytest.raises(ShapeError):
        run(empty_database_urls, shape=Shape(1, 9, 31, 1))
    assert run(empty_database_urls, shape=Shape(1, 1, 30, 1)) > 0


@given(st.integers(1, 63), st.integers(1, 705), st.integers(1, 10_598))
def test_units_are_spread_completely(provinces: int, districts: int, communes: int) -> None:
    try:
        sizes = district_sizes(Shape(provinces, districts, communes, 1))
    except ShapeError:
        assume(False)
    assert len(sizes) == provinces
    assert sum(map(len, sizes)) == districts
    assert sum(map(sum, sizes)) == communes
    assert sizes[0][0] == 30
    assert all(size > 0 for each in sizes for size in each)


def test_the_country_of_2024_has_a_province_of_559_communes() -> None:
    sizes = district_sizes(Shape(63, 705, 10_598, 3))
    assert (len(sizes[0]), sum(sizes[0])) == (27, 559)


@given(st.integers(0, 10**6))
def test_a_life_follows_the_workflow(seed: int) -> None:
    steps = live(1_700_000_000_000_000, Random(seed))  # noqa: S311 - no secret
    assert all(a.at < b.at and a.after == b.before for a, b in pairwise(steps))
    assert not steps or steps[0].before == "draft"


@given(st.integers(0, 10**6))
def test_a_body_is_canonical_and_consistent(seed: int) -> None:
    expected = [
        ("DA2", code, n, False) for n, code in enumerate(("DA2.01", "DA2.01.1", "DA2.01.2"), 1)
    ]
    form = Form.of(
        [*expected, (None, "KQ.01", 4, False)], [Money("DA2", 7, "central", "current_year")]
    )
    body = fill(form, 6, Random(seed))  # noqa: S311 - no secret
    document = json.loads(body.json)
    assert body.fingerprint == fingerprint(document)
    assert [entry["value"] for entry in document["entries"]] == body.values
    assert body.values[1] + body.values[2] <= body.values[0]
    assert document["disbursements"][0]["amount_vnd"] == body.amounts[0]
