"""Aggregates as spreadsheets and CSV for people."""

import csv
import io
from datetime import date, datetime
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from app.schemas.aggregates import IndicatorRow, TargetRow, TimelinessRow
from app.schemas.plan_sums import (
    ExecutionSum,
    IndicatorSum,
    TargetOfPlan,
    TimelinessCounts,
    TimelinessOfPlan,
)
from app.text.sheets.aggregates import TABLES
from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import Q2, XUAN_HONG, submit_complete

HEADING_ROW = 6


@pytest.fixture
async def reported(service: Service) -> Service:
    """The service with one report, sent on 10/6/2024."""
    disbursements = [money("DA2", 223_846_000)]
    figures = {"DA2.02": 12, "DA2.05": 10_500_000}
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, figures, disbursements)
    return service


async def get_file(client: httpx.AsyncClient, name: str, **query: str) -> httpx.Response:
    parameters = {"period": Q2, "basis": "submitted"} | query
    answer = await client.get(f"/aggregates/{name}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


async def get_book(client: httpx.AsyncClient, kind: str, **query: str) -> Workbook:
    answer = await get_file(client, f"{kind}.xlsx", **query)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{Q2}-395.xlsx"'
    return load_workbook(io.BytesIO(answer.content))


def rows_of(book: Workbook) -> list[dict[Any, Any]]:
    """The rows of the first sheet by their headings."""
    names, *rows = book.worksheets[0].iter_rows(min_row=HEADING_ROW, values_only=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def fields_of(*schemas: Any) -> set[str]:
    return {name for schema in schemas for name in schema.model_fields}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("indicators", fields_of(IndicatorRow, IndicatorSum) - {"compared_count"}),
        ("budget-execution", fields_of(ExecutionSum) - {"compared_count"}),
        ("timeliness", fields_of(TimelinessRow, TimelinessOfPlan, TimelinessCounts)),
        ("targets", fields_of(TargetRow, TargetOfPlan) - {"code"}),  # a key for programs
    ],
)
def test_every_field_of_an_aggregate_has_a_column(kind: str, fields: set[str]) -> None:
    assert {column.key for column in TABLES[kind].columns} >= fields


async def test_money_has_words_number_formats_and_a_total(reported: Service) -> None:
    book = await get_book(reported.client("coordinator"), "budget-execution")
    rows = rows_of(book)
    row = next(row for row in rows if row["Đã giải ngân (đồng)"])
    assert (row["Nguồn vốn"], row["Loại vốn"]) == ("Ngân sách trung ương", "Vốn giao trong năm")
    assert row["Kế hoạch vốn (đồng)"] == 3_934_000_000
    assert round(row["Tỷ lệ giải ngân"], 4) == 0.0569
    assert "Vốn chuyển nguồn" in {row["Loại vốn"] for row in rows}
    assert rows[-1]["Dự án, tiểu dự án"] == "Tổng cộng"
    assert rows[-1]["Kế hoạch vốn (đồng)"] == 12_298_140_000
    sheet = book.worksheets[0]
    formats = {cell.number_format for cell in sheet[HEADING_ROW + 1]}
    assert {"#,##0", "0.00%"} <= formats


async def test_the_title_names_plan_period_instant_and_coverage(reported: Service) -> None:
    book = await get_book(reported.client("coordinator"), "indicators")
    title = [cell.value for (cell,) in book.worksheets[0]["A1:A4"]]
    assert title[0] == "KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU"
    assert title[1].startswith("Kế hoạch triển khai thực hiện Chương trình mục tiêu quốc gia")
    assert title[2] == "Đơn vị: Huyện Thọ Xuân (395). Kỳ báo cáo: quý II năm 2024."
    assert title[3] == (
        "Số liệu của các báo cáo đã gửi, kể cả chưa duyệt. Tính đến 08:00 ngày 10/6/2024: "
        "đã gửi 1/35 báo cáo, đã duyệt 0, chưa gửi 34."
    )
    facts: dict[Any, Any] = dict(book["Tình hình gửi"].iter_rows(min_row=2, values_only=True))  # type: ignore[arg-type]  # pairs
    assert facts["Kỳ báo cáo"] == "quý II năm 2024 (2024-Q2)"
    assert (facts["Số báo cáo phải gửi"], facts["Đã gửi"]) == (35, 1)
    missing = list(book["Chưa gửi"].iter_rows(min_row=2, values_only=True))
    assert len(missing) == 33
    assert facts["Chưa gửi, chỉ để đối chiếu"] == "395-VP"
    assert (1, "15499", "Thị trấn Thọ Xuân") in missing


async def test_timeliness_has_dates_and_codes_are_texts(reported: Service) -> None:
    reported.clock.set("2024-06-16 08:00")
    rows = rows_of(await get_book(reported.client("coordinator"), "timeliness"))
    sent = next(row for row in rows if row["Mã đơn vị"] == XUAN_HONG)
    assert sent["Hạn gửi (hết ngày)"] == datetime.fromisoformat("2024-06-15")
    assert sent["Gửi lần đầu"] == datetime.fromisoformat("2024-06-10 08:00")
    assert {row["Tình trạng"] for row in rows} == {"Đúng hạn", "Quá hạn"}


@pytest.mark.parametrize("kind", list(TABLES))
async def test_a_sheet_is_ready_to_print(reported: Service, kind: str) -> None:
    book = await get_book(reported.client("coordinator"), kind)
    for sheet in book.worksheets:
        heading = HEADING_ROW if sheet is book.worksheets[0] else 1
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        properties = sheet.sheet_properties.pageSetUpPr
        assert properties is not None
        assert properties.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == f"${heading}:${heading}"
        assert sheet.freeze_panes == f"A{heading + 1}"
        assert all(each.width >= 5 for each in sheet.column_dimensions.values())


async def test_english_words_on_request(reported: Service) -> None:
    client = reported.client("coordinator")
    (row, *_) = rows_of(await get_book(client, "timeliness", lang="en"))
    assert row["Timeliness"] in {"Due soon", "On time"}
    tags = [
        (await get_file(client, "timeliness.xlsx", lang=each)).headers["ETag"]
        for each in ("vi", "en")
    ]
    assert tags[0] != tags[1]


async def test_csv_for_excel_with_vietnamese_settings(reported: Service) -> None:
    client = reported.client("coordinator")
    answer = await get_file(client, "budget-execution.csv", csv="vi")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    row = next(row for row in rows if row["Đã giải ngân (đồng)"] != "0")
    assert row["Loại vốn"] == "Vốn giao trong năm"
    assert row["Tỷ lệ giải ngân"] == "5,69%"
    assert row["Kế hoạch vốn (đồng)"] == "3934000000"
    assert row["Thời điểm số liệu"] == "08:00 ngày 10/6/2024"
    machine = await get_file(client, "budget-execution.csv")
    assert machine.headers["ETag"] != answer.headers["ETag"]
    assert "execution_rate" in machine.content.decode("utf-8-sig").splitlines()[0]
    by_accept = await client.get(
        "/aggregates/budget-execution",
        params={"period": Q2, "basis": "submitted", "csv": "vi"},
        headers={"Accept": "text/csv"},
    )
    assert by_accept.content == answer.content


async def test_dates_in_vietnamese_csv(reported: Service) -> None:
    answer = await get_file(reported.client("coordinator"), "timeliness.csv", csv="vi")
    (row, *_) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert row["Hạn gửi (hết ngày)"] == f"{date(2024, 6, 15):%d/%m/%Y}"
    assert row["Gửi chậm tính từ"] == "16/06/2024 00:00"
