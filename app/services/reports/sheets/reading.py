"""Read a filled form: a patch of the draft, and what is wrong at which cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from app.errors import FieldError, ValidationFailed
from app.services.reports.figures import MONEY, Limits, find_error
from app.services.reports.form import Form
from app.services.reports.sheets import layout, numbers
from app.services.reports.sheets.archive import Workbooks
from app.services.reports.sheets.template import money_key
from app.text.bilingual import Bilingual
from app.text.sheets.cells import clean

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

OTHER_TEMPLATE = Bilingual(
    "Tệp không phải biểu mẫu của phiên bản này; hãy tải lại biểu mẫu rồi chép số liệu sang.",
    "The file is not this version's form; download the form again and copy the figures.",
)
OTHER_REPORT = Bilingual(
    "Tệp là biểu mẫu của đơn vị {agency}, kỳ {period}, kế hoạch {plan}; không phải của báo cáo "
    "này.",
    "The file is the form of agency {agency} for {period}, plan {plan}; not of this report.",
)
UNKNOWN_LINE = Bilingual("Báo cáo này không có dòng “{code}”.", "This report has no line “{code}”.")
GIVEN_TWICE = Bilingual(
    "Dòng “{code}” đã có ở ô {first}; mỗi dòng chỉ ghi một lần.",
    "The line “{code}” stands at {first} already.",
)
MERGED = Bilingual(
    "Các ô {cells} đã bị gộp; hãy bỏ gộp rồi ghi lại.",
    "The cells {cells} are merged; unmerge them.",
)
FORMULA_WITHOUT_VALUE = Bilingual(
    "Ô có công thức nhưng tệp không lưu kết quả; hãy mở bằng Excel rồi lưu lại, hoặc gõ số.",
    "The cell has a formula without a saved result; save the file with Excel, or type the number.",
)
FORMULA_USED = Bilingual(
    "Ô có công thức; đã lấy kết quả là {value}.",
    "The cell has a formula; its result {value} is used.",
)
ERROR_VALUE = Bilingual("Ô báo lỗi {value}.", "The cell has the error {value}.")
DATE = Bilingual(
    "Ô là ngày tháng, không phải số; hãy đặt lại định dạng ô là số rồi gõ lại.",
    "The cell is a date, not a number; format it as a number and type it again.",
)
NOT_A_DAY = Bilingual("“{typed}” không phải là ngày.", "“{typed}” is not a day.")
TOO_LONG = Bilingual("Tối đa {most} ký tự.", "At most {most} characters.")
HERE = Bilingual("Số ghi ở đây", "The number")
LONGEST_NOTE, LONGEST_TEXT = 500, 10_000
DAY_FORMATS = ("%Y-%m-%d", "%d/%m/%Y")


@dataclass
class Reading:
    """What a filled form contains. `patch` has the lines that are not blank."""

    problems: list[FieldError] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    disbursements: list[dict[str, Any]] = field(default_factory=list)
    narrative: dict[str, Any] = field(default_factory=dict)

    @property
    def patch(self) -> dict[str, Any]:
        """The change of the draft, as `PATCH` takes it."""
        return {
            "entries": self.entries,
            "disbursements": self.disbursements,
            "narrative": self.narrative,
        }

    @property
    def has_errors(self) -> bool:
        """Whether a problem prevents the import."""
        return any(problem.level == "error" for problem in self.problems)

    def add(self, place: "Place", code: str, message: Bilingual, /, **facts: Any) -> None:
        """Add an error at a cell."""
        self.problems.append(problem_at(place, code, message, facts))


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a sheet."""

    sheet: str
    cell: str


def problem_at(
    place: Place, code: str, message: Bilingual, facts: Mapping[str, Any], *, is_error: bool = True
) -> FieldError:
    """A problem that names sheet and cell."""
    return FieldError(
        f"/{place.sheet}/{place.cell}",
        code,
        message,
        facts,
        level="error" if is_error else "warning",
        about={"sheet": place.sheet, "cell": place.cell},
    )


@dataclass(frozen=True)
class Table:
    """A sheet with headings: the cells of each row by heading, as saved and as formulas."""

    name: str
    values: "Worksheet"
    formulas: "Worksheet"
    heading_row: int
    columns: Mapping[str, int]

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number of each row below the headings, and its values by heading."""
        for number in range(self.heading_row + 1, self.values.max_row + 1):
            row = {
                heading: self.values.cell(number, column).value
                for heading, column in self.columns.items()
            }
            yield number, row

    def place(self, number: int, heading: str) -> Place:
        """The place of a cell."""
        return Place(self.name, self.values.cell(number, self.columns[heading]).coordinate)

    def formula(self, number: int, heading: str) -> bool:
        """Whether a cell has a formula."""
        return self.formulas.cell(number, self.columns[heading]).data_type == "f"

    def merged(self, place: Place) -> str | None:
        """The merged range in which a cell lies; None if there is none."""
        ranges = self.values.merged_cells.ranges
        return next((str(each.coord) for each in ranges if place.cell in each), None)


def read(books: Workbooks, form: Form) -> Reading:
    """Read the sheets of a form.

    Raises:
        ValidationFailed: the file is the form of another version, agency, period or plan.
    """
    _ensure_this_report(books, form)
    reading = Reading()
    limits = {
        figure.row["indicator"]: Limits(
            figure.row["unit"],
            figure.row["decimals"],
            *([Decimal(figure.row["maximum"])] if figure.row["maximum"] is not None else []),
        )
        for figure in form.figures
    }
    projects = {figure.row["indicator"]: figure.row["project"] for figure in form.figures}
    lines = {money_key(row): row for row in form.money}
    seen: dict[str, str] = {}
    for name in books.values.sheetnames:
        if (table := _find_table(books, name, layout.INDICATOR)) is not None:
            for code, number, row in _known_lines(reading, table, layout.INDICATOR, limits, seen):
                line = _fields(reading, table, number, row, layout.ENTRY_FIELDS, limits[code])
                if line:
                    reading.entries.append({"project": projects[code], "indicator": code, **line})
        elif (table := _find_table(books, name, layout.MONEY)) is not None:
            for code, number, row in _known_lines(reading, table, layout.MONEY, lines, seen):
                line = _fields(reading, table, number, row, layout.MONEY_FIELDS, MONEY)
                if line:
                    key = {part: lines[code][part] for part in ("project", "source", "origin")}
                    nature = {"nature": lines[code]["nature"]} if lines[code]["nature"] else {}
                    reading.disbursements.append(key | nature | line)
        elif (table := _find_table(books, name, layout.PART)) is not None:
            _read_narrative(reading, table)
    return reading


def _ensure_this_report(books: Workbooks, form: Form) -> None:
    if layout.IDENTITY_SHEET not in books.values.sheetnames:
        raise ValidationFailed.at("/file", "other_template", OTHER_TEMPLATE)
    sheet = books.values[layout.IDENTITY_SHEET]
    facts = {str(name): str(value) for name, value in sheet.iter_rows(max_col=2, values_only=True)}
    if facts.get("version") != layout.VERSION:
        raise ValidationFailed.at("/file", "other_template", OTHER_TEMPLATE)
    named = {name: facts.get(name, "-") for name in ("plan", "period", "agency")}
    if any(value != form.subject[name] for name, value in named.items()):
        raise ValidationFailed.at("/file", "other_report", OTHER_REPORT, **named)


def _find_table(books: Workbooks, name: str, first_heading: str) -> Table | None:
    """The table of a sheet whose headings contain one; they may have been moved."""
    values = books.values[name]
    for number in range(1, min(values.max_row, 20) + 1):
        headings = {
            str(cell.value).strip(): column
            for column, cell in enumerate(values[number], 1)
            if cell.value is not None
        }
        if first_heading in headings:
            return Table(name, values, books.formulas[name], number, headings)
    return None


def _known_lines(
    reading: Reading, table: Table, heading: str, known: Mapping[str, Any], seen: dict[str, str]
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The rows with the code of a known line; an error for each other row that has content."""
    for number, row in table.rows():
        if row[heading] is None:
            continue
        code, place = str(row[heading]).strip(), table.place(number, heading)
        if code not in known:
            reading.add(place, "unknown_line", UNKNOWN_LINE, code=code)
        elif code in seen:
            reading.add(place, "given_twice", GIVEN_TWICE, code=code, first=seen[code])
        else:
            seen[code] = f"{place.sheet}!{place.cell}"
            yield code, number, row


def _fields(
    reading: Reading,
    table: Table,
    number: int,
    row: Mapping[str, Any],
    fields: Mapping[str, str],
    limits: Limits,
) -> dict[str, Any]:
    """The fields of a line whose cells are not blank."""
    line: dict[str, Any] = {}
    for heading, name in fields.items():
        if heading not in table.columns:
            continue
        place = table.place(number, heading)
        value = _content(reading, table, number, heading, row[heading])
        if value is None:
            continue
        if name == "note":
            line[name] = _text(reading, place, " ".join(str(value).split()), LONGEST_NOTE)
        elif name == "actual_to":
            line[name] = _day(reading, place, value)
        else:
            line[name] = _number(reading, place, value, limits)
    return line


def _content(reading: Reading, table: Table, number: int, heading: str, value: Any) -> Any:
    """The content of a cell; None if it is blank, or has a problem that was added."""
    place = table.place(number, heading)
    if cells := table.merged(place):
        reading.add(place, "merged_cells", MERGED, cells=cells)
        return None
    if table.formula(number, heading):
        if value is None:
            reading.add(place, "formula_without_value", FORMULA_WITHOUT_VALUE)
            return None
        if not (isinstance(value, str) and value.startswith("#")):
            facts = {"value": value}
            used = problem_at(place, "formula_used", FORMULA_USED, facts, is_error=False)
            reading.problems.append(used)
    if isinstance(value, str) and value.startswith("#") and value.endswith(("!", "?", "A")):
        reading.add(place, "error_value", ERROR_VALUE, value=value)
        return None
    return None if isinstance(value, str) and not value.strip() else value


def _number(reading: Reading, place: Place, value: Any, limits: Limits) -> int | float | None:
    """The number in a cell; None with an error if it is none that a report can contain."""
    if isinstance(value, str):
        try:
            number = numbers.parse(value, limits.decimals)
        except numbers.UnreadableError as reason:
            reading.add(place, reason.code, reason.message, **reason.facts)
            return None
    elif isinstance(value, bool):
        reading.add(place, "not_a_number", numbers.NOT_A_NUMBER, typed=str(value))
        return None
    elif isinstance(value, int | float):
        number = round(Decimal(str(value)), 9)  # 0.1 + 0.2 of a formula
    else:
        reading.add(place, "date_for_number", DATE)
        return None
    plain = int(number) if number == number.to_integral_value() else float(number)
    if error := find_error("", plain, limits):
        reading.add(place, error.code, error.message, **error.facts, subject=HERE)
        return None
    return plain


def _day(reading: Reading, place: Place, value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    for pattern in DAY_FORMATS:
        try:
            return datetime.strptime(str(value).strip(), pattern).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    reading.add(place, "not_a_day", NOT_A_DAY, typed=str(value))
    return None


def _text(reading: Reading, place: Place, value: Any, most: int) -> str | None:
    text = normalize("NFC", clean(str(value))).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > most:
        reading.add(place, "string_too_long", TOO_LONG, most=most)
        return None
    return text


def _read_narrative(reading: Reading, table: Table) -> None:
    parts = {label.vi: name for name, label in layout.NARRATIVE.items()}
    for number, row in table.rows():
        name = parts.get(str(row[layout.PART]).strip())
        if name is None or layout.TEXT not in table.columns:
            continue
        value = _content(reading, table, number, layout.TEXT, row[layout.TEXT])
        if value is not None:
            place = table.place(number, layout.TEXT)
            reading.narrative[name] = _text(reading, place, value, LONGEST_TEXT)
