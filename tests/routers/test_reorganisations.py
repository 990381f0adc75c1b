"""Reorganisations of every shape: mergers into a commune that continues, divisions, chains."""

from typing import Any

import pytest

from app.services.reorganisations.reorganisations import apply_due
from tests.conftest import Service
from tests.support.reference_calls import change, field_errors, list_all, problem_of
from tests.support.report_calls import BAC_LUONG, XUAN_HONG, draft, ok, read, submit_complete

Q3 = "2024-Q3"
SUMMER, WINTER = "2024-07-01", "2025-01-01"


def document(changes: list[dict[str, Any]], day: str = SUMMER, number: str = "1/NQ") -> Any:
    """The body that enters changes."""
    issued = {"number": number, "issued_on": "2024-06-01", "issuer": "Cơ quan", "subject": "Thử"}
    return {"effective_on": day, "document": issued, "changes": changes}


def unit(code: str, name: str = "Xã Mới") -> dict[str, str]:
    return {"code": code, "name": name, "kind": "commune", "parent": "395"}


MERGED_INTO_BAC_LUONG = {"from": [XUAN_HONG], "to": [{"code": BAC_LUONG}]}
DIVISION = {"from": [XUAN_HONG], "to": [unit("15481"), unit("15484")], "whole": False}


async def enter(service: Service, *changes: dict[str, Any], **query: Any) -> dict[str, Any]:
    """Enter changes, and cross their day."""
    body = document(list(changes), **query)
    entered: dict[str, Any] = ok(
        await service.client("admin").post("/reorganisations", json=body), 201
    )
    service.clock.set(f"{body['effective_on']} 00:01")
    await apply_due(service.database, service.clock.now())
    return entered


async def test_a_merger_into_a_commune_that_continues_keeps_both_reports(service: Service) -> None:
    own = await submit_complete(service.client("bac-luong"), BAC_LUONG, period=Q3)
    other = await submit_complete(service.client("xuan-hong"), XUAN_HONG, period=Q3)
    await enter(service, MERGED_INTO_BAC_LUONG)
    report = await read(service.client("bac-luong"), BAC_LUONG, Q3)
    assert report["last_revision"] == own["last_revision"]
    [predecessor] = report["predecessor_reports"]
    assert predecessor["agency"] == XUAN_HONG
    assert predecessor["last_revision"] == other["last_revision"]
    agency = ok(await service.client("admin").get(f"/agencies/{BAC_LUONG}"))
    assert (agency["valid_from"], agency["name"]) == (None, "Xã Bắc Lương")


async def test_a_division_is_named_and_its_draft_is_not_offered(service: Service) -> None:
    await draft(service.client("xuan-hong"), XUAN_HONG, period=Q3)
    entered = await enter(service, DIVISION)
    [ended] = entered["effects"]["ended"]
    assert (ended["successors"], ended["whole"]) == (["15481", "15484"], False)
    owed = await list_all(service.client("coordinator"), "/obligations", period=Q3)
    assert {"15481", "15484"} <= {each["agency"] for each in owed}
    assert XUAN_HONG not in {each["agency"] for each in owed}
    body = {"username": "new", "full_name": "An", "email": None, "role": "reporter"}
    password = "mật khẩu của đơn vị mới"
    body |= {"agency": "15481", "password": password}
    ok(await service.client("admin").post("/users", json=body), 201)
    form = {"username": "new", "password": password}
    token = ok(await service.client().post("/auth/token", data=form))["access_token"]
    new = service.client(secret=token)
    assert (await new.get(f"/reports/2024-Q2/{XUAN_HONG}")).status_code == 404
    [predecessor] = (await read(new, "15481", Q3))["predecessor_reports"]
    assert (predecessor["report_status"], predecessor["draft"]) == ("draft", None)


async def test_a_successor_can_be_merged_again(service: Service) -> None:
    await enter(service, {"from": [XUAN_HONG], "to": [unit("15481")]})
    await enter(
        service, {"from": ["15481"], "to": [{"code": BAC_LUONG}]}, day=WINTER, number="2/NQ"
    )
    owed = await list_all(service.client("coordinator"), "/obligations", period="2024-Q4")
    assert "15481" in {each["agency"] for each in owed}
    # What was owed under the first name is sent by the last one.
    report = await submit_complete(service.client("bac-luong"), XUAN_HONG, period="2024-Q2")
    assert report["agency_name"] == "Xã Xuân Hồng"


async def test_a_commune_is_renamed_and_continues(service: Service) -> None:
    change = {
        "from": [XUAN_HONG],
        "to": [{"code": XUAN_HONG, "name": "Phường Hồng", "kind": "ward"}],
    }
    entered = await enter(service, change)
    assert (entered["effects"]["ended"], entered["effects"]["obligations"]) == ([], [])
    agency = ok(await service.client("admin").get(f"/agencies/{XUAN_HONG}"))
    assert (agency["name"], agency["kind"], agency["valid_to"]) == ("Phường Hồng", "ward", None)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, period=Q3)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"from": ["99999"], "to": []}, ("/changes/0/from/0", "unknown_agency")),
        (
            {"from": ["395"], "to": [], "taken_over_by": "38"},
            ("/changes/0/from/0", "governments_remain"),
        ),
        (
            {"from": [XUAN_HONG], "to": [], "taken_over_by": BAC_LUONG},
            ("/changes/0/taken_over_by", "taker_not_above"),
        ),
        ({"from": ["395"], "to": []}, ("/changes/0/from/0", "taker_needed")),
        (DIVISION | {"whole": True}, ("/changes/0/whole", "several_successors")),
        (MERGED_INTO_BAC_LUONG | {"more": 1}, ("/changes/0/more", "extra_forbidden")),
    ],
)
async def test_changes_that_cannot_be_applied_are_refused(
    service: Service, change: dict[str, Any], error: tuple[str, str]
) -> None:
    for query in ("", "?preview=true"):
        answer = await service.client("admin").post(
            f"/reorganisations{query}", json=document([change])
        )
        assert error in field_errors(answer)


async def test_the_list_shows_the_latest_day_first(service: Service) -> None:
    admin = service.client("admin")
    for number, day in ((1, "2030-01-01"), (2, "2031-01-01")):
        change = {"from": [XUAN_HONG], "to": [unit(f"1548{number}")]}
        body = document([change], day=day, number=f"{number}/NQ")
        ok(await admin.post("/reorganisations", json=body), 201)
    listed = await list_all(service.client("xuan-hong"), "/reorganisations")
    assert [(each["effective_on"], each["state"]) for each in listed] == [
        ("2031-01-01", "pending"),
        ("2030-01-01", "pending"),
    ]
    assert problem_of(await admin.get("/reorganisations/9"))[0] == 404


async def test_figures_of_a_divided_commune_stay_under_its_name(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 12})
    await enter(service, DIVISION)
    viewer = service.client("province")
    question = "/aggregates/indicators?period=2024-Q2&basis=submitted&regroup=2024-07-01"
    answer = ok(await viewer.get(f"{question}&agency=395&by=government"))
    assert answer["divided"] == [{"agency": XUAN_HONG, "agency_name": "Xã Xuân Hồng"}]
    values = {
        row["government"]: row["value"] for row in answer["rows"] if row["indicator"] == "DA2.02"
    }
    assert values == {XUAN_HONG: 12}
    part = ok(await viewer.get(f"{question}&agency=15481"))
    assert part["coverage"]["expected"] == 0


async def test_an_entry_that_no_longer_fits_waits(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    admin = service.client("admin")
    change_of_summer = document([{"from": [XUAN_HONG], "to": [unit("15481")]}])
    entered = ok(await admin.post("/reorganisations", json=change_of_summer), 201)
    other = document([{"from": [BAC_LUONG], "to": [unit("15484")]}], day=WINTER, number="2/NQ")
    ok(await admin.post("/reorganisations", json=other), 201)
    ok(await change(admin, f"/agencies/{XUAN_HONG}", {"valid_to": "2024-06-15"}))
    service.clock.set(f"{WINTER} 00:01")
    assert await apply_due(service.database, service.clock.now()) == 0
    assert "unknown_agency" in caplog.text
    waiting = ok(await admin.get(f"/reorganisations/{entered['id']}"))
    assert (waiting["state"], waiting["effects"]) == ("pending", None)
    read_on = {"on": "2024-06-15"}
    ok(await change(admin, f"/agencies/{XUAN_HONG}", {"valid_to": None}, **read_on))
    assert await apply_due(service.database, service.clock.now()) == 2


async def test_a_successor_may_have_an_end_of_its_own(service: Service) -> None:
    admin = service.client("admin")
    ok(await change(admin, f"/agencies/{BAC_LUONG}", {"valid_to": "2026-12-31"}))
    entered = await enter(service, MERGED_INTO_BAC_LUONG)
    applied = ok(await admin.get(f"/reorganisations/{entered['id']}"))
    assert applied["state"] == "applied"
    assert ok(await admin.get(f"/agencies/{BAC_LUONG}"))["predecessors"] == [XUAN_HONG]
