"""The report form as a browser without scripts sends it."""

from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.browser import Page, parse_page, signed_in, stranger, visit
from tests.support.report_calls import Q2, XUAN_HONG, ok

ADDRESS = f"/reports/tho-xuan-2024/{Q2}/{XUAN_HONG}"
REPORT = f"/reports/{Q2}/{XUAN_HONG}"
FIRST = "value:DA2.01.1"
NARRATIVE = "words:results"


async def press(
    browser: httpx.AsyncClient, page: Page, operation: str, **typed: str
) -> httpx.Response:
    """Send the whole form with what was typed, by the button of an operation."""
    fields = {name: values[-1] for name, values in page.checked().items()}
    return await browser.post(ADDRESS, data=fields | typed | {"do": operation})


async def draft_of(service: Service) -> dict[str, Any]:
    draft: dict[str, Any] = ok(await service.client("xuan-hong").get(REPORT))["draft"]
    return draft


def entry(draft: dict[str, Any], indicator: str) -> dict[str, Any]:
    return next(each for each in draft["entries"] if each["indicator"] == indicator)


@pytest.fixture
def browser(service: Service) -> httpx.AsyncClient:
    return signed_in(service, "xuan-hong")


@pytest.mark.parametrize(
    ("typed", "kept"), [("12", 12), ("1.234", 1234), ("1 234 567", 1234567), ("mười", "mười")]
)
async def test_figures_are_read_as_people_type_them(
    service: Service, browser: httpx.AsyncClient, typed: str, kept: int | str
) -> None:
    page = await visit(browser, ADDRESS)
    answer = await press(browser, page, "save", **{FIRST: typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ADDRESS}?saved=1")
    assert entry(await draft_of(service), "DA2.01.1")["value"] == kept
    assert (await visit(browser, ADDRESS))[FIRST] in {typed, f"{kept}", "1.234.567"}


async def test_an_emptied_field_takes_the_figure_back(
    service: Service, browser: httpx.AsyncClient
) -> None:
    await press(browser, await visit(browser, ADDRESS), "save", **{FIRST: "12"})
    await press(browser, await visit(browser, ADDRESS), "save", **{FIRST: ""})
    assert (await draft_of(service))["entries"] == []


async def test_what_the_form_has_no_field_for_stays(
    service: Service, browser: httpx.AsyncClient
) -> None:
    body = {"entries": [{"project": "DA2", "indicator": "DA2.02", "value": 5, "estimate": 9}]}
    as_new = {"If-Match": '"0"'}
    ok(await service.client("xuan-hong").put(f"{REPORT}/draft", json=body, headers=as_new))
    await press(browser, await visit(browser, ADDRESS), "save", **{FIRST: "1"})
    kept = entry(await draft_of(service), "DA2.02")
    assert (kept["value"], kept["estimate"]) == (5, 9)


async def test_money_has_its_own_fields(service: Service, browser: httpx.AsyncClient) -> None:
    page = await visit(browser, ADDRESS)
    field = next(each.name for each in page.fields if each.name.startswith("amount_vnd:DA2:"))
    await press(browser, page, "save", **{field: "126.450.000"})
    draft = await draft_of(service)
    assert [each["amount_vnd"] for each in draft["disbursements"]] == [126_450_000]
    page = await visit(browser, ADDRESS)
    assert page[field] == "126.450.000"
    assert "126,45 triệu đồng" in page.text_content


async def test_nothing_to_report_is_one_answer_that_can_be_withdrawn(
    service: Service, browser: httpx.AsyncClient
) -> None:
    page = await visit(browser, ADDRESS)
    await press(browser, page, "nil:DA2", **{FIRST: "3"})
    draft = await draft_of(service)
    assert draft["nil_sections"] == ["DA2"]
    assert entry(draft, "DA2.01.1")["value"] == 3  # what was typed stays
    assert entry(draft, "DA2.02")["value"] == 0
    page = await visit(browser, ADDRESS)
    assert "Đã trả lời: không phát sinh" in page.text_content
    await press(browser, page, "not-nil:DA2")
    draft = await draft_of(service)
    assert "nil_sections" not in draft
    assert entry(draft, "DA2.02")["value"] == 0


async def test_a_text_that_is_too_long_is_refused_and_not_lost(
    service: Service, browser: httpx.AsyncClient
) -> None:
    page = await visit(browser, ADDRESS)
    note = "x" * 501
    answer = await press(browser, page, "save", **{FIRST: "3", "note:DA2.01.1": note})
    assert answer.status_code == 422
    shown = parse_page(answer)
    assert (shown[FIRST], shown["note:DA2.01.1"]) == ("3", note)
    assert ok(await service.client("xuan-hong").get(REPORT))["draft"] is None


async def test_typing_into_a_report_that_was_sent_meanwhile_loses_nothing(
    service: Service, browser: httpx.AsyncClient
) -> None:
    page = await visit(browser, ADDRESS)
    ok(await service.client("coordinator").post(f"/reporting-periods/{Q2}/close"))
    answer = await press(browser, page, "save", **{FIRST: "3"})
    assert answer.status_code == 409
    shown = parse_page(answer)
    assert "đã khóa" in shown.text_content
    assert shown[FIRST] == "3"


async def test_another_version_is_shown_beside_the_typed_one(
    service: Service, browser: httpx.AsyncClient
) -> None:
    page = await visit(browser, ADDRESS)
    await press(browser, page, "save", **{FIRST: "7"})
    answer = await press(browser, page, "save", **{FIRST: "9"})
    assert answer.status_code == 409
    shown = parse_page(answer)
    assert shown[FIRST] == "9"
    assert "Bản đã lưu ghi: 7" in shown.text_content
    assert entry(await draft_of(service), "DA2.01.1")["value"] == 7
    await press(browser, shown, "save")
    assert entry(await draft_of(service), "DA2.01.1")["value"] == 9


async def test_the_script_is_told_the_version_and_what_was_found(
    browser: httpx.AsyncClient,
) -> None:
    page = await visit(browser, ADDRESS)
    answer = await press(browser, page, "autosave", **{FIRST: "mười"})
    saved = ok(answer)
    assert saved["version"] == 1
    assert "Số mô hình" in saved["notes"][FIRST]
    assert (await press(browser, page, "autosave", **{FIRST: "1"})).status_code == 409


async def fill(browser: httpx.AsyncClient) -> None:
    page = await visit(browser, ADDRESS)
    values = {each.name: "0" for each in page.fields if each.name.startswith("value:")}
    answer = await press(browser, page, "send", **values)
    assert answer.headers["Location"] == f"{ADDRESS}/send"


async def test_a_report_is_sent_once(service: Service, browser: httpx.AsyncClient) -> None:
    await fill(browser)
    summary = await visit(browser, f"{ADDRESS}/send")
    fields = {name: values[-1] for name, values in summary.checked().items()}
    fields["warnings_note"] = "Đã đối chiếu."
    for _ in range(2):
        answer = await browser.post(f"{ADDRESS}/send", data=fields)
        assert answer.headers["Location"] == f"{ADDRESS}/receipt"
    report = ok(await service.client("xuan-hong").get(REPORT))
    assert (report["report_status"], report["last_revision"]["number"]) == ("submitted", 1)
    receipt = await visit(browser, f"{ADDRESS}/receipt")
    assert report["last_revision"]["fingerprint"] in receipt.text_content
    assert "08:00 ngày 10/6/2024" in receipt.text_content
    sent = await visit(browser, ADDRESS)
    assert "Bản gửi số 1" in sent.text_content
    proof = ok(await service.client("xuan-hong").get(f"{REPORT}/receipt"))
    assert proof["number"] in receipt.text_content
    for number, answer_text in ((proof["number"], "Khớp."), ("0000", "Không khớp.")):
        question = f"/check-receipt?number={number}&fingerprint={proof['fingerprint']}"
        assert answer_text in (await visit(stranger(service), question)).text_content


async def test_a_report_with_errors_leads_back_to_the_form(browser: httpx.AsyncClient) -> None:
    page = await visit(browser, ADDRESS)
    await press(browser, page, "send", **{FIRST: "1"})
    answer = await browser.get(f"{ADDRESS}/send")
    assert answer.headers["Location"] == f"{ADDRESS}?checked=1#findings"
    checked = await visit(browser, f"{ADDRESS}?checked=1")
    assert "35 chỗ phải sửa" in checked.text_content


async def test_remarks_of_a_returned_report_stand_at_their_fields(
    service: Service, browser: httpx.AsyncClient
) -> None:
    await fill(browser)
    summary = await visit(browser, f"{ADDRESS}/send")
    fields = {name: values[-1] for name, values in summary.checked().items()}
    await browser.post(f"{ADDRESS}/send", data=fields | {"warnings_note": "Đã đối chiếu."})
    remark = {"pointer": "/entries/0/value", "text": "Xem lại số này."}
    body = {"reason": "Số liệu chưa khớp.", "comments": [remark]}
    ok(await service.client("coordinator").post(f"{REPORT}/return", json=body))
    assert "Sửa báo cáo" in (await visit(browser, "/")).text_content
    page = await visit(browser, ADDRESS)
    assert "Số liệu chưa khớp." in page.text_content
    assert "Cơ quan tổng hợp ghi: Xem lại số này." in page.text_content


@pytest.mark.parametrize("person", ["bac-luong", "agriculture"])
async def test_another_agencys_report_is_not_found(service: Service, person: str) -> None:
    other = signed_in(service, person)
    for address in (ADDRESS, f"{ADDRESS}/send", f"{ADDRESS}/receipt"):
        assert (await other.get(address)).status_code == 404


async def test_the_coordinator_reads_no_draft(service: Service, browser: httpx.AsyncClient) -> None:
    page = await visit(browser, ADDRESS)
    await press(browser, page, "save", **{NARRATIVE: "Đang nuôi thử 12 con bò."})
    seen = await visit(signed_in(service, "coordinator"), ADDRESS)
    assert "12 con bò" not in seen.answer.text
    assert "dự thảo, lưu lúc 08:00 ngày 10/6/2024" in seen.text_content


async def test_a_report_is_taken_back_until_a_reviewer_opens_it(
    service: Service, browser: httpx.AsyncClient
) -> None:
    await fill(browser)
    summary = await visit(browser, f"{ADDRESS}/send")
    fields = {name: values[-1] for name, values in summary.checked().items()}
    await browser.post(f"{ADDRESS}/send", data=fields | {"warnings_note": "Đã đối chiếu."})
    sent = await visit(browser, ADDRESS)
    assert "Rút lại" in sent.text_content
    fields = {"form_token": sent["form_token"], "version": sent["version"]}
    answer = await browser.post(f"{ADDRESS}/recall", data=fields)
    assert answer.headers["Location"] == f"{ADDRESS}?recalled=1"
    form = await visit(browser, f"{ADDRESS}?recalled=1")
    assert "Đã rút lại báo cáo." in form.text_content
    assert form[FIRST] == "0"
    # Sent again and opened by the office, it stays.
    await press(browser, form, "send")
    summary = await visit(browser, f"{ADDRESS}/send")
    fields = {name: values[-1] for name, values in summary.checked().items()}
    await browser.post(f"{ADDRESS}/send", data=fields | {"warnings_note": "Đã đối chiếu."})
    sent = await visit(browser, ADDRESS)
    await visit(signed_in(service, "coordinator"), ADDRESS)
    assert "Rút lại" not in (await visit(browser, ADDRESS)).text_content
    fields = {"form_token": sent["form_token"], "version": sent["version"]}
    assert (await browser.post(f"{ADDRESS}/recall", data=fields)).status_code in {409, 412}


async def test_money_saved_without_its_nature_keeps_its_one_line(
    service: Service, browser: httpx.AsyncClient
) -> None:
    money = {"project": "DA2", "source": "central", "origin": "current_year"}
    body = {"disbursements": [money | {"amount_vnd": 5_000_000}]}
    as_new = {"If-Match": '"0"'}
    ok(await service.client("xuan-hong").put(f"{REPORT}/draft", json=body, headers=as_new))
    page = await visit(browser, ADDRESS)
    field = "amount_vnd:DA2:central:current_year:recurrent"
    assert page[field] == "5.000.000"
    await press(browser, page, "save", **{field: "6000000"})
    draft = await draft_of(service)
    assert draft["disbursements"] == [money | {"amount_vnd": 6_000_000, "nature": "recurrent"}]
