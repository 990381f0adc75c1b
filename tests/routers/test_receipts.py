"""Receipts: what was true when a report was sent, and their public check."""

from datetime import date

import pytest

from tests.conftest import Service
from tests.support.reference_calls import problem_of
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, ok, review, submit_complete

RECEIPT = f"/reports/{Q2}/{XUAN_HONG}/receipt"
EXTENSION = {"due_date": "2024-06-20", "reason": "Mưa lũ.", "document_number": "412/UBND"}


async def test_a_receipt_says_what_was_true_at_the_sending(service: Service) -> None:
    commune = service.client("xuan-hong")
    assert problem_of(await commune.get(RECEIPT)) == (404, "not-found")
    service.clock.set("2024-06-15 16:40")
    sent = await submit_complete(commune, XUAN_HONG)
    receipt = ok(await commune.get(RECEIPT))
    assert receipt["fingerprint"] == sent["last_revision"]["fingerprint"]
    assert receipt["submitted_at"] == receipt["received_at"] == "2024-06-15T16:40:00+07:00"
    assert (receipt["revision"], receipt["submitted_by"]) == (1, "xuan-hong")
    assert (receipt["due_date"], receipt["due_text"]) == (sent["due_date"], sent["due_text"])
    assert (receipt["timeliness"], receipt["days_late"]) == ("on_time", 0)
    assert (receipt["extended"], receipt["extension_document"]) == (False, None)
    assert receipt["period_name"]["vi"] == "quý II năm 2024"
    assert (receipt["is_last"], receipt["today"]) == (True, None)
    assert receipt["number"].count("-") == 4
    assert ok(await commune.get(RECEIPT)) == receipt


async def test_a_later_extension_changes_today_and_not_the_receipt(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    service.clock.set("2024-06-17 09:00")
    await submit_complete(commune, XUAN_HONG)
    late = ok(await commune.get(RECEIPT))
    assert (late["timeliness"], late["days_late"], late["today"]) == ("late", 2, None)
    service.clock.set("2024-06-18 09:00")
    extension = f"/obligations/{Q2}/{XUAN_HONG}/extension"
    ok(await office.put(extension, json=EXTENSION, headers={"If-Match": "*"}))
    changed = ok(await commune.get(RECEIPT))
    assert changed["today"] == {
        "due_date": "2024-06-20",
        "timeliness": "on_time",
        "days_late": 0,
    }
    assert changed | {"today": None} == late


async def test_an_extension_before_the_sending_stands_on_the_receipt(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    extension = f"/obligations/{Q2}/{XUAN_HONG}/extension"
    ok(await office.put(extension, json=EXTENSION, headers={"If-Match": "*"}))
    service.clock.set("2024-06-19 09:00")
    await submit_complete(commune, XUAN_HONG)
    receipt = ok(await commune.get(RECEIPT))
    assert date.fromisoformat(receipt["due_date"]) == date(2024, 6, 20)
    assert (receipt["extended"], receipt["extension_document"]) == (True, "412/UBND")
    assert (receipt["timeliness"], receipt["due_text"], receipt["today"]) == ("on_time", None, None)


async def test_each_revision_has_its_receipt(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 1})
    first = ok(await commune.get(RECEIPT))
    await review(office, "return", XUAN_HONG, reason="Sửa.")
    service.clock.set("2024-06-17 09:00")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 2})
    second = ok(await commune.get(RECEIPT))
    assert (second["revision"], second["timeliness"]) == (2, "on_time")
    assert second["first_received_at"] == first["received_at"]
    assert second["number"] != first["number"]
    again = ok(await commune.get(f"{RECEIPT}?revision=1"))
    assert again == first | {"is_last": False, "report_status": "submitted"}
    assert (await commune.get(f"{RECEIPT}?revision=3")).status_code == 404
    assert (await commune.get(f"/reports/{Q2}/{BAC_LUONG}/receipt")).status_code == 404


@pytest.mark.parametrize("person", [None, "xuan-hong"])
async def test_anyone_can_check_a_receipt_and_learns_nothing_else(
    service: Service, person: str | None
) -> None:
    commune, anyone = service.client("xuan-hong"), service.client(person)
    await submit_complete(commune, XUAN_HONG)
    receipt = ok(await commune.get(RECEIPT))
    number, fingerprint = receipt["number"], receipt["fingerprint"]
    for asked, given, matches in (
        (number, fingerprint, True),
        (number.lower(), fingerprint.upper(), True),
        (number, f"{fingerprint[:8]} {fingerprint[8:]}", True),  # as printed, in groups
        (number, fingerprint[:-1], False),
        ("0000-0000-0000-0000-0000", fingerprint, False),
    ):
        answer = ok(await anyone.get(f"/receipts/check?number={asked}&fingerprint={given}"))
        assert answer == {"matches": matches}


async def test_a_receipt_is_printed_as_a_pdf_with_vietnamese_letters(service: Service) -> None:
    commune = service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG)
    for language, title in (("vi", "Biên nhận gửi báo cáo"), ("en", "Receipt of a report")):
        headers = {"Accept": "application/pdf", "Accept-Language": language}
        printed = await commune.get(RECEIPT, headers=headers)
        assert printed.status_code == 200, printed.text
        assert printed.headers["Content-Type"] == "application/pdf"
        assert printed.headers["Content-Disposition"] == (
            f'attachment; filename="{Q2}-{XUAN_HONG}.pdf"'
        )
        assert printed.content.startswith(b"%PDF-")
        # The title of the document is UTF-16 in its properties; a glyph that is missing warns.
        assert title.encode("utf-16-be") in printed.content or title.encode() in printed.content
    refused = await commune.get(RECEIPT, headers={"Accept": "image/png"})
    assert problem_of(refused) == (406, "not-acceptable")
