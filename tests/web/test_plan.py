"""The page of a plan: its text, and the part of the visitor's agency first."""

from sqlalchemy import text

from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, Service
from tests.support.browser import signed_in, visit
from tests.test_query_counts import recorded_statements

SECTIONS = [
    "Phần việc của đơn vị",
    "Mục đích",
    "Yêu cầu",
    "Giảm tỷ lệ hộ nghèo",
    "Đối tượng",
    "Kinh phí",
    "Giải pháp",
    "Phân công trách nhiệm",
    "Chế độ báo cáo",
    "85/KH-UBND, ngày 01/4/2024",
    "Nguyễn Xuân Hải",
]


async def test_a_plan_is_shown_by_section_with_ones_own_part_first(service: Service) -> None:
    page = await visit(signed_in(service, "labour-reporter"), "/plan")
    places = [page.text_content.find(part) for part in SECTIONS]
    assert min(places) >= 0, SECTIONS[places.index(min(places))]
    assert places[0] < min(places[1:])
    own = page.text_content[places[0] : page.text_content.index("Mục lục")]
    assert "chủ trì" in own
    assert "Chọn kế hoạch" not in page.text_content


async def test_money_given_to_an_agency_is_shown_to_it(service: Service) -> None:
    async with service.database.transaction() as session:
        give = """UPDATE budget_line SET agency_id = (SELECT id FROM agency WHERE code = '15493')
            WHERE id = (SELECT min(b.id) FROM budget_line b JOIN project p ON p.id = b.project_id
            WHERE p.code = 'DA2')"""
        await session.execute(text(give))
        amount = await session.scalar(
            text("SELECT sum(amount_vnd)::bigint FROM budget_line WHERE agency_id IS NOT NULL")
        )
    page = await visit(signed_in(service, "xuan-hong"), "/plan")
    assert f"Vốn giao cho đơn vị: {amount:,} đồng".replace(",", ".") in page.text_content
    other = await visit(signed_in(service, "bac-luong"), "/plan")
    assert "Chưa có khoản vốn giao riêng" in other.text_content


async def test_one_of_several_plans_is_chosen_and_foreign_ones_are_not_found(
    service: Service,
) -> None:
    async with service.database.transaction() as session:
        await load(session, NEIGHBOUR_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    root = signed_in(service, "admin")
    page = await visit(root, "/plan?plan=trieu-son-2024")
    assert "Chọn kế hoạch" in page.text_content
    assert "Kế hoạch không giao việc riêng cho đơn vị" in page.text_content
    reporter = signed_in(service, "xuan-hong")
    assert (await reporter.get("/plan?plan=trieu-son-2024")).status_code == 404
    assert "Triệu Sơn" not in (await visit(reporter, "/plan")).text_content


async def test_a_plan_takes_few_statements(service: Service) -> None:
    browser = signed_in(service, "labour-reporter")
    await visit(browser, "/plan")
    with recorded_statements(service) as statements:
        await visit(browser, "/plan")
    assert len(statements) <= 9, statements
