"""Targets over HTTP: values for the plan and for agencies, and their progress."""

import csv
import io
from typing import Any

import httpx

from tests.conftest import Service
from tests.support.reference_calls import field_errors, list_events, problem_of
from tests.support.report_calls import BAC_LUONG, XUAN_HONG, ok, review, submit_complete

PLAN = "/plans/tho-xuan-2024"
RATE = f"{PLAN}/targets/poverty_rate_reduction"
HOUSEHOLDS = f"{PLAN}/targets/poor_households_reduction"
YEAR = "2024-Y"


async def put(
    client: httpx.AsyncClient, path: str, value: float | None, baseline: float | None = None
) -> httpx.Response:
    """Set a target from the version that is in force."""
    tag = (await client.get(path)).headers["ETag"]
    body = {"value": value, "baseline": baseline}
    return await client.put(path, json=body, headers={"If-Match": tag})


async def get_targets(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    """Get the progress of the targets."""
    answer: dict[str, Any] = ok(await client.get("/aggregates/targets", params=query))
    return answer


def row_of(aggregate: dict[str, Any], code: str, agency: str | None = None) -> dict[str, Any]:
    """The row of a target."""
    rows: list[dict[str, Any]] = aggregate["rows"]
    return next(row for row in rows if (row["code"], row["agency"]) == (code, agency))


async def test_the_plan_ties_its_targets_to_indicators(service: Service) -> None:
    plan = ok(await service.client("xuan-hong").get(PLAN))
    tied = {each["code"]: (each["indicator"], each["measure"]) for each in plan["targets"]}
    assert tied == {
        "poverty_rate_reduction": ("KQ.07", "decrease"),
        "poor_households_reduction": ("KQ.08", "value"),
        "poor_households_without_labour": ("KQ.08.1", "value"),
        "poor_households_with_labour": ("KQ.08.2", "value"),
        "communes_with_loudspeaker_station": ("DA61.01", "share"),
        "communes_with_public_information_point": ("DA61.02", "share"),
    }
    assert plan["targets"][0]["baseline"] is None, "the plan does not state it"


async def test_the_baseline_is_entered_once(service: Service) -> None:
    office = service.client("coordinator")
    target = ok(await put(office, RATE, 0.31, 1.95))
    assert (target["value"], target["baseline"], target["version"]) == (0.31, 1.95, 2)
    assert ok(await office.get(PLAN))["targets"][0]["baseline"] == 1.95
    again = ok(await put(office, RATE, 0.31, 1.95))
    assert again["version"] == 2, "the same value adds nothing"
    (event,) = await list_events(service, "target.changed")
    assert event.subject == "plans/tho-xuan-2024/targets/poverty_rate_reduction"
    assert (event.before, event.after) == ({"baseline": None}, {"baseline": "1.95"})


async def test_a_target_is_changed_from_the_version_that_was_read(service: Service) -> None:
    office = service.client("coordinator")
    body = {"value": 200, "baseline": None}
    answer = await office.put(HOUSEHOLDS, json=body)
    assert problem_of(answer) == (428, "precondition-required")
    ok(await office.put(HOUSEHOLDS, json=body, headers={"If-Match": '"1"'}))
    answer = await office.put(HOUSEHOLDS, json=body | {"value": 210}, headers={"If-Match": '"1"'})
    assert problem_of(answer) == (412, "stale")


async def test_only_the_office_of_the_owner_sets_targets(service: Service) -> None:
    for person, status in (("xuan-hong", 403), ("province", 403)):
        client = service.client(person)
        for path in (HOUSEHOLDS, f"{HOUSEHOLDS}/agencies/{XUAN_HONG}"):
            body = {"value": 1, "baseline": None}
            answer = await client.put(path, json=body, headers={"If-Match": '"1"'})
            assert answer.status_code == status, (person, path)


async def test_a_commune_has_a_share_of_the_target(service: Service) -> None:
    office = service.client("coordinator")
    path = f"{HOUSEHOLDS}/agencies/{XUAN_HONG}"
    assert ok(await office.get(path)) == {
        "agency": XUAN_HONG,
        "agency_name": "Xã Xuân Hồng",
        "value": None,
        "baseline": None,
        "version": 0,
    }
    assert ok(await put(office, path, 6))["version"] == 1
    assert ok(await put(office, path, 7))["version"] == 2
    target = ok(await service.client("xuan-hong").get(HOUSEHOLDS))
    assert [(each["agency"], each["value"]) for each in target["agencies"]] == [(XUAN_HONG, 7)]
    assert ok(await put(office, path, None))["value"] is None


async def test_what_is_no_target_is_refused(service: Service) -> None:
    office = service.client("coordinator")
    assert field_errors(await put(office, HOUSEHOLDS, 180, 5)) == [("/baseline", "not_a_change")]
    assert field_errors(await put(office, HOUSEHOLDS, None)) == [("/value", "missing")]
    for path in (
        f"{PLAN}/targets/khong-co",
        f"{HOUSEHOLDS}/agencies/395",
        f"{HOUSEHOLDS}/agencies/99999",
    ):
        assert (await office.get(path)).status_code == 404, path


async def test_progress_without_reports_is_unknown_and_not_zero(service: Service) -> None:
    aggregate = await get_targets(service.client("coordinator"))
    assert (aggregate["period"], aggregate["agency"]) == (YEAR, "395")
    assert len(aggregate["coverage"]["missing"]) == 34
    assert aggregate["coverage"]["missing_compared"] == ["395-VP"]
    rate = row_of(aggregate, "poverty_rate_reduction")
    assert (rate["target"], rate["value"], rate["share"]) == (0.31, None, None)
    assert (rate["agencies"], rate["expected"]) == (0, 30)
    assert rate["gaps"] == ["baseline", "figures"]
    stations = row_of(aggregate, "communes_with_loudspeaker_station")
    assert (stations["expected"], stations["gaps"]) == (1, ["figures"])


async def test_progress_is_measured_from_the_baseline(service: Service) -> None:
    office = service.client("coordinator")
    ok(await put(office, RATE, 0.31, 2))
    ok(await put(office, f"{RATE}/agencies/{XUAN_HONG}", 0.5, 2.5))
    ok(await put(office, f"{HOUSEHOLDS}/agencies/{XUAN_HONG}", 6))
    poor = {"KQ.01": 1000, "KQ.02": 20, "KQ.31.2": 4, "KQ.06": 16, "KQ.08.1": 3, "KQ.08.2": 1}
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, poor, period=YEAR)
    other = {"KQ.01": 1000, "KQ.02": 10, "KQ.06": 10, "KQ.08.1": 2}
    await submit_complete(service.client("bac-luong"), BAC_LUONG, other, period=YEAR)
    whole = await get_targets(office, basis="submitted")
    rate = row_of(whole, "poverty_rate_reduction")
    assert (rate["figure"], rate["value"], rate["share"]) == (1.3, 0.7, 2.258065)
    assert rate["gaps"] == ["reports"], "the rate of two communes of thirty"
    households = row_of(whole, "poor_households_reduction")
    assert (households["value"], households["share"]) == (6, 0.033333)
    by_agency = await get_targets(office, basis="submitted", by="agency")
    rate = row_of(by_agency, "poverty_rate_reduction", XUAN_HONG)
    assert (rate["value"], rate["share"], rate["gaps"]) == (0.9, 1.8, [])
    households = row_of(by_agency, "poor_households_reduction", XUAN_HONG)
    assert (households["target"], households["value"]) == (6, 4)
    own = await get_targets(office, basis="submitted", agency=XUAN_HONG)
    assert row_of(own, "poor_households_reduction") == households | {
        "agency": None,
        "agency_name": None,
    }


async def test_an_earlier_instant_has_the_target_that_was_in_force(service: Service) -> None:
    office = service.client("coordinator")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, {"KQ.08.1": 3}, period=YEAR)
    await review(office, "accept", XUAN_HONG, YEAR)
    before = await get_targets(office)
    service.clock.set("2024-06-11 08:00")
    ok(await put(office, HOUSEHOLDS, 200))
    after = await get_targets(office)
    assert row_of(after, "poor_households_reduction")["target"] == 200
    assert after["as_of"] > before["as_of"]
    assert await get_targets(office, as_of=before["as_of"]) == before


async def test_an_indicator_that_the_period_lacks_is_named(service: Service) -> None:
    aggregate = await get_targets(service.client("coordinator"), period="2024-Q2")
    assert row_of(aggregate, "poverty_rate_reduction")["gaps"] == ["baseline", "period"]
    assert row_of(aggregate, "communes_with_loudspeaker_station")["gaps"] == ["figures"]


async def test_progress_as_a_table(service: Service) -> None:
    office = service.client("coordinator")
    aggregate = await get_targets(office, by="agency")
    answer = await office.get("/aggregates/targets.csv?by=agency")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(aggregate["rows"]) == 4 * 30 + 2
    assert rows[0]["row_agency"] == aggregate["rows"][0]["agency"]
    assert rows[0]["gaps"] == "target baseline figures"
    tag = answer.headers["ETag"]
    again = await office.get("/aggregates/targets.csv?by=agency", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert (await office.get("/aggregates/targets.xlsx")).status_code == 200
