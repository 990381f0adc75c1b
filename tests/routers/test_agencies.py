"""Agencies over HTTP: the tree, the validity of codes, successors."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

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
from tests.support.report_calls import Q2, XUAN_HONG, ok, submit_complete

NEW_COMMUNE = {
    "code": "15499",
    "name": "Xã Thọ Xuân",
    "kind": "commune",
    "parent": "38",
    "valid_from": "2025-07-01",
}


async def merge(service: Service) -> None:
    """Merge Thị trấn Thọ Xuân and Xã Xuân Hồng into Xã Thọ Xuân, which reuses the code 15499."""
    client = service.client("admin")
    for code in ("15499", "15493"):
        ok(await change(client, f"/agencies/{code}", {"valid_to": "2025-06-30"}))
    ok(await client.post("/agencies", json=NEW_COMMUNE), 201)
    for code in ("15499", "15493"):
        ok(await change(client, f"/agencies/{code}", {"successors": ["15499"]}))


async def test_the_list_has_the_district_and_the_agencies_above_it(service: Service) -> None:
    for person in ("xuan-hong", "coordinator"):
        agencies = await list_all(service.client(person), "/agencies", limit=7)
        codes = [agency["code"] for agency in agencies]
        assert codes == sorted(codes)
        assert len(codes) == 44
        assert {"38", "395", "395-LDTBXH", "15493"} <= set(codes)
        assert "38-SYT" not in codes
    province = await list_all(service.client("province"), "/agencies")
    assert len(province) == 48


async def test_the_list_is_filtered(service: Service) -> None:
    client = service.client("province")
    townships = await list_all(client, "/agencies", kind="township")
    assert [agency["code"] for agency in townships] == ["15499", "15553", "15556"]
    assert len(await list_all(client, "/agencies", kind="commune")) == 27
    below = await list_all(client, "/agencies", parent="395", limit=200)
    assert len(below) == 42
    assert {agency["parent"] for agency in below} == {"395"}
    assert problem_of(await client.get("/agencies?parent=999")) == (404, "not-found")
    assert field_errors(await client.get("/agencies?kind=village")) == [("/kind", "enum")]
    assert field_errors(await client.get("/agencies?on=2024-6-1")) == [("/on", "date_type")]


async def test_the_list_is_filtered_by_plan(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("province")
    agencies = await list_all(client, "/agencies", plan="trieu-son-2024")
    codes = [agency["code"] for agency in agencies]
    assert codes == ["15901", "15902", "15903", "397", "397-LDTBXH"]
    answer = await service.client("coordinator").get("/agencies?plan=trieu-son-2024")
    assert problem_of(answer) == (404, "not-found")


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("coordinator")
    with capture_statements(service) as for_one:
        await client.get("/agencies?limit=1")
    with capture_statements(service) as for_all:
        assert len(ok(await client.get("/agencies?limit=200"))["items"]) == 44
    assert len(for_all) == len(for_one) <= 2


async def test_one_agency(service: Service) -> None:
    answer = await service.client("xuan-hong").get("/agencies/395-TTYT")
    assert ok(answer) == {
        "code": "395-TTYT",
        "name": "Trung tâm Y tế huyện",
        "kind": "service_unit",
        "official_name": "Trung tâm Y tế huyện",
        "parent": "395",
        "valid_from": None,
        "valid_to": None,
        "identifier": None,
        "successors": [],
        "predecessors": [],
        "version": 1,
    }
    assert answer.headers["ETag"]


async def test_a_government_signs_as_its_people_s_committee(service: Service) -> None:
    client = service.client("coordinator")
    for code, expected in {
        "15493": "UBND xã Xuân Hồng",
        "15499": "UBND thị trấn Thọ Xuân",
        "395": "UBND huyện Thọ Xuân",
        "38": "UBND tỉnh Thanh Hóa",
        "395-TCKH": "Phòng Tài chính - Kế hoạch",
    }.items():
        assert ok(await client.get(f"/agencies/{code}"))["official_name"] == expected


async def test_an_agency_outside_the_horizon_is_not_found(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("coordinator")
    assert ok(await client.get("/agencies/38"))["name"] == "Tỉnh Thanh Hóa"
    for code in ("15901", "397", "38-SYT", "nobody"):
        assert problem_of(await client.get(f"/agencies/{code}")) == (404, "not-found")


async def test_responsibilities_are_listed_in_the_plan_s_order(service: Service) -> None:
    items = await list_all(
        service.client("xuan-hong"), "/agencies/395-LDTBXH/responsibilities", limit=2
    )
    assert [item["position"] for item in items] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert items[6]["title"] == "Các phòng, ban, ngành, cơ quan, đơn vị cấp huyện"
    assert {item["agency"] for item in items} == {"395-LDTBXH"}
    assert {item["plan"] for item in items} == {"tho-xuan-2024"}
    assert "Hội nghị truyền thông" in items[3]["text"]
    path = "/agencies/15499/responsibilities"
    assert await list_all(service.client("xuan-hong"), path)


async def test_responsibilities_require_the_plan_where_there_are_several(service: Service) -> None:
    await add_neighbour(service)
    client = service.client("province")
    path = "/agencies/395-LDTBXH/responsibilities"
    assert problem_of(await client.get(path)) == (400, "ambiguous-plan")
    assert len(await list_all(client, path, plan="tho-xuan-2024")) == 8
    assert await list_all(client, path, plan="trieu-son-2024") == []


async def test_an_agency_is_added_below_the_district(service: Service) -> None:
    client = service.client("coordinator")
    body = {
        "code": "395-TTPVHCC",
        "name": "Trung tâm Phục vụ hành chính công",
        "kind": "service_unit",
        "parent": "395",
        "identifier": "H56.28.99",
    }
    answer = await client.post("/agencies", json=body)
    agency = ok(answer, 201)
    defaults: dict[str, Any] = {"valid_from": None, "valid_to": None, "successors": []}
    given = {"predecessors": [], "version": 1, "official_name": body["name"]}
    assert agency == body | defaults | given
    read = await client.get("/agencies/395-TTPVHCC")
    assert (read.json(), read.headers["ETag"]) == (agency, answer.headers["ETag"])
    below = await list_all(client, "/agencies", parent="395")
    assert "395-TTPVHCC" in [agency["code"] for agency in below]
    (event,) = await list_events(service, "agency.created")
    assert (event.subject, event.after) == ("agencies/395-TTPVHCC", body)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"parent": None}, ("/parent", "missing")),
        ({"parent": "38"}, ("/parent", "unknown_agency")),
        ({"parent": "nobody"}, ("/parent", "unknown_agency")),
        ({"code": "a b"}, ("/code", "string_pattern_mismatch")),
        ({"code": "x" * 36}, ("/code", "string_too_long")),
        ({"kind": "village"}, ("/kind", "enum")),
        ({"identifier": "h56"}, ("/identifier", "string_pattern_mismatch")),
        ({"identifier": "H56..1"}, ("/identifier", "string_pattern_mismatch")),
        (
            {"valid_from": "2024-07-01", "valid_to": "2024-06-30"},
            ("/valid_to", "ends_before_start"),
        ),
        ({"valid_to": "9999-12-31"}, ("/valid_to", "less_than_equal")),
        ({"successors": ["15493"]}, ("/successors", "no_end")),
        (
            {"valid_to": "2024-12-31", "successors": ["15493", "nobody"]},
            ("/successors/1", "unknown_agency"),
        ),
        (
            {"valid_to": "2024-12-31", "successors": ["15493", "15493"]},
            ("/successors", "not_unique"),
        ),
    ],
)
async def test_an_invalid_agency_is_rejected(
    service: Service, more: dict[str, Any], expected: tuple[str, str]
) -> None:
    body = {"code": "395-X", "name": "X", "kind": "department", "parent": "395", **more}
    client = service.client("coordinator")
    assert field_errors(await client.post("/agencies", json=body)) == [expected]
    assert len(await list_all(client, "/agencies")) == 44


async def test_a_code_belongs_to_one_agency_at_a_time(service: Service) -> None:
    client = service.client("admin")
    again = NEW_COMMUNE | {"valid_from": "2025-06-30"}
    assert problem_of(await client.post("/agencies", json=again)) == (409, "already-exists")
    ok(await change(client, "/agencies/15499", {"valid_to": "2025-06-30"}))
    assert problem_of(await client.post("/agencies", json=again)) == (409, "already-exists")
    ok(await client.post("/agencies", json=NEW_COMMUNE), 201)


async def test_an_identifier_is_unique(service: Service) -> None:
    client = service.client("coordinator")
    ok(await change(client, "/agencies/15493", {"identifier": "H56.28.1"}))
    answer = await change(client, "/agencies/15502", {"identifier": "H56.28.1"})
    assert problem_of(answer) == (409, "already-exists")


async def test_a_code_is_read_on_a_day(service: Service) -> None:
    await merge(service)
    client = service.client("province")
    path = "/agencies/15499"
    before = ok(await client.get(path, params={"on": "2025-06-30"}))
    after = ok(await client.get(path, params={"on": "2025-07-01"}))
    assert (before["name"], before["kind"]) == ("Thị trấn Thọ Xuân", "township")
    assert (after["name"], after["kind"]) == ("Xã Thọ Xuân", "commune")
    assert before["successors"] == ["15499"]
    assert (after["successors"], after["parent"]) == ([], "38")
    assert ok(await client.get(path)) == before
    service.clock.set("2025-07-01 00:00")
    assert ok(await client.get(path)) == after


async def test_an_ended_agency_is_found_only_on_earlier_days(
    service: Service,
) -> None:
    await merge(service)
    client = service.client("province")
    later = {agency["code"] for agency in await list_all(client, "/agencies", on="2025-07-01")}
    assert "15493" not in later
    assert "15499" in later
    assert problem_of(await client.get("/agencies/15493?on=2025-07-01")) == (404, "not-found")
    assert ok(await client.get("/agencies/15493"))["successors"] == ["15499"]


async def test_successors_are_read_on_the_day_after_the_end(service: Service) -> None:
    client = service.client("admin")
    body = {"valid_to": "2025-06-30", "successors": ["15499"]}
    ok(await change(client, "/agencies/15493", body))
    refusal = await change(client, "/agencies/15493", {"valid_to": None})
    assert field_errors(refusal) == [("/successors", "no_end")]
    cleared = ok(await change(client, "/agencies/15493", {"valid_to": None, "successors": []}))
    assert (cleared["valid_to"], cleared["successors"]) == (None, [])
    body["successors"] = ["15499", "15502"]
    split = ok(await change(client, "/agencies/15493", body))
    assert split["successors"] == ["15499", "15502"]
    events = await list_events(service, "agency.changed")
    assert events[0].after == {"valid_to": "2025-06-30", "successors": ["15499"]}
    assert events[-1].before == {"valid_to": None, "successors": []}


async def test_a_change_of_successors_gives_a_new_version(service: Service) -> None:
    client = service.client("coordinator")
    body = {"valid_to": "2024-12-31", "successors": ["15499"]}
    first = await change(client, "/agencies/15493", body)
    second = await change(client, "/agencies/15493", {"successors": ["15502"]})
    assert ok(second)["successors"] == ["15502"]
    assert second.headers["ETag"] != first.headers["ETag"]
    third = await change(client, "/agencies/15493", {"successors": ["15502"]})
    assert third.headers["ETag"] == second.headers["ETag"]


async def test_an_agency_moves_with_its_subtree(service: Service) -> None:
    admin, coordinator = service.client("admin"), service.client("coordinator")
    district = {"code": "399", "name": "Huyện Mới", "kind": "district", "parent": "38"}
    ok(await admin.post("/agencies", json=district), 201)
    below = {"code": "15493-T1", "name": "Tổ 1", "kind": "service_unit", "parent": "15493"}
    ok(await coordinator.post("/agencies", json=below), 201)
    moved = await change(admin, "/agencies/15493", {"parent": "399"})
    assert ok(moved)["parent"] == "399"
    for code in ("15493", "15493-T1"):
        assert problem_of(await coordinator.get(f"/agencies/{code}")) == (404, "not-found")
        ok(await admin.get(f"/agencies/{code}"))
    # The accounts of the commune have moved with it: their horizon is the new district.
    reporter = service.client("xuan-hong")
    codes = [agency["code"] for agency in await list_all(reporter, "/agencies")]
    assert codes == ["15493", "15493-T1", "38", "399"]
    event = (await list_events(service, "agency.changed"))[-1]
    assert (event.before, event.after) == ({"parent": "395"}, {"parent": "399"})


async def test_an_agency_cannot_move_into_its_own_subtree(service: Service) -> None:
    admin = service.client("admin")
    for code, parent in (("395", "15493"), ("395", "395"), ("38", "395-VP")):
        answer = await change(admin, f"/agencies/{code}", {"parent": parent})
        assert field_errors(answer) == [("/parent", "own_subtree")]


@pytest.mark.parametrize(
    "letter",
    [*"\n\r\t\x0b\x7f\x85\u2028\ufdd0\ufffe\uffff\U0001ffff\U0010fffe"],
)
async def test_a_name_has_no_control_characters(service: Service, letter: str) -> None:
    body = {"name": f"Xã{letter}A"}
    answer = await change(service.client("coordinator"), "/agencies/15493", body)
    assert field_errors(answer) == [("/name", "not_one_line")]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("15493", "district"),
        ("15493", "province"),
        ("395-LDTBXH", "district"),
        ("395", "department"),
        ("395", "province"),
        ("38", "district"),
    ],
)
async def test_the_kind_cannot_change_from_or_to_district_or_province(
    service: Service, code: str, kind: str
) -> None:
    answer = await change(service.client("admin"), f"/agencies/{code}", {"kind": kind})
    assert field_errors(answer) == [("/kind", "kind_stays")]
    ok(await change(service.client("admin"), "/agencies/15493", {"kind": "township"}))


async def test_a_government_lies_only_in_one_of_a_higher_tier(service: Service) -> None:
    admin = service.client("admin")
    district = {"code": "399", "name": "Huyện Mới", "kind": "district", "parent": "38"}
    for kind in ("district", "province"):
        for parent in ("395", "15493"):
            body = district | {"kind": kind, "parent": parent}
            assert field_errors(await admin.post("/agencies", json=body)) == [
                ("/parent", "wrong_tier")
            ]
    ok(await admin.post("/agencies", json=district), 201)
    answer = await change(admin, "/agencies/399", {"parent": "395"})
    assert field_errors(answer) == [("/parent", "wrong_tier")]


async def test_the_nearest_of_two_districts_is_the_horizon(service: Service) -> None:
    """The API prevents nested districts; a plan's files could contain them."""
    async with service.database.transaction() as session:
        await session.execute(text("UPDATE agency SET kind = 'district' WHERE code = '15493'"))
    ok(await service.client("xuan-hong").get("/me"))
    codes = [each["code"] for each in await list_all(service.client("xuan-hong"), "/agencies")]
    assert codes == ["15493", "38", "395"]


async def test_a_coordinator_changes_only_agencies_of_the_district(service: Service) -> None:
    await add_neighbour(service)
    for person in ("coordinator", "district-admin"):
        client = service.client(person)
        ok(await change(client, "/agencies/15502", {"name": f"Xã của {person}"}))
        for code in ("38", "397", "15901", "38-SYT"):
            answer = await change(client, f"/agencies/{code}", {"name": "X"})
            assert problem_of(answer) == (404, "not-found")
        answer = await change(client, "/agencies/15502", {"parent": "38"})
        assert field_errors(answer) == [("/parent", "unknown_agency")]
    for person in ("xuan-hong", "vice-chairman", "province"):
        answer = await change(service.client(person), "/agencies/15493", {"name": "X"})
        assert problem_of(answer) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"valid_to": "2024-05-31"},
        {"valid_to": "2024-05-31", "successors": ["15502"]},
        {"valid_from": "2024-06-01"},
        {"kind": "township"},
    ],
)
async def test_only_the_area_ends_or_moves_an_agency(
    service: Service, body: dict[str, Any]
) -> None:
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15493')"
        await session.execute(text(f"{move} WHERE username = 'district-admin'"))
    admin = service.client("district-admin")
    answer = await change(admin, "/agencies/15493", body)
    assert field_errors(answer) == [(f"/{name}", "area_decides") for name in sorted(body)]
    ok(await change(admin, "/agencies/15493", {"name": "Xã Xuân Hồng mới", "kind": "commune"}))
    ok(await change(service.client("coordinator"), "/agencies/15493", body))


async def test_an_agency_exists_on_the_days_of_its_reports(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)
    last = ok(await office.get(f"/reporting-periods/{Q2}"))["data_to"]
    before = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
    after = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    for body, name in (({"valid_to": before}, "valid_to"), ({"valid_from": after}, "valid_from")):
        answer = await change(office, "/agencies/15493", body)
        assert field_errors(answer) == [(f"/{name}", "reports_remain")]
    ok(await change(office, "/agencies/15493", {"valid_from": last, "valid_to": last}))
    ok(await commune.get(f"/reports/{Q2}/{XUAN_HONG}"))


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client = service.client("coordinator")
    path, body = "/agencies/15493", {"name": "Khác"}
    assert problem_of(await client.patch(path, json=body)) == (428, "precondition-required")
    answer = await client.patch(path, json=body, headers={"If-Match": '"7"'})
    assert problem_of(answer) == (412, "stale")
    assert field_errors(await change(client, path, {"name": None})) == [("/name", "string_type")]
    assert field_errors(await change(client, path, {"code": "1"})) == [("/code", "extra_forbidden")]
