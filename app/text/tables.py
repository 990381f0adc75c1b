"""Aggregates as CSV and XLSX tables."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FORMULA_STARTS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""Also the full-width signs, which some spreadsheets read as the plain ones."""
CONTEXT_FIELDS = (
    "plan",
    "programme",
    "plans",
    "period",
    "agency",
    "basis",
    "as_of",
    "by",
    "without_plan",
)
COVERAGE_FIELDS = (
    "expected",
    "submitted",
    "accepted",
    "on_time",
    "late",
    "exempt",
    "missing_count",
)


def safe_cell(value: Any) -> Any:
    """A cell value without characters that XML forbids, escaped so that it is never a formula.

    A list of codes becomes one text.
    """
    if isinstance(value, list):
        return " ".join(value)
    if not isinstance(value, str):
        return value
    text = NOT_IN_XML.sub("", value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def as_csv(aggregate: Mapping[str, Any]) -> bytes:
    """The rows as CSV, each with the context and the coverage of the aggregate.

    UTF-8 with a byte order mark, because Excel does not recognise UTF-8 otherwise.
    """
    context = _facts(aggregate)
    context["missing"] = " ".join(aggregate["coverage"]["missing"])
    # A row's own `agency` would overwrite that of the subtree.
    rows = [
        context | {"row_" + k if k in context else k: v for k, v in row.items()}
        for row in aggregate["rows"]
    ] or [context]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0])
    writer.writerows([safe_cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(aggregate: Mapping[str, Any]) -> bytes:
    """A workbook with three sheets: rows, context with coverage, missing agencies."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import and rarely needed

    book = Workbook()
    figures = book.worksheets[0]
    figures.title = "Số liệu"
    rows = aggregate["rows"]
    _fill(figures, list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    facts = [list(fact) for fact in _facts(aggregate).items()]
    coverage_sheet = book.create_sheet("Độ phủ")
    _fill(coverage_sheet, ["Mục", "Giá trị"], facts)
    agencies = aggregate["coverage"]["missing_agencies"]
    missing = [[item["agency"], item["agency_name"]] for item in agencies]
    _fill(book.create_sheet("Chưa gửi"), ["Mã", "Đơn vị"], missing)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _facts(aggregate: Mapping[str, Any]) -> dict[str, Any]:
    """The context and the coverage of an aggregate; lists of codes as one text."""
    facts = {name: aggregate[name] for name in CONTEXT_FIELDS if name in aggregate}
    coverage = aggregate["coverage"]
    facts |= {name: coverage[name] for name in COVERAGE_FIELDS if name in coverage}
    return {
        name: " ".join(value) if isinstance(value, list) else value for name, value in facts.items()
    }


def _fill(sheet: "Worksheet", names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - as above

    sheet.append(list(names))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([safe_cell(value) for value in row])
    sheet.freeze_panes = "A2"
