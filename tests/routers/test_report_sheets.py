"""The form of a report as a workbook: written, filled, and imported into the draft."""

import io
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, draft, ok, read, submit_complete

YEAR = "2024-Y"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONEY_ROW = "DA2/central/current_year/recurrent"


async def template(client: httpx.AsyncClient, agency: str = XUAN_HONG, period: str = Q2) -> bytes:
    answer = await client.get(f"/reports/{period}/{agency}/template.xlsx")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == XLSX
    return answer.content


async def send(
    client: httpx.AsyncClient, content: bytes, period: str = Q2, **query: str
) -> httpx.Response:
    path = f"/reports/{period}/{XUAN_HONG}"
    tag = (await client.get(path)).headers["ETag"]
    return await client.post(
        f"{path}/import.xlsx",
        files={"file": ("bao-cao.xlsx", content, XLSX)},
        params=query,
        headers={"If-Match": tag},
    )


async def preview(client: httpx.AsyncClient, content: bytes) -> list[tuple[str, str, str]]:
    """The problems: sheet, cell, code."""
    found = ok(await send(client, content, preview="true"))
    assert found["version"] is None
    return [(each["sheet"], each["cell"], each["code"]) for each in found["problems"]]


def book_of(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell_of(sheet: Worksheet, code: str, heading: str) -> str:
    """The address of a line's cell."""
    (row,) = (cells[0].row for cells in sheet.iter_rows() if cells[0].value == code)
    (column,) = (cell.column_letter for cell in sheet[4] if cell.value == heading)
    return f"{column}{row}"


def filled(content: bytes, *values: tuple[str, str, str, Any]) -> bytes:
    """The workbook with values: sheet, code of the line, heading, value."""
    book = book_of(content)
    for sheet, code, heading, value in values:
        book[sheet][cell_of(book[sheet], code, heading)] = value
    return saved(book)


def changed(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with its members changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def added(content: bytes, name: str, data: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


async def test_the_template_has_a_sheet_for_each_component(service: Service) -> None:
    client = service.client("xuan-hong")
    book = book_of(await template(client))
    form = ok(await client.get(f"/reports/{Q2}/{XUAN_HONG}/expected"))
    projects = list(dict.fromkeys(each["project"] for each in form["figures"]))
    assert book.sheetnames[: len(projects)] == [each or "Chỉ tiêu chung" for each in projects]
    assert book.sheetnames[-3:] == ["Kinh phí", "Thuyết minh", "tiendo"]
    assert book["tiendo"].sheet_state == "veryHidden"
    sheet = book["DA2"]
    assert sheet["A2"].value == "Xã Xuân Hồng: báo cáo quý II năm 2024"
    place = cell_of(sheet, "DA2.02", "Thực hiện")
    assert sheet.protection.sheet
    assert not sheet[place].protection.locked
    assert sheet[cell_of(sheet, "DA2.02", "Chỉ tiêu")].protection.locked
    rules = [rule for rule in sheet.data_validations.dataValidation if place in str(rule.sqref)]
    assert [(rule.type, rule.formula1) for rule in rules] == [("decimal", "0")]


async def test_the_template_shows_the_last_period_and_the_draft(service: Service) -> None:
    client = service.client("xuan-hong")
    await submit_complete(client, XUAN_HONG, {"DA2.02": 12}, [money("DA2", 350_000_000)])
    await draft(client, XUAN_HONG, {"DA2.02": 7}, period="2024-Q3")
    sheet = book_of(await template(client, period="2024-Q3"))["DA2"]
    assert sheet[cell_of(sheet, "DA2.02", "Số kỳ trước")].value == 12
    assert sheet[cell_of(sheet, "DA2.02", "Thực hiện")].value == 7


async def test_a_filled_form_becomes_the_draft(service: Service) -> None:
    client = service.client("xuan-hong")
    content = filled(
        await template(client),
        ("DA2", "DA2.02", "Thực hiện", 12),
        ("DA2", "DA2.02", "Ghi chú", "Theo danh sách\nkèm theo"),
        ("DA2", "DA2.02.1", "Thực hiện", " 9 "),
        ("DA2", "DA2.05", "Thực hiện", "10.500.000"),
        ("Kinh phí", MONEY_ROW, "Đã giải ngân từ đầu năm (đồng)", "350 000 000"),
        ("Thuyết minh", "Kết quả", "Nội dung", "Đã triển khai."),
    )
    found = ok(await send(client, content, preview="true"))
    assert (found["entries"], found["disbursements"], found["problems"]) == (3, 1, [])
    assert (await read(client, XUAN_HONG))["draft"] is None
    answer = await send(client, content)
    assert ok(answer)["preview"] is False
    report = await read(client, XUAN_HONG)
    values = {each["indicator"]: each["value"] for each in report["draft"]["entries"]}
    assert values == {"DA2.02": 12, "DA2.02.1": 9, "DA2.05": 10_500_000}
    assert report["draft"]["entries"][0]["note"] == "Theo danh sách kèm theo"
    (spent,) = report["draft"]["disbursements"]
    assert (spent["amount_vnd"], spent["nature"]) == (350_000_000, "recurrent")
    assert report["draft"]["narrative"]["results"] == "Đã triển khai."
    tag = (await client.get(f"/reports/{Q2}/{XUAN_HONG}")).headers["ETag"]
    assert answer.headers["ETag"] == tag == f'"{answer.json()["version"]}"'


async def test_blank_cells_keep_what_the_draft_has(service: Service) -> None:
    client = service.client("xuan-hong")
    blank = await template(client)
    await draft(client, XUAN_HONG, {"DA2.02": 5})
    before = (await read(client, XUAN_HONG))["draft"]
    ok(await send(client, blank))
    assert (await read(client, XUAN_HONG))["draft"] == before


async def test_an_exported_draft_comes_back_unchanged(service: Service) -> None:
    client = service.client("xuan-hong")
    await draft(client, XUAN_HONG, {"DA2.02": 5, "DA2.05": 7_000_000}, [money("DA2", 3_000_000)])
    before = (await read(client, XUAN_HONG))["draft"]
    ok(await send(client, await template(client)))
    after = (await read(client, XUAN_HONG))["draft"]
    assert after["entries"] == before["entries"]
    assert after["narrative"] == before["narrative"]
    assert [each["amount_vnd"] for each in after["disbursements"]] == [3_000_000]


async def test_errors_are_named_by_sheet_and_cell_and_refuse_the_import(service: Service) -> None:
    client = service.client("xuan-hong")
    content = filled(
        await template(client),
        ("DA2", "DA2.02", "Thực hiện", 12.5),
        ("DA2", "DA2.02.1", "Thực hiện", "-1"),
        ("DA2", "DA2.02.2", "Thực hiện", "mười"),
        ("DA2", "DA2.05", "Thực hiện", "1.234,5"),
        ("Kinh phí", MONEY_ROW, "Đã giải ngân từ đầu năm (đồng)", "1.234,5"),
    )
    sheet, spent = book_of(content)["DA2"], book_of(content)["Kinh phí"]
    expected = [
        ("DA2", cell_of(sheet, "DA2.02", "Thực hiện"), "too_precise"),
        ("DA2", cell_of(sheet, "DA2.02.1", "Thực hiện"), "negative"),
        ("DA2", cell_of(sheet, "DA2.02.2", "Thực hiện"), "not_a_number"),
        ("DA2", cell_of(sheet, "DA2.05", "Thực hiện"), "not_whole"),
        ("Kinh phí", cell_of(spent, MONEY_ROW, "Đã giải ngân từ đầu năm (đồng)"), "not_whole"),
    ]
    assert await preview(client, content) == expected
    refused = await send(client, content)
    assert refused.status_code == 422
    assert [(e["sheet"], e["cell"], e["code"]) for e in refused.json()["errors"]] == expected
    assert (await read(client, XUAN_HONG))["draft"] is None


async def test_a_formula_counts_with_its_saved_result_only(service: Service) -> None:
    client = service.client("xuan-hong")
    without = filled(await template(client), ("DA2", "DA2.02", "Thực hiện", "=3+4"))
    place = cell_of(book_of(without)["DA2"], "DA2.02", "Thực hiện")
    assert await preview(client, without) == [("DA2", place, "formula_without_value")]
    with_result = changed(
        without, lambda _, data: data.replace(b"<f>3+4</f><v />", b"<f>3+4</f><v>7</v>")
    )
    assert with_result != without
    assert await preview(client, with_result) == [("DA2", place, "formula_used")]
    ok(await send(client, with_result))
    (entry,) = (await read(client, XUAN_HONG))["draft"]["entries"]
    assert entry["value"] == 7
    cell = re.compile(rb'<c r="%s"([^>]*)><f>3\+4</f><v />' % place.encode())
    failed = rb'<c r="%s"\1 t="e"><f>1/0</f><v>#DIV/0!</v>' % place.encode()
    error = changed(without, lambda _, data: cell.sub(failed, data))
    assert await preview(client, error) == [("DA2", place, "error_value")]


async def test_merged_cells_are_refused_by_their_address(service: Service) -> None:
    client = service.client("xuan-hong")
    book = book_of(filled(await template(client), ("DA2", "DA2.02", "Thực hiện", 5)))
    place = cell_of(book["DA2"], "DA2.02", "Thực hiện")
    below = f"{place[0]}{int(place[1:]) + 1}"
    book["DA2"].merge_cells(f"{place}:{below}")
    found = ok(await send(client, saved(book), preview="true"))["problems"]
    assert [each["code"] for each in found] == ["merged_cells", "merged_cells"]
    assert f"{place}:{below}" in found[0]["message"]


async def test_lines_may_be_moved_but_not_invented_or_repeated(service: Service) -> None:
    client = service.client("xuan-hong")
    book = book_of(filled(await template(client), ("DA2", "DA2.02", "Thực hiện", 5)))
    sheet = book["DA2"]
    sheet.insert_rows(5)
    sheet.insert_cols(2)
    bottom = sheet.max_row
    sheet[f"A{bottom + 1}"], sheet[f"A{bottom + 2}"] = "DA2.99", "DA2.02"
    assert await preview(client, saved(book)) == [
        ("DA2", f"A{bottom + 1}", "unknown_line"),
        ("DA2", f"A{bottom + 2}", "given_twice"),
    ]


@pytest.mark.parametrize("name", ["version", "agency", "period"])
async def test_the_form_of_another_report_is_refused(service: Service, name: str) -> None:
    client = service.client("xuan-hong")
    if name == "version":
        book = book_of(await template(client))
        book["tiendo"]["B1"] = "0"
        content, code = saved(book), "other_template"
    elif name == "agency":
        content, code = await template(service.client("bac-luong"), BAC_LUONG), "other_report"
    else:
        content, code = await template(client, period="2024-Q3"), "other_report"
    for query in ({}, {"preview": "true"}):
        refused = await send(client, content, **query)
        assert refused.status_code == 422
        assert [each["code"] for each in refused.json()["errors"]] == [code]


def _bomb(content: bytes) -> bytes:
    return added(content, "xl/worksheets/sheet99.xml", b"<row/>" + b" " * 25_000_000)


def _many_rows(content: bytes) -> bytes:
    rows = b"".join(b'<row r="%d"><c r="A%d"/></row>' % (n, n) for n in range(100_000))
    return added(content, "xl/worksheets/sheet99.xml", rows)


def _with_macros(content: bytes) -> bytes:
    return added(content, "xl/vbaProject.bin", b"x")


def _with_links(content: bytes) -> bytes:
    return added(content, "xl/externalLinks/externalLink1.xml", b"<externalLink/>")


def _with_entities(content: bytes) -> bytes:
    declaration = b'<!DOCTYPE a [<!ENTITY b "c">]>'
    return changed(
        content, lambda name, data: declaration + data if name.endswith("workbook.xml") else data
    )


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_bomb, "workbook_too_large"),
        (_many_rows, "workbook_too_large"),
        (_with_macros, "macros"),
        (_with_links, "external_links"),
        (_with_entities, "not_a_workbook"),
        (_cut, "not_a_workbook"),
        (lambda _: b"Ten;So\n", "not_a_workbook"),
    ],
)
async def test_a_file_that_is_no_plain_workbook_is_refused(
    service: Service, spoil: Callable[[bytes], bytes], code: str
) -> None:
    client = service.client("xuan-hong")
    refused = await send(client, spoil(await template(client)))
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["errors"]] == [code]


async def test_the_annual_form_asks_for_estimates(service: Service) -> None:
    client = service.client("xuan-hong")
    content = filled(
        await template(client, period=YEAR),
        ("DA2", "DA2.02", "Thực hiện", 12),
        ("DA2", "DA2.02", "Ước thực hiện cả kỳ", 20),
        ("DA2", "DA2.02", "Số liệu đến ngày", "30/11/2024"),
        ("Kinh phí", MONEY_ROW, "Đã giải ngân từ đầu năm (đồng)", 5),
        ("Kinh phí", MONEY_ROW, "Ước đến 31/12 (đồng)", 6),
    )
    ok(await send(client, content, YEAR))
    body = (await read(client, XUAN_HONG, YEAR))["draft"]
    (entry,) = body["entries"]
    assert (entry["estimate"], entry["actual_to"]) == (20, "2024-11-30")
    assert body["disbursements"][0]["estimate_year_end_vnd"] == 6


async def test_only_writers_import_and_a_stale_version_is_refused(service: Service) -> None:
    client = service.client("xuan-hong")
    content = await template(client)
    assert (
        await service.client("bac-luong").get(f"/reports/{Q2}/{XUAN_HONG}/template.xlsx")
    ).status_code == 404
    await draft(client, XUAN_HONG)
    stale = await client.post(
        f"/reports/{Q2}/{XUAN_HONG}/import.xlsx",
        files={"file": ("a.xlsx", content, XLSX)},
        headers={"If-Match": '"0"'},
    )
    assert stale.status_code == 412


async def test_texts_that_look_like_formulas_stay_texts(service: Service) -> None:
    client = service.client("xuan-hong")
    first = filled(await template(client), ("Thuyết minh", "Kết quả", "Nội dung", "- Đã làm"))
    ok(await send(client, first))
    sheet = book_of(await template(client))["Thuyết minh"]
    place = cell_of(sheet, "Kết quả", "Nội dung")
    assert (sheet[place].value, sheet[place].data_type) == ("- Đã làm", "s")
    assert sheet[place].quotePrefix


@pytest.mark.skipif(which("soffice") is None, reason="LibreOffice is not installed")
async def test_a_file_that_libreoffice_saved_is_read(service: Service, tmp_path: Path) -> None:
    client = service.client("xuan-hong")
    content = filled(
        await template(client),
        ("DA2", "DA2.02", "Thực hiện", "=3+4"),
        ("DA2", "DA2.05", "Thực hiện", 10_500_000),
    )
    (tmp_path / "in.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run(  # noqa: S603, ASYNC221 - no outside input; nothing else runs
        [*convert, "--outdir", str(tmp_path / "out"), str(tmp_path / "in.xlsx")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    ok(await send(client, (tmp_path / "out" / "in.xlsx").read_bytes()))
    values = {
        e["indicator"]: e["value"] for e in (await read(client, XUAN_HONG))["draft"]["entries"]
    }
    assert values == {"DA2.02": 7, "DA2.05": 10_500_000}
