"""A commune officer sends a report: by phone, without scripts, without a network, in two tabs."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext, Site, sign_in

FORM = "/reports/tho-xuan-2024/2024-Q2/15493"
FIRST = "Số mô hình, dự án giảm nghèo được phê duyệt"


def fill_all(page: Page, value: str = "0") -> None:
    """Type a value into every figure that has none."""
    for field in page.locator('input[name^="value:"]').all():
        if not field.input_value():
            field.fill(value)


def open_form(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Lập báo cáo").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Báo cáo quý II năm 2024")
    page.wait_for_load_state("load")  # with the scripts, which a test may cut off from the network


@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_report_is_filled_checked_and_sent(new_context: NewContext, with_scripts: bool) -> None:
    page = new_context(java_script_enabled=with_scripts).new_page()
    open_form(page)
    page.get_by_role("button", name="Kiểm tra").click()
    findings = page.locator("#findings")
    expect(findings).to_contain_text("36 chỗ phải sửa")
    findings.get_by_role("link").first.click()
    page.locator('input[name="value:DA2.01.1"]').fill("1.234")
    fill_all(page)
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xem lại trước khi gửi")
    if page.get_by_label("Giải thích").count():
        page.get_by_label("Giải thích").fill("Đã đối chiếu với sổ theo dõi của xã.")
    expect(page.get_by_role("row", name=FIRST)).to_contain_text("1234")
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Biên nhận")
    page.goto("/")
    expect(page.get_by_text("Không có việc cần làm")).to_be_visible()


def test_figures_are_grouped_and_counted_while_typing(new_context: NewContext) -> None:
    page = new_context().new_page()
    open_form(page)
    field = page.locator('input[name="value:DA2.01.1"]')
    field.press_sequentially("1234567")
    expect(field).to_have_value("1.234.567")
    expect(page.locator("#filled")).to_have_text("1")
    money = page.locator('input[name^="amount_vnd:"]').first
    money.press_sequentially("126450000")
    expect(page.get_by_text("= 126,45 triệu đồng")).to_be_visible()


def test_the_form_saves_by_itself(new_context: NewContext) -> None:
    context = new_context()
    page = context.new_page()
    open_form(page)
    page.locator('input[name="value:DA2.01.1"]').fill("7")
    expect(page.locator("#save-state")).to_contain_text("Đã tự lưu lúc 08:00")
    other = context.new_page()
    other.goto(FORM)
    expect(other.locator('input[name="value:DA2.01.1"]')).to_have_value("7")


def test_what_is_typed_without_a_network_is_saved_later(new_context: NewContext) -> None:
    context = new_context()
    page = context.new_page()
    open_form(page)
    page.wait_for_function("navigator.serviceWorker.controller || navigator.serviceWorker.ready")
    page.reload()
    context.set_offline(True)
    page.locator('input[name="value:DA2.01.1"]').fill("7")
    expect(page.locator("#save-state")).to_contain_text("Mất mạng")
    # The phone is closed and opened again, still without a network.
    page.close()
    page = context.new_page()
    page.goto(FORM)
    expect(page.get_by_text("Đang mất mạng.")).to_be_visible()
    field = page.locator('input[name="value:DA2.01.1"]')
    expect(field).to_have_value("7")
    field.fill("8")
    expect(page.locator("#save-state")).to_contain_text("Mất mạng")
    context.set_offline(False)
    expect(page.locator("#save-state")).to_contain_text("Đã tự lưu", timeout=20_000)
    page.goto(FORM)
    expect(page.locator('input[name="value:DA2.01.1"]')).to_have_value("8")


def test_signing_out_deletes_what_the_device_keeps(new_context: NewContext) -> None:
    context = new_context()
    page = context.new_page()
    open_form(page)
    context.set_offline(True)
    page.locator('input[name="value:DA2.01.1"]').fill("7")
    expect(page.locator("#save-state")).to_contain_text("Mất mạng")
    context.set_offline(False)
    page.goto("/")
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/sign-in*")
    # The browser deletes it while the next page loads.
    page.wait_for_function("indexedDB.databases().then((all) => all.length === 0)")


@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_dead_session_loses_nothing(
    new_context: NewContext, site: Site, with_scripts: bool
) -> None:
    page = new_context(java_script_enabled=with_scripts).new_page()
    open_form(page)
    site.clock.set("2024-06-11 09:00")
    page.locator('input[name="value:DA2.01.1"]').fill("7")
    if with_scripts:
        expect(page.locator("#save-state")).to_contain_text("Phiên làm việc đã hết")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_text("Phiên làm việc đã hết.")).to_be_visible()
    sign_in(page)
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_text("Đã lưu dự thảo")).to_be_visible()
    expect(page.locator('input[name="value:DA2.01.1"]')).to_have_value("7")


@pytest.mark.parametrize("with_scripts", [True, False])
def test_two_people_see_both_versions_side_by_side(
    new_context: NewContext, with_scripts: bool
) -> None:
    first, second = (new_context(java_script_enabled=with_scripts).new_page() for _ in range(2))
    open_form(first)
    open_form(second)
    first.locator('input[name="value:DA2.01.1"]').fill("7")
    first.get_by_role("button", name="Lưu", exact=True).click()
    expect(first.get_by_text("Đã lưu dự thảo")).to_be_visible()
    second.locator('input[name="value:DA2.01.1"]').fill("9")
    second.locator('input[name="value:DA2.02"]').fill("3")
    second.get_by_role("button", name="Lưu", exact=True).click()
    expect(second.get_by_text("có người khác đã lưu báo cáo này")).to_be_visible()
    expect(second.locator('input[name="value:DA2.01.1"]')).to_have_value("9")
    expect(second.get_by_text("Bản đã lưu ghi: 7")).to_be_visible()
    second.get_by_role("button", name="Lưu", exact=True).click()
    expect(second.locator('input[name="value:DA2.01.1"]')).to_have_value("9")
    expect(second.locator('input[name="value:DA2.02"]')).to_have_value("3")
