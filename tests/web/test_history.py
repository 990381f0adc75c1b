"""What an agency has sent: its periods, revisions, remarks and differences."""

from tests.conftest import Service
from tests.support.browser import signed_in, visit
from tests.support.report_bodies import money
from tests.support.report_calls import XUAN_HONG, draft, read, review, submit, submit_complete

REPORT = "/reports/tho-xuan-2024/2024-Q2/15493"
MONEY = [money("DA2", 350_000_000)]


async def send_twice(service: Service) -> None:
    """Send a report, return it with remarks, and send it again with another figure."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.05": 7}, MONEY)
    body = (await read(commune, XUAN_HONG))["last_revision"]["body"]
    index = [entry["indicator"] for entry in body["entries"]].index("DA2.05")
    comments = [
        {"pointer": f"/entries/{index}/value", "text": "Danh sách có 3 hộ."},
        {"pointer": "/disbursements/0/amount_vnd", "text": "Thiếu chứng từ."},
        {"pointer": "/narrative/results", "text": "Ghi rõ tên mô hình."},
        {"pointer": "", "text": "Nộp kèm danh sách."},
    ]
    await review(office, "return", XUAN_HONG, reason="Số chưa khớp.", comments=comments)
    await draft(commune, XUAN_HONG, {"DA2.05": 3}, MONEY)
    await submit(commune, XUAN_HONG)


async def test_an_agency_finds_its_revisions_remarks_and_receipts(service: Service) -> None:
    await send_twice(service)
    page = await visit(signed_in(service, "xuan-hong"), "/sent")
    text = page.text_content
    assert text.index("Quý II năm 2024") < text.index("Bản gửi số 2") < text.index("Bản gửi số 1")
    assert "Trả lại để sửa lúc 08:00 ngày" in text
    assert "(DA2.05): Danh sách có 3 hộ." in text
    assert "Giải ngân của DA2 (ngân sách trung ương" in text
    assert "Kết quả thực hiện: Ghi rõ tên mô hình." in text
    assert "Nộp kèm danh sách." in text
    assert text.index("Kỳ chưa gửi") < text.index("Quý III năm 2024")
    for address in ("receipt", "revisions/1", "revisions/2", "revisions/2/diff?from=1"):
        assert f"{REPORT}/{address}" in page.references
    empty = await visit(signed_in(service, "bac-luong"), "/sent")
    assert "chưa gửi báo cáo nào" in empty.text_content
    assert "Danh sách có 3 hộ" not in empty.text_content


async def test_a_revision_is_shown_as_it_was_sent(service: Service) -> None:
    await send_twice(service)
    browser = signed_in(service, "xuan-hong")
    first = (await visit(browser, f"{REPORT}/revisions/1")).text_content
    assert "Đây là bản cũ" in first
    assert "350.000.000" in first
    assert "Cơ quan tổng hợp ghi: Danh sách có 3 hộ." in first
    second = (await visit(browser, f"{REPORT}/revisions/2")).text_content
    assert "Đây là bản cũ" not in second
    assert "Danh sách có 3 hộ" not in second
    assert (await browser.get(f"{REPORT}/revisions/3")).status_code == 404


async def test_two_revisions_are_shown_line_by_line(service: Service) -> None:
    await send_twice(service)
    browser = signed_in(service, "xuan-hong")
    changes = (await visit(browser, f"{REPORT}/revisions/2/diff?from=1")).text_content
    assert "Bản số 1Bản số 2" in changes
    assert "73" in changes
    assert "350.000.000" not in changes
    same = (await visit(browser, f"{REPORT}/revisions/2/diff?from=2")).text_content
    assert "Hai bản giống nhau" in same


async def test_another_agency_does_not_find_a_revision(service: Service) -> None:
    await send_twice(service)
    other = signed_in(service, "bac-luong")
    for address in ("revisions/1", "revisions/2/diff?from=1"):
        assert (await other.get(f"{REPORT}/{address}")).status_code == 404
    assert (await signed_in(service, "district-admin").get("/sent")).status_code == 403
