"""Plans over HTTP: reading, changing, permissions."""

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
from tests.support.report_calls import ok

PLAN = "/plans/tho-xuan-2024"


@pytest.mark.parametrize("person", ["xuan-hong", "coordinator", "province", "district-admin"])
async def test_every_role_of_the_district_reads_the_plan(service: Service, person: str) -> None:
    plan = ok(await service.client(person).get(PLAN))
    assert (plan["code"], plan["year"], plan["district"]) == ("tho-xuan-2024", 2024, "395")
    assert plan["title"].startswith("Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia")
    assert plan["due_soon_days"] == 7
    assert plan["signer"]["name"] == "Nguyễn Xuân Hải"
    assert [part["number"] for part in plan["solutions"]] == [1, 2, 3, 4, 5]
    assert {"general_goal", "purposes", "requirements", "funding"} <= plan.keys()
    assert {"reporting_duty", "recipients"} <= plan.keys()


async def test_the_plan_is_as_printed(service: Service) -> None:
    """What the source does not state is null; its paragraphs are in fields of their own."""
    plan = ok(await service.client("xuan-hong").get(PLAN))
    assert (plan["number"], plan["issued_on"], plan["issuer"]) == (None, None, None)
    assert plan["effective_from"] == "2024-04-01"
    assert plan["preamble"].startswith("Thực hiện Kế hoạch số 85/KH-UBND ngày 01/4/2024 của UBND")
    assert "Nghị quyết của Ban Chấp hành Đảng bộ huyện" in plan["preamble"]
    ending = "(sau đây gọi tắt là Chương trình) năm 2024, với các nội dung chính như sau:"
    assert plan["preamble"].endswith(ending)
    assert plan["targets_text"] == (
        "Giảm tỷ lệ hộ nghèo 0,31% tương ứng với 180 hộ nghèo theo tiêu chuẩn nghèo đa chiều "
        "(Trong đó: hộ không có khả năng lao động 150 hộ, hộ nghèo có khả năng lao động 30 hộ)."
    )
    assert [(part["number"], part["title"]) for part in plan["funding"]] == [
        (None, None),
        (1, None),
        (2, "Nguồn ngân sách địa phương"),
        (3, "Vốn tín dụng, vốn huy động, lồng ghép khác"),
    ]
    assert plan["reporting_duty"].endswith("Sở Lao động - Thương binh và Xã hội.")
    assert "(trước ngày 15 tháng cuối quý)" in plan["reporting_duty"]
    assert plan["closing"] == (
        "Trên đây là Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia giảm nghèo năm "
        "2024 huyện Thọ Xuân, chủ tịch UBND huyện đề nghị các phòng, ban, ngành, đoàn thể cấp "
        "huyện, UBND các xã, thị trấn trên cơ sở Kế hoạch này xây dựng kế hoạch triển khai thực "
        "hiện Chương trình MTQG giảm nghèo bền vững tại đơn vị, địa phương đảm bảo hiệu quả."
    )
    cited = {document["number"]: document["cited_in"] for document in plan["legal_basis"]}
    assert [number for number, section in cited.items() if section is None] == [
        "85/KH-UBND", "1277/QĐ-UBND", "127/KH-UBND", "19/QĐ-UBND",
    ]  # fmt: skip
    assert {section for section in cited.values() if section} == {"III.1.c"}


async def test_the_coordinator_enters_number_and_date(service: Service) -> None:
    values = {"number": "102/KH-UBND", "issued_on": "2024-04-12", "issuer": "UBND huyện Thọ Xuân"}
    client = service.client("coordinator")
    plan = ok(await change(client, PLAN, values | {"effective_from": "2024-04-12"}))
    assert values.items() <= plan.items()
    assert plan["effective_from"] == "2024-04-12"
    (event,) = await list_events(service, "plan.changed")
    assert event.after == values | {"effective_from": "2024-04-12"}
    assert ok(await change(client, PLAN, {"closing": None}))["closing"] is None


async def test_legal_basis_and_targets_are_in_order(service: Service) -> None:
    plan = ok(await service.client("xuan-hong").get(PLAN))
    assert plan["legal_basis"][1] == {
        "number": "1277/QĐ-UBND",
        "issued_on": "2024-04-01",
        "issuer": "UBND tỉnh Thanh Hóa",
        "subject": plan["legal_basis"][1]["subject"],
        "cited_in": None,
    }
    assert plan["legal_basis"][4]["issued_on"] is None
    targets = {target["code"]: target for target in plan["targets"]}
    assert next(iter(targets)) == "poverty_rate_reduction"
    assert targets["poverty_rate_reduction"]["value"] == 0.31
    assert targets["poor_households_reduction"]["value"] == 180
    assert targets["communes_with_loudspeaker_station"]["project"] == "DA6.TDA1"


async def test_the_list_has_the_plans_within_the_horizon(service: Service) -> None:
    await add_neighbour(service)
    district = await list_all(service.client("coordinator"), "/plans")
    assert [plan["code"] for plan in district] == ["tho-xuan-2024"]
    assert len(district[0]["legal_basis"]) == 13
    assert len(district[0]["targets"]) == 6
    province = await list_all(service.client("province"), "/plans", limit=1)
    assert [plan["code"] for plan in province] == ["tho-xuan-2024", "trieu-son-2024"]
    assert await list_all(service.client("province"), "/plans", year=2025) == []


async def test_the_number_of_queries_does_not_grow_with_the_list(service: Service) -> None:
    client = service.client("province")
    with capture_statements(service) as for_one:
        await client.get("/plans")
    await add_neighbour(service)
    with capture_statements(service) as for_two:
        assert len(ok(await client.get("/plans"))["items"]) == 2
    assert len(for_two) == len(for_one)


async def test_a_plan_outside_the_horizon_is_not_found(service: Service) -> None:
    await add_neighbour(service)
    for person in ("xuan-hong", "coordinator"):
        answer = await service.client(person).get("/plans/trieu-son-2024")
        assert problem_of(answer) == (404, "not-found")
    answer = await change(service.client("coordinator"), "/plans/trieu-son-2024", {})
    assert problem_of(answer) == (404, "not-found")


async def test_a_change_is_stored_audited_and_gives_a_new_etag(service: Service) -> None:
    client = service.client("coordinator")
    before = await client.get(PLAN)
    answer = await change(client, PLAN, {"due_soon_days": 3, "title": "  Kế hoạch mới "})
    assert ok(answer)["due_soon_days"] == 3
    assert ok(answer)["title"] == "Kế hoạch mới"
    assert answer.headers["ETag"] != before.headers["ETag"]
    again = await client.get(PLAN)
    assert again.json() == answer.json()
    assert again.headers["ETag"] == answer.headers["ETag"]
    (event,) = await list_events(service, "plan.changed")
    assert event.actor == "coordinator"
    assert event.subject == "plans/tho-xuan-2024"
    assert event.before == {"due_soon_days": 7, "title": before.json()["title"]}
    assert event.after == {"due_soon_days": 3, "title": "Kế hoạch mới"}


async def test_a_patch_without_changes_keeps_the_version(service: Service) -> None:
    client = service.client("coordinator")
    before = (await client.get(PLAN)).headers["ETag"]
    for body in ({}, {"due_soon_days": 7}):
        answer = await change(client, PLAN, body)
        assert answer.headers["ETag"] == before
    assert await list_events(service, "plan.changed") == []


async def test_a_change_requires_the_current_version(service: Service) -> None:
    client = service.client("coordinator")
    answer = await client.patch(PLAN, json={"due_soon_days": 3})
    assert problem_of(answer) == (428, "precondition-required")
    stale = (await client.get(PLAN)).headers["ETag"]
    await change(client, PLAN, {"due_soon_days": 3})
    answer = await client.patch(PLAN, json={"due_soon_days": 4}, headers={"If-Match": stale})
    assert problem_of(answer) == (412, "stale")
    assert ok(await client.get(PLAN))["due_soon_days"] == 3


@pytest.mark.parametrize("person", ["xuan-hong", "vice-chairman", "province"])
async def test_readers_cannot_change_a_plan(service: Service, person: str) -> None:
    answer = await change(service.client(person), PLAN, {"due_soon_days": 3})
    assert problem_of(answer) == (403, "forbidden")
    assert problem_of(await service.client().get(PLAN)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"title": None}, [("/title", "string_type")]),
        ({"title": " "}, [("/title", "string_too_short")]),
        ({"due_soon_days": 61}, [("/due_soon_days", "less_than_equal")]),
        ({"due_soon_days": "3"}, [("/due_soon_days", "int_type")]),
        ({"purposes": []}, [("/purposes", "too_short")]),
        ({"year": 2025}, [("/year", "extra_forbidden")]),
    ],
)
async def test_an_invalid_field_is_rejected(
    service: Service, body: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert field_errors(await change(service.client("coordinator"), PLAN, body)) == expected
