"""The catalogue of indicators over HTTP."""

from typing import Any

import pytest

from tests.conftest import Service
from tests.support.reference_calls import (
    add_neighbour,
    capture_statements,
    change,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import XUAN_HONG, draft, ok, submit

EVERY_FREQUENCY = ["quarter", "half_year", "year"]
FILLED = {
    "code": "DA2.06",
    "name": "Số con bò được cấp",
    "project": "DA2",
    "unit": "con",
    "kind": "flow",
    "decimals": 0,
    "frequencies": EVERY_FREQUENCY,
    "filled_by": ["communes", "395-TTDVNN"],
    "formula": None,
    "maximum": 5000,
    "note": None,
}
RATIO = {
    "code": "KQ.11",
    "name": "Tỷ lệ hộ cận nghèo",
    "unit": "%",
    "kind": "ratio",
    "decimals": 2,
    "frequencies": ["year"],
    "formula": "100 * KQ.09.5 / KQ.01",
}


async def test_the_list_has_the_order_of_the_catalogue(service: Service) -> None:
    indicators = await list_all(service.client("xuan-hong"), "/indicators", limit=30)
    assert len(indicators) == 103
    assert [indicator["position"] for indicator in indicators] == list(range(1, 104))
    assert (indicators[0]["code"], indicators[-1]["code"]) == ("KQ.01", "DA72.02.2")
    assert {indicator["official"] for indicator in indicators} == {False}


async def test_a_reported_and_a_derived_indicator(service: Service) -> None:
    client = service.client("xuan-hong")
    answer = await client.get("/indicators/DA2.02")
    assert ok(answer) == {
        "plan": "tho-xuan-2024",
        "code": "DA2.02",
        "name": "Số hộ tham gia mô hình, dự án giảm nghèo",
        "project": "DA2",
        "position": answer.json()["position"],
        "unit": "hộ",
        "kind": "flow",
        "decimals": 0,
        "frequencies": EVERY_FREQUENCY,
        "filled_by": ["communes"],
        "compared_by": [],
        "formula": None,
        "maximum": None,
        "note": answer.json()["note"],
        "own": False,
        "official": False,
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'
    rate = ok(await client.get("/indicators/KQ.07"))
    assert (rate["kind"], rate["formula"]) == ("ratio", "100 * KQ.06 / KQ.01")
    assert (rate["filled_by"], rate["project"]) == ([], None)
    assert ok(await client.get("/indicators/DA61.01"))["maximum"] == 30
    assert problem_of(await client.get("/indicators/KQ.99")) == (404, "not-found")


async def test_the_list_is_filtered(service: Service) -> None:
    client = service.client("xuan-hong")
    indicators = await list_all(client, "/indicators", project="DA6")
    assert {indicator["project"] for indicator in indicators} == {"DA6.TDA1", "DA6.TDA2"}
    indicators = await list_all(client, "/indicators", filled_by="395-TTYT")
    assert [indicator["code"] for indicator in indicators] == [
        "DA32.01",
        "DA32.01.1",
        "DA32.01.2",
        "DA32.02",
        "DA32.04",
        "DA32.05",
    ]
    quarterly = await list_all(client, "/indicators", frequency="quarter", filled_by="communes")
    assert all("quarter" in indicator["frequencies"] for indicator in quarterly)
    assert 0 < len(quarterly) < 103
    assert problem_of(await client.get("/indicators?project=DA9")) == (404, "not-found")
    assert field_errors(await client.get("/indicators?frequency=month")) == [("/frequency", "enum")]


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("coordinator")
    with capture_statements(service) as for_one:
        await client.get("/indicators?limit=1")
    with capture_statements(service) as for_all:
        assert len(ok(await client.get("/indicators?limit=200"))["items"]) == 103
    assert len(for_all) == len(for_one) <= 3


async def test_a_new_indicator_is_expected_in_reports(service: Service) -> None:
    client = service.client("coordinator")
    answer = await client.post("/indicators", json=FILLED)
    indicator = ok(answer, 201)
    assert {name: indicator[name] for name in FILLED} == FILLED
    assert indicator["position"] == 104
    read = await client.get("/indicators/DA2.06")
    assert (read.json(), read.headers["ETag"]) == (indicator, answer.headers["ETag"])
    report = ok(await client.get("/reports/2024-Q2/15493"))
    assert "DA2.06" in [line["indicator"] for line in report["expected"]]
    (event,) = await list_events(service, "indicator.created")
    assert event.subject == "indicators/DA2.06"
    assert (event.after or {})["frequencies"] == EVERY_FREQUENCY


async def test_a_ratio_is_added_with_its_formula(service: Service) -> None:
    client = service.client("coordinator")
    indicator = ok(await client.post("/indicators", json=RATIO), 201)
    assert (indicator["formula"], indicator["filled_by"]) == (RATIO["formula"], [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FILLED | {"filled_by": []}, [("/filled_by", "filled_by_or_formula")]),
        (RATIO | {"filled_by": ["communes"]}, [("/filled_by", "filled_by_or_formula")]),
        (FILLED | {"project": "DA9"}, [("/project", "unknown_project")]),
        (FILLED | {"filled_by": ["nobody"]}, [("/filled_by/0", "unknown_agency")]),
        (
            FILLED | {"project": None, "filled_by": ["communes", "leads"]},
            [("/filled_by/1", "no_project")],
        ),
        (FILLED | {"filled_by": ["leads", "leads"]}, [("/filled_by", "not_unique")]),
        (FILLED | {"frequencies": []}, [("/frequencies", "too_short")]),
        (FILLED | {"frequencies": ["year", "year"]}, [("/frequencies", "not_unique")]),
        (FILLED | {"decimals": 3}, [("/decimals", "less_than_equal")]),
        (FILLED | {"maximum": -1}, [("/maximum", "greater_than_equal")]),
        (FILLED | {"code": "DA2.02.5"}, [("/unit", "other_unit")]),
        (FILLED | {"kind": "ratio"}, [("/kind", "kind_of_ratio")]),
        (RATIO | {"kind": "stock"}, [("/kind", "kind_of_ratio")]),
        (RATIO | {"formula": "KQ.09.5 percent KQ.01"}, [("/formula", "bad_formula")]),
        (RATIO | {"formula": "100 * KQ.99 / KQ.01"}, [("/formula", "unknown_indicator")]),
        (RATIO | {"formula": "100 * KQ.07 / KQ.01"}, [("/formula", "ratio_term")]),
        (RATIO | {"formula": "100 * KQ.11 / KQ.01"}, [("/formula", "circle")]),
        (RATIO | {"frequencies": ["quarter"]}, [("/formula", "term_not_reported")] * 2),
    ],
)
async def test_an_invalid_indicator_is_rejected(
    service: Service, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    client = service.client("coordinator")
    errors = field_errors(await client.post("/indicators", json=body))
    assert [error for error in errors if error in expected] == expected
    assert len(await list_all(client, "/indicators")) == 103


async def test_a_code_is_unique_in_the_plan(service: Service) -> None:
    client = service.client("coordinator")
    answer = await client.post("/indicators", json=FILLED | {"code": "DA2.02", "unit": "hộ"})
    assert problem_of(answer) == (409, "already-exists")


async def test_a_change_is_stored_audited_and_gives_a_new_etag(service: Service) -> None:
    client = service.client("coordinator")
    before = await client.get("/indicators/DA61.01")
    # The definition and the plan's own part of the indicator change: two steps of the version.
    body = {"maximum": 8, "note": None, "frequencies": ["year"]}
    answer = await change(client, "/indicators/DA61.01", body)
    assert ok(answer) == before.json() | body | {"version": 3}
    assert answer.headers["ETag"] == '"3"'
    (event,) = await list_events(service, "indicator.changed")
    assert (event.before or {})["frequencies"] == EVERY_FREQUENCY
    assert (event.after or {})["note"] is None
    answer = await change(client, "/indicators/DA61.01", {"frequencies": ["year"]})
    assert len(await list_events(service, "indicator.changed")) == 1


async def test_an_indicator_becomes_derived_and_moves_to_a_project(service: Service) -> None:
    client = service.client("coordinator")
    body = {"formula": "KQ.08.1 + KQ.08.2", "filled_by": []}
    assert ok(await change(client, "/indicators/KQ.32", body))["filled_by"] == []
    answer = await change(client, "/indicators/DA2.05", {"project": None})
    assert ok(answer)["project"] is None
    event = (await list_events(service, "indicator.changed"))[-1]
    assert (event.before, event.after) == ({"project": "DA2"}, {"project": None})


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        ("KQ.31.1", {"frequencies": ["quarter"]}, ("/frequencies", "term_not_reported")),
        ("KQ.31", {"formula": "KQ.02 - KQ.31"}, ("/formula", "circle")),
        ("KQ.31", {"formula": None}, ("/filled_by", "filled_by_or_formula")),
        ("DA2.02", {"unit": "người"}, ("/unit", "other_unit")),
        ("DA2.02.1", {"unit": "người"}, ("/unit", "other_unit")),
        ("DA2.02", {"project": "DA9"}, ("/project", "unknown_project")),
        ("DA41.01.1", {"project": None}, ("/filled_by/0", "no_project")),
        ("KQ.01", {"name": None}, ("/name", "string_type")),
    ],
)
async def test_a_change_that_breaks_the_catalogue_is_rejected(
    service: Service, code: str, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    client = service.client("coordinator")
    before = ok(await client.get(f"/indicators/{code}"))
    assert expected in field_errors(await change(client, f"/indicators/{code}", body))
    assert ok(await client.get(f"/indicators/{code}")) == before


async def test_the_meaning_of_reported_figures_is_fixed(service: Service) -> None:
    reporter, client = service.client("xuan-hong"), service.client("coordinator")
    await draft(reporter, XUAN_HONG, period="2024-H1")
    await submit(reporter, XUAN_HONG, period="2024-H1", warnings_note="Đã kiểm tra.")
    for code, body in (
        ("KQ.08.1", {"kind": "stock"}),
        ("DA2.04.1", {"project": "DA7.TDA1"}),
        ("DA2.04.1", {"unit": "cái"}),
        ("KQ.08", {"formula": "KQ.08.1 - KQ.08.2"}),
    ):
        answer = await change(client, f"/indicators/{code}", body)
        assert problem_of(answer) == (409, "state-conflict"), code
    assert ok(await change(client, "/indicators/KQ.08.1", {"name": "Hộ nghèo giảm"}))
    assert ok(await change(client, "/indicators/KQ.09.5", {"unit": "hộ gia đình"}))


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client = service.client("coordinator")
    path, body = "/indicators/KQ.01", {"name": "Khác"}
    assert problem_of(await client.patch(path, json=body)) == (428, "precondition-required")
    answer = await client.patch(path, json=body, headers={"If-Match": '"99"'})
    assert problem_of(answer) == (412, "stale")


async def test_only_coordinators_and_admins_of_the_district_change_the_catalogue(
    service: Service,
) -> None:
    await add_neighbour(service)
    for person in ("xuan-hong", "vice-chairman", "province"):
        answer = await service.client(person).post("/indicators", json=RATIO)
        assert problem_of(answer) == (403, "forbidden")
    client = service.client("coordinator")
    for answer in (
        await client.get("/indicators?plan=trieu-son-2024"),
        await client.post("/indicators?plan=trieu-son-2024", json=RATIO),
        await change(client, "/indicators/KQ.01", {"name": "X"}, plan="trieu-son-2024"),
    ):
        assert problem_of(answer) == (404, "not-found")
    admin = service.client("admin")
    assert problem_of(await admin.get("/indicators/KQ.01")) == (400, "ambiguous-plan")
    assert ok(await admin.get("/indicators/KQ.01?plan=trieu-son-2024"))["maximum"] is None
