"""Workbooks (XLSX) that can be read and printed as they are."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from app.text.sheets.cells import clean, looks_like_formula
from app.text.sheets.columns import CellValue, Column, Format
from app.text.writing import Language

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell

# openpyxl takes 0.3 s to import and is needed only by few requests.
# ruff: noqa: PLC0415

FONT = "Times New Roman"
"""The font of official documents (Nghị định 30/2020/NĐ-CP)."""
A4 = 9
LINE_HEIGHT = 15
"""The height of a line of text in points."""
MARGINS = {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.8}
"""In inches."""
LETTERS = 1.25
"""The letters of a text that fit into the width of a digit, on average."""
NUMBER_FORMATS = {
    Format.ORDINAL: "0",
    Format.TEXT: "General",
    Format.CODE: "@",
    Format.COUNT: "#,##0",
    Format.FIGURE: "#,##0",
    Format.MONEY: "#,##0",
    Format.RATE: "0.00%",
    Format.DAY: "dd/mm/yyyy",
    Format.INSTANT: "dd/mm/yyyy hh:mm",
}
WITH_DECIMALS = "#,##0.00"
CENTRED = {each.name for each in (Format.ORDINAL, Format.CODE, Format.DAY, Format.INSTANT)}


@dataclass(frozen=True)
class Sheet:
    """A table on a sheet of its own.

    title: the lines above the table, the first one its name. total: the row below it, if any.
    """

    name: str
    title: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[CellValue]]
    total: Sequence[CellValue] | None = field(default=None)


def write(sheets: Sequence[Sheet], language: Language) -> bytes:
    """The workbook with these sheets, landscape on A4, one page wide, with repeated headings."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _add_styles(book)
    for sheet in sheets:
        _write_sheet(book, sheet, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _add_styles(book: "Workbook") -> None:
    """The styles of the cells, each added once, so that a large table is written fast."""
    from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side

    line = Side(style="thin", color="808080")
    grid = Border(left=line, right=line, top=line, bottom=line)
    middle = Alignment(horizontal="center", vertical="center", wrap_text=True)
    fill = PatternFill("solid", fgColor="E7EEF5")
    for name, font, alignment in (
        ("title", Font(name=FONT, size=14, bold=True), middle),
        ("subtitle", Font(name=FONT, size=12), middle),
    ):
        book.add_named_style(NamedStyle(name, font=font, alignment=alignment))
    bold = Font(name=FONT, size=11, bold=True)
    book.add_named_style(NamedStyle("heading", font=bold, alignment=middle, border=grid, fill=fill))
    formats = {each.name: number_format for each, number_format in NUMBER_FORMATS.items()}
    for name, number_format in (formats | {"DECIMALS": WITH_DECIMALS}).items():
        is_text = name == Format.TEXT.name
        side = "left" if is_text else "center" if name in CENTRED else "right"
        alignment = Alignment(horizontal=side, vertical="center", wrap_text=is_text)
        for prefix, is_bold in (("", False), ("total ", True)):
            style = NamedStyle(
                prefix + name,
                font=Font(name=FONT, size=11, bold=is_bold),
                alignment=alignment,
                border=grid,
                number_format=number_format,
            )
            book.add_named_style(style)


def _write_sheet(book: "Workbook", sheet: Sheet, language: Language) -> None:
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(sheet.name)
    # 1. Openpyxl's streaming writes the set-up before the first row.
    last = get_column_letter(max(len(sheet.columns), 1))
    heading_row = len(sheet.title) + 2 if sheet.title else 1
    for number, column in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(number)].width = column.width
    page.freeze_panes = f"A{heading_row + 1}"
    page.print_title_rows = f"{heading_row}:{heading_row}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_options.horizontalCentered = True
    for side, inches in MARGINS.items():
        setattr(page.page_margins, side, inches)
    page.oddFooter.center.text = "&P/&N"
    # 2. The title, across the whole table.
    width = sum(column.width for column in sheet.columns)
    for number, line in enumerate(sheet.title, 1):
        style = "title" if number == 1 else "subtitle"
        page.row_dimensions[number].height = _height([(line, width * 0.8)]) + 4
        page.append([_cell(page, line, style)])
        if len(sheet.columns) > 1:
            page.merged_cells.add(f"A{number}:{last}{number}")
    if sheet.title:
        page.append([])
    # 3. Headings, rows and the total.
    labels = [column.label.text_in(language) for column in sheet.columns]
    widths = [column.width for column in sheet.columns]
    text_widths = [width * LETTERS for width in widths]
    page.row_dimensions[heading_row].height = _height(
        (label, width * 0.85) for label, width in zip(labels, widths, strict=True)
    )
    page.append([_cell(page, label, "heading") for label in labels])
    for number, row in enumerate(sheet.rows, heading_row + 1):
        page.row_dimensions[number].height = _height(zip(row, text_widths, strict=True))
        page.append(list(_cells(page, sheet.columns, row)))
    if sheet.total is not None:
        page.append(list(_cells(page, sheet.columns, sheet.total, "total ")))
    page.auto_filter.ref = f"A{heading_row}:{last}{heading_row + len(sheet.rows)}"


def _height(cells: Iterable[tuple[CellValue, float]]) -> int:
    """The height of a row from its texts and their widths in characters.

    Not left to the program that opens the file: LibreOffice shows one line without it.
    """
    lines = [
        len(wrap(text, max(int(width), 1)))
        for text, width in cells
        if isinstance(text, str) and len(text) > width
    ]
    return LINE_HEIGHT * max(lines, default=1)


def _cells(
    page: Any, columns: Sequence[Column], row: Sequence[CellValue], prefix: str = ""
) -> "Iterator[Cell]":
    for column, value in zip(columns, row, strict=True):
        has_decimals = (
            column.format is Format.FIGURE and isinstance(value, float) and value % 1 != 0
        )
        name = "DECIMALS" if has_decimals else column.format.name
        yield _cell(page, value, prefix + name)


def _cell(page: Any, value: CellValue, style: str) -> "Cell":
    """A cell; a text stays a text, also one that looks like a formula and is edited later."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, str):
        value = clean(value)
    cell = WriteOnlyCell(page, value)  # type: ignore[arg-type]  # typeshed omits dates
    cell.style = style
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = looks_like_formula(value)
    return cell
