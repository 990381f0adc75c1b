"""Drafts: changed by figure, and checked without saving."""

from typing import Any

import httpx

from tests.conftest import Service
from tests.support.reference_calls import field_errors, list_events, problem_of
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    submit,
    submit_complete,
)

REPORT = f"/reports/{Q2}/{XUAN_HONG}"
ANY = {"If-Match": "*"}


async def patch(
    client: httpx.AsyncClient, body: dict[str, Any], agency: str = XUAN_HONG, tag: str = "*"
) -> httpx.Response:
    address = f"/reports/{Q2}/{agency}/draft"
    return await client.patch(address, json=body, headers={"If-Match": tag})


def figure(indicator: str, **fields: Any) -> dict[str, Any]:
    return {"entries": [{"project": "DA2", "indicator": indicator, **fields}]}


async def test_a_form_saves_figure_by_figure(service: Service) -> None:
    commune = service.client("xuan-hong")
    begun = ok(await patch(commune, figure("DA2.02", value=12)))
    assert (begun["report_status"], begun["version"]) == ("draft", 1)
    assert begun["draft"]["entries"] == [entry("DA2", "DA2.02", 12)]
    typed = ok(await patch(commune, figure("DA2.02.1", value="1.2"), tag='"1"'))
    assert [each["value"] for each in typed["draft"]["entries"]] == [12, "1.2"]
    assert typed["version"] == 2
    not_a_number = [each for each in typed["findings"] if each["code"] == "not_a_number"]
    assert [each["indicator"] for each in not_a_number] == ["DA2.02.1"]
    amount = {"disbursements": [money("DA2", 5)], "narrative": {"results": "Đã làm."}}
    ok(await patch(commune, amount))
    removed = ok(await patch(commune, figure("DA2.02.1", value=None)))
    assert removed["draft"] == {
        "entries": [entry("DA2", "DA2.02", 12)],
        "disbursements": [money("DA2", 5)],
        "narrative": {"results": "Đã làm.", "difficulties": None, "proposals": None},
    }
    assert await read(commune, XUAN_HONG) == removed
    assert len(await list_events(service, "report.draft_saved")) == 1


async def test_an_outdated_or_missing_version_changes_nothing(service: Service) -> None:
    commune = service.client("xuan-hong")
    ok(await patch(commune, figure("DA2.02", value=12), tag='"0"'))
    stale = await patch(commune, figure("DA2.02", value=13), tag='"0"')
    assert problem_of(stale) == (412, "stale")
    unnamed = await commune.patch(f"{REPORT}/draft", json=figure("DA2.02", value=13))
    assert problem_of(unnamed) == (428, "precondition-required")
    assert (await read(commune, XUAN_HONG))["draft"]["entries"][0]["value"] == 12


async def test_errors_name_places_in_the_patch(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    foreign = await patch(commune, figure("DA61.01", value=1))
    assert field_errors(foreign) == [("/entries/0/indicator", "not_yours")]
    assert field_errors(await patch(commune, {"unknown": 1})) == [("/unknown", "extra_forbidden")]


async def test_a_submitted_report_is_not_changed(service: Service) -> None:
    commune = service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG)
    refused = await patch(commune, figure("DA2.02", value=1))
    assert problem_of(refused) == (409, "state-conflict")


async def test_a_part_of_a_hidden_draft_is_not_changed(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 12})
    refused = await patch(office, figure("DA2.02.1", value=1))
    assert problem_of(refused) == (409, "state-conflict")
    assert problem_of(await office.post(f"{REPORT}/validate")) == (409, "state-conflict")
    assert (await read(office, XUAN_HONG))["draft"] is None


async def test_a_check_saves_nothing_and_finds_what_submitting_would(service: Service) -> None:
    commune = service.client("xuan-hong")
    nothing = ok(await commune.post(f"{REPORT}/validate"))
    required = [
        line["indicator"]
        for line in (await read(commune, XUAN_HONG))["expected"]
        if line["required"]
    ]
    assert [each["indicator"] for each in nothing["findings"]] == required
    assert (nothing["errors"], nothing["warnings"]) == (len(required), 0)

    report = await read(commune, XUAN_HONG)
    body = complete_body(report, None, [money("DA2", 1, source="commune")])
    given = ok(await commune.post(f"{REPORT}/validate", json=body))
    assert [(each["level"], each["code"]) for each in given["findings"]] == [
        ("warning", "not_allocated")
    ]
    assert (given["errors"], given["warnings"]) == (0, 1)
    body["entries"].append(entry("DA2", "DA9.99", 1))
    unknown = ok(await commune.post(f"{REPORT}/validate", json=body))
    assert [each["code"] for each in unknown["findings"]] == ["unknown_indicator"]
    assert (await read(commune, XUAN_HONG))["report_status"] == "not_started"

    await draft(commune, XUAN_HONG)
    assert ok(await commune.post(f"{REPORT}/validate"))["findings"] == []
    english = await commune.post(
        f"{REPORT}/validate", json={"entries": []}, headers={"Accept-Language": "en"}
    )
    assert "missing" in ok(english)["findings"][0]["message"]
    await submit(commune, XUAN_HONG)
    assert problem_of(await commune.post(f"{REPORT}/validate")) == (409, "state-conflict")
    assert problem_of(await commune.post(f"/reports/{Q2}/{BAC_LUONG}/validate"))[0] == 404


NIL = f"/reports/2024-Q3/{XUAN_HONG}/nil"
Q3 = "2024-Q3"


async def test_a_section_without_anything_to_report_is_one_answer(service: Service) -> None:
    commune = service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG, {"DA2.01.2": 3, "DA2.02": 12}, [money("DA2", 50)])
    answered = ok(await commune.post(NIL, json={"sections": ["DA2"]}))
    assert answered["draft"]["nil_sections"] == ["DA2"]
    entries = {each["indicator"]: each for each in answered["draft"]["entries"]}
    assert {each["project"] for each in entries.values()} == {"DA2"}
    assert entries["DA2.02"]["value"] == 0
    assert (entries["DA2.01.2"]["value"], entries["DA2.01.2"]["carried_from"]) == (3, Q2)
    [spent] = answered["draft"]["disbursements"]
    assert (spent["amount_vnd"], spent["carried_from"]) == (50, Q2)
    stock = next(each for each in answered["findings"] if each["indicator"] == "DA2.01.2")
    assert (stock["level"], stock["code"]) == ("warning", "carried_figure")
    assert "quý II năm 2024" in stock["message"]
    assert await read(commune, XUAN_HONG, Q3) == answered

    # A figure in the section contradicts the answer, until one of the two goes.
    path = f"/reports/{Q3}/{XUAN_HONG}/draft"
    typed = ok(await commune.patch(path, json=figure("DA2.02", value=4), headers=ANY))
    assert [each["code"] for each in typed["findings"] if each["indicator"] == "DA2.02"] == [
        "nil_section_has_figures"
    ]
    taken_back = ok(await commune.patch(path, json={"nil_sections": []}, headers=ANY))
    assert "nil_sections" not in taken_back["draft"]
    assert not [each for each in taken_back["findings"] if each["indicator"] == "DA2.02"]


async def test_a_whole_report_without_anything_to_report_is_submitted(service: Service) -> None:
    commune = service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG)
    answered = ok(await commune.post(NIL))
    assert {each["level"] for each in answered["findings"]} == {"warning"}
    required = {each["indicator"] for each in answered["expected"] if each["required"]}
    assert required <= {each["indicator"] for each in answered["draft"]["entries"]}
    unconfirmed = await commune.post(f"/reports/{Q3}/{XUAN_HONG}/submit", json={})
    assert problem_of(unconfirmed) == (422, "warnings-unconfirmed")
    sent = await submit(commune, XUAN_HONG, Q3, warnings_note="Không phát sinh.")
    assert sent["last_revision"]["body"] == answered["draft"]
    assert problem_of(await commune.post(NIL)) == (409, "state-conflict")


async def test_a_stock_that_was_never_reported_stays_missing(service: Service) -> None:
    commune = service.client("xuan-hong")
    answered = ok(await commune.post(f"{REPORT}/nil"))
    missing = {each["indicator"] for each in answered["findings"]}
    kinds = {each["indicator"]: each["kind"] for each in answered["expected"]}
    assert missing
    assert {kinds[code] for code in missing} == {"stock"}


async def test_only_own_sections_are_answered(service: Service) -> None:
    commune = service.client("xuan-hong")
    refused = await commune.post(f"{REPORT}/nil", json={"sections": ["DA2", "DA99", "DA1"]})
    assert field_errors(refused)[0] == ("/sections/1", "unknown_project")
    body = {"entries": [], "nil_sections": ["DA99"]}
    saved = await commune.put(f"{REPORT}/draft", json=body, headers=ANY)
    assert field_errors(saved) == [("/nil_sections/0", "unknown_project")]
    invalid = figure("DA2.02", value=1)
    invalid["entries"][0]["carried_from"] = "hôm qua"
    assert field_errors(await commune.put(f"{REPORT}/draft", json=invalid, headers=ANY)) == [
        ("/entries/0/carried_from", "string_pattern_mismatch")
    ]
