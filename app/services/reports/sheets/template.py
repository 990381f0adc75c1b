"""Write the form of a report as a workbook: a sheet for each component, money, and words."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.services.reports.form import Form, FormFigure
from app.services.reports.sheets import layout
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.sheets.cells import clean, looks_like_formula
from app.text.sheets.columns import capitalised
from app.vocabulary import LARGEST_FIGURE, LARGEST_VND

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# ruff: noqa: PLC0415 - openpyxl is slow to import and rarely needed

FONT = "Times New Roman"
A4 = 9
GUIDANCE = (
    "Chỉ ghi vào các ô màu vàng; không phát sinh thì ghi 0. Ô để trống không làm thay đổi số liệu "
    "đã có trong dự thảo."
)
WRONG_NUMBER = "Phải ghi một số từ 0 đến {maximum}."

Draft = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: `value` gives the cells from a row; `maximum` makes them cells for a number."""

    heading: str
    width: int
    value: Callable[[Any], Any]
    number_format: str = "General"
    is_input: bool = False
    maximum: Callable[[Any], Decimal] | None = None


def write(form: Form, draft: Draft) -> bytes:
    """The workbook for an agency and a period, with what its draft already contains."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    entries = {entry["indicator"]: entry for entry in draft["entries"]}
    for name, title, figures in _sections(form):
        _write_table(book, form, name, title, _figure_columns(form, entries), figures)
    if form.money:
        amounts = {money_key(each): each for each in draft["disbursements"]}
        title = "Kinh phí đã giải ngân"
        columns = _money_columns(form, amounts)
        _write_table(book, form, layout.MONEY_SHEET, title, columns, form.money)
    _write_table(
        book,
        form,
        layout.NARRATIVE_SHEET,
        "Thuyết minh",
        [
            Column(layout.PART, 24, lambda row: row[1].vi),
            Column(
                layout.TEXT, 100, lambda row: draft["narrative"].get(row[0]), "@", is_input=True
            ),
        ],
        list(layout.NARRATIVE.items()),
    )
    _write_identity(book, form)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def money_key(row: Mapping[str, Any]) -> str:
    """The code of a row of money: project, source, origin and, where it is stated, nature."""
    parts = (row["project"], row["source"], row["origin"], row.get("nature"))
    return "/".join(part for part in parts if part)


def _sections(form: Form) -> list[tuple[str, str, list[FormFigure]]]:
    """The sheets of figures: name, title, rows; the common figures last."""
    by_project: dict[str | None, list[FormFigure]] = {}
    for figure in form.figures:
        by_project.setdefault(figure.row["project"], []).append(figure)
    common = by_project.pop(None, [])
    sections = [
        (project, f"{project}. {figures[0].row['project_name']}", figures)
        for project, figures in by_project.items()
        if project is not None
    ]
    if common:
        sections.append((layout.COMMON_SHEET, layout.COMMON_SHEET, common))
    return sections


def _figure_columns(form: Form, entries: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    def drafted(name: str) -> Callable[[FormFigure], Any]:
        return lambda figure: entries.get(figure.row["indicator"], {}).get(name)

    def maximum(figure: FormFigure) -> Decimal:
        return Decimal(figure.row["maximum"] or LARGEST_FIGURE)

    estimates = [
        Column(
            layout.ESTIMATE, 16, drafted("estimate"), "#,##0.##", is_input=True, maximum=maximum
        ),
        Column(layout.ACTUAL_TO, 14, drafted("actual_to"), "@", is_input=True),
    ]
    return [
        Column(layout.INDICATOR, 12, lambda figure: figure.row["indicator"], "@"),
        Column("Chỉ tiêu", 56, lambda figure: figure.row["name"]),
        Column("Đơn vị tính", 12, lambda figure: figure.row["unit"]),
        Column("Bắt buộc", 9, lambda figure: "x" if figure.row["required"] else None),
        Column(
            "Số kỳ trước",
            14,
            lambda figure: figure.beside.previous and figure.beside.previous.value,
            "#,##0.##",
        ),
        Column(layout.VALUE, 16, drafted("value"), "#,##0.##", is_input=True, maximum=maximum),
        *(estimates if form.asks_estimates else []),
        Column(layout.NOTE, 36, drafted("note"), "@", is_input=True),
    ]


def _money_columns(form: Form, amounts: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    def word(name: str, words: Mapping[Any, Bilingual]) -> Callable[[Any], Any]:
        return lambda row: row[name] and capitalised(words[row[name]].vi)

    def drafted(heading: str) -> Column:
        name = layout.MONEY_FIELDS[heading]
        return Column(
            heading,
            20,
            lambda row: amounts.get(money_key(row), {}).get(name),
            "#,##0",
            is_input=True,
            maximum=lambda _: Decimal(LARGEST_VND),
        )

    headings = [layout.AMOUNT]
    if form.asks_money_estimates:
        headings += [layout.YEAR_END, layout.SETTLEMENT]
    return [
        Column(layout.MONEY, 34, money_key, "@"),
        Column("Dự án, tiểu dự án", 44, lambda row: row["project_name"]),
        Column("Nguồn vốn", 20, word("source", terms.BUDGET_SOURCE)),
        Column("Loại vốn", 20, word("origin", terms.BUDGET_ORIGIN)),
        Column("Tính chất vốn", 18, word("nature", terms.BUDGET_NATURE)),
        Column("Giao cho đơn vị (đồng)", 18, lambda row: row["allocated_vnd"], "#,##0"),
        Column("Số kỳ trước (đồng)", 18, lambda row: row["disbursed_vnd"], "#,##0"),
        *(drafted(heading) for heading in headings),
    ]


def _write_table(
    book: "Workbook",
    form: Form,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

    sheet = book.create_sheet(name)
    line = Side(style="thin", color="808080")
    grid = Border(left=line, right=line, top=line, bottom=line)
    period = form.period_names[form.subject["period"]].vi
    for number, text in enumerate(
        (title, f"{form.subject['agency_name']}: báo cáo {period}", GUIDANCE), 1
    ):
        cell = sheet.cell(number, 1, text)
        cell.font = Font(name=FONT, size=14 if number == 1 else 11, bold=number == 1)
    for position, column in enumerate(columns, 1):
        heading = sheet.cell(layout.HEADING_ROW, position, column.heading)
        heading.font, heading.border = Font(name=FONT, size=11, bold=True), grid
        heading.fill = PatternFill("solid", fgColor="E7EEF5")
        heading.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[heading.column_letter].width = column.width
        for number, row in enumerate(rows, layout.HEADING_ROW + 1):
            value = column.value(row)
            cell = sheet.cell(number, position)
            if isinstance(value, str):
                cell.value = clean(value)
                cell.data_type, cell.quotePrefix = "s", looks_like_formula(value)
            else:
                cell.value = value
            cell.font, cell.border = Font(name=FONT, size=11), grid
            cell.alignment = Alignment(vertical="center", wrap_text=True)
            cell.number_format = column.number_format
            if column.is_input:
                cell.fill = PatternFill("solid", fgColor="FFF8DC")
                cell.protection = Protection(locked=False)
            if column.maximum:
                _validate(sheet, cell.coordinate, column.maximum(row))
    _set_up(sheet)


def _validate(sheet: "Worksheet", cell: str, maximum: Decimal) -> None:
    """Let Excel refuse what is no number within the limits."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = DataValidation(type="decimal", operator="between", formula1="0", formula2=f"{maximum:f}")
    rule.errorTitle, rule.error = "Tiến độ", WRONG_NUMBER.format(maximum=f"{maximum:f}")
    rule.showErrorMessage, rule.allow_blank = True, True
    rule.add(cell)
    sheet.add_data_validation(rule)


def _set_up(sheet: "Worksheet") -> None:
    """Lock the labels, freeze the headings, and print on A4."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.freeze_panes = f"A{layout.HEADING_ROW + 1}"
    sheet.print_title_rows = f"{layout.HEADING_ROW}:{layout.HEADING_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    properties = sheet.sheet_properties.pageSetUpPr
    if properties is not None:
        properties.fitToPage = True


def _write_identity(book: "Workbook", form: Form) -> None:
    """The hidden sheet by which an import recognises the file."""
    sheet = book.create_sheet(layout.IDENTITY_SHEET)
    sheet.sheet_state = "veryHidden"
    facts = {"version": layout.VERSION, **form.subject}
    for number, name in enumerate(layout.IDENTITY, 1):
        sheet.cell(number, 1, name)
        value = sheet.cell(number, 2, str(facts[name]))
        value.number_format = "@"
