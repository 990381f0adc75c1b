"""Aggregates as tables for people: the columns of each kind, with their headings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.clock import LOCAL
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.periods import name_of_code
from app.text.sheets import compared, vietnamese_csv, workbook
from app.text.sheets.columns import CellValue, Column, Format, capitalised, present
from app.text.sheets.machine_csv import context_of
from app.text.writing import Language

Aggregate = Mapping[str, Any]

ORDINAL = Column("ordinal", Bilingual("TT", "No."), Format.ORDINAL, 5)
GROUP = (
    Column("government", Bilingual("Mã", "Code"), Format.CODE, 9, is_optional=True),
    Column("government_name", Bilingual("Đơn vị", "Government"), width=24, is_optional=True),
    Column("agency", Bilingual("Mã đơn vị", "Code"), Format.CODE, 12, is_optional=True),
    Column("agency_name", Bilingual("Đơn vị", "Agency"), width=30, is_optional=True),
    Column(
        "agency_kind",
        Bilingual("Loại đơn vị", "Kind of agency"),
        terms=terms.AGENCY_KIND,
        is_optional=True,
    ),
    Column("plan", Bilingual("Kế hoạch", "Plan"), Format.CODE, 18, is_optional=True),
)
"""The columns that name the group and the plan of a row; without a breakdown most have none."""
PROJECT = Column("project", Bilingual("Mã dự án", "Project"), Format.CODE, 11)
COMPARED = Column(
    "compared",
    Bilingual("Số liệu đối chiếu, không cộng", "Compared, not summed"),
    width=40,
    is_optional=True,
)
UNIT = Column("unit", Bilingual("Đơn vị tính", "Unit"), width=11)
AGENCIES = Column("agencies", Bilingual("Số đơn vị có số liệu", "Agencies"), Format.COUNT, 9)

INDICATORS = (
    PROJECT,
    Column("indicator", Bilingual("Mã chỉ tiêu", "Indicator"), Format.CODE, 11),
    Column("name", Bilingual("Chỉ tiêu", "Name"), width=50),
    UNIT,
    Column("kind", Bilingual("Cách tính", "Counted"), width=19, terms=terms.INDICATOR_KIND),
    Column("value", Bilingual("Thực hiện", "Value"), Format.FIGURE),
    Column(
        "estimate",
        Bilingual("Ước thực hiện cả kỳ", "Estimate"),
        Format.FIGURE,
        is_optional=True,
    ),
    AGENCIES,
    Column("actual_to_earliest", Bilingual("Số liệu sớm nhất đến", "Earliest day"), Format.DAY, 11),
    Column("actual_to_latest", Bilingual("Số liệu mới nhất đến", "Latest day"), Format.DAY, 11),
    COMPARED,
)
EXECUTION = (
    PROJECT,
    Column("name", Bilingual("Dự án, tiểu dự án", "Name"), width=40),
    Column(
        "source",
        Bilingual("Nguồn vốn", "Source"),
        width=15,
        terms=terms.BUDGET_SOURCE,
        is_optional=True,
    ),
    Column(
        "origin",
        Bilingual("Loại vốn", "Origin"),
        width=15,
        terms=terms.BUDGET_ORIGIN,
        is_optional=True,
    ),
    Column(
        "nature",
        Bilingual("Tính chất vốn", "Nature"),
        width=16,
        terms=terms.BUDGET_NATURE,
        is_optional=True,
    ),
    Column("allocated_vnd", Bilingual("Kế hoạch vốn (đồng)", "Allocated (VND)"), Format.MONEY, 16),
    Column("disbursed_vnd", Bilingual("Đã giải ngân (đồng)", "Disbursed (VND)"), Format.MONEY, 16),
    Column("execution_rate", Bilingual("Tỷ lệ giải ngân", "Execution rate"), Format.RATE, 10),
    Column(
        "estimate_year_end_vnd",
        Bilingual("Ước giải ngân đến 31/12 (đồng)", "Estimate to 31 December (VND)"),
        Format.MONEY,
        16,
        is_optional=True,
    ),
    Column(
        "estimate_settlement_vnd",
        Bilingual("Ước giải ngân đến 31/01 năm sau (đồng)", "Estimate to 31 January (VND)"),
        Format.MONEY,
        16,
        is_optional=True,
    ),
    Column("agencies", Bilingual("Số đơn vị giải ngân", "Agencies"), Format.COUNT, 9),
    COMPARED,
)
TIMELINESS = (
    Column("due_date", Bilingual("Hạn gửi (hết ngày)", "Due date"), Format.DAY, 12),
    Column("late_from", Bilingual("Gửi chậm tính từ", "Late from"), Format.INSTANT, 17),
    Column("timeliness", Bilingual("Tình trạng", "Timeliness"), terms=terms.TIMELINESS),
    Column("days_late", Bilingual("Số ngày chậm", "Days late"), Format.COUNT, 9),
    Column("first_submitted_at", Bilingual("Gửi lần đầu", "First sent"), Format.INSTANT, 17),
)
COUNTS = (
    Column("reports", Bilingual("Số báo cáo phải gửi", "Reports"), Format.COUNT, 12),
    *(
        Column(state.value, Bilingual(capitalised(word.vi), capitalised(word.en)), Format.COUNT, 12)
        for state, word in terms.TIMELINESS.items()
    ),
)
TARGETS = (
    Column("name", Bilingual("Mục tiêu", "Name"), width=40),
    Column("project", Bilingual("Mã dự án", "Project"), Format.CODE, 11, is_optional=True),
    Column("indicator", Bilingual("Mã chỉ tiêu", "Indicator"), Format.CODE, 11, is_optional=True),
    UNIT,
    Column("target", Bilingual("Kế hoạch", "Target value"), Format.FIGURE, 10),
    Column("baseline", Bilingual("Số đầu năm", "Baseline"), Format.FIGURE, 10, is_optional=True),
    Column("measure", Bilingual("Cách tính", "Measure"), terms=terms.TARGET_MEASURE, width=16),
    Column("figure", Bilingual("Số báo cáo", "Figure"), Format.FIGURE, 10),
    Column("value", Bilingual("Đã thực hiện", "Reached"), Format.FIGURE, 10),
    Column("share", Bilingual("Tỷ lệ hoàn thành", "Share"), Format.RATE, 10),
    AGENCIES,
    Column("expected", Bilingual("Số đơn vị phải báo cáo", "Expected"), Format.COUNT, 10),
    Column("gaps", Bilingual("Còn thiếu", "Missing"), width=28, terms=terms.TARGET_GAP),
)


@dataclass(frozen=True)
class Table:
    """A kind of aggregate; `has_basis`: whether its rows depend on the basis."""

    title: Bilingual
    columns: Sequence[Column]
    has_basis: bool = True


TABLES = {
    "indicators": Table(
        Bilingual("Kết quả thực hiện các chỉ tiêu", "Indicators"), (*GROUP, *INDICATORS)
    ),
    "budget-execution": Table(
        Bilingual("Tình hình giải ngân kinh phí", "Budget execution"), (*GROUP, *EXECUTION)
    ),
    "timeliness": Table(
        Bilingual("Tình hình gửi báo cáo", "Timeliness"),
        (*GROUP, *TIMELINESS, *COUNTS),
        has_basis=False,
    ),
    "targets": Table(Bilingual("Kết quả thực hiện các mục tiêu", "Targets"), (*GROUP, *TARGETS)),
}
"""Each kind of aggregate by its name in the API."""
FACTS = {
    "plan": Bilingual("Kế hoạch", "Plan"),
    "programme": Bilingual("Chương trình", "Programme"),
    "plans": Bilingual("Các kế hoạch", "Plans"),
    "period": Bilingual("Kỳ báo cáo", "Period"),
    "agency": Bilingual("Mã đơn vị tổng hợp", "Summed for"),
    "basis": Bilingual("Căn cứ", "Basis"),
    "as_of": Bilingual("Thời điểm số liệu", "As of"),
    "by": Bilingual("Chia theo", "Broken down by"),
    "without_plan": Bilingual("Đơn vị không có kế hoạch", "Without a plan"),
    "expected": Bilingual("Số báo cáo phải gửi", "Reports expected"),
    "submitted": Bilingual("Đã gửi", "Submitted"),
    "accepted": Bilingual("Đã duyệt", "Accepted"),
    "on_time": Bilingual("Gửi đúng hạn", "On time"),
    "late": Bilingual("Gửi chậm", "Late"),
    "exempt": Bilingual("Được miễn", "Exempt"),
    "missing_count": Bilingual("Chưa gửi", "Missing"),
    "missing_compared": Bilingual(
        "Chưa gửi, chỉ để đối chiếu", "Missing, only compared with the sums"
    ),
}
"""The context and the coverage of an aggregate."""
FACT_COLUMNS = (
    Column("fact", Bilingual("Mục", "Item"), width=30),
    Column("value", Bilingual("Giá trị", "Value"), width=60),
)
MISSING_COLUMNS = (
    ORDINAL,
    Column("agency", Bilingual("Mã", "Code"), Format.CODE, 14),
    Column("agency_name", Bilingual("Đơn vị", "Agency"), width=50),
)
TOTAL = Bilingual("Tổng cộng", "Total")
BASIS = {
    "accepted": Bilingual("Số liệu của các báo cáo đã duyệt.", "Figures of accepted reports."),
    "submitted": Bilingual(
        "Số liệu của các báo cáo đã gửi, kể cả chưa duyệt.", "Figures of submitted reports."
    ),
}
SUMMED_FOR = Bilingual(
    "Đơn vị: {agency} ({code}). Kỳ báo cáo: {period}.", "Agency: {agency} ({code}), {period}."
)
COVERAGE = Bilingual(
    "Tính đến {instant}: đã gửi {submitted}/{expected} báo cáo, đã duyệt {accepted}, "
    "chưa gửi {missing}.",
    "As of {instant}: {submitted} of {expected} reports submitted, {accepted} accepted, "
    "{missing} missing.",
)


@dataclass(frozen=True, slots=True)
class Names:
    """The names for the title of an aggregate: of the plan or the plans, and of its agency."""

    subject: str
    agency: str


def as_workbook(kind: str, aggregate: Aggregate, names: Names, language: Language) -> bytes:
    """A workbook with three sheets: the rows, the context with the coverage, missing agencies."""
    table = TABLES[kind]
    columns, rows = rows_of(table, aggregate, language)
    figures = workbook.Sheet(
        name=Bilingual("Số liệu", "Figures").text_in(language),
        title=_title(table, aggregate, names, language),
        columns=columns,
        rows=rows,
        total=_total(columns, aggregate, language),
    )
    facts = workbook.Sheet(
        name=Bilingual("Tình hình gửi", "Coverage").text_in(language),
        title=[],
        columns=FACT_COLUMNS,
        rows=[
            [FACTS[name].text_in(language), text] for name, text in facts_of(aggregate, language)
        ],
    )
    missing = workbook.Sheet(
        name=Bilingual("Chưa gửi", "Missing").text_in(language),
        title=[],
        columns=MISSING_COLUMNS,
        rows=[
            [number, item["agency"], item["agency_name"]]
            for number, item in enumerate(aggregate["coverage"]["missing_agencies"], 1)
        ],
    )
    return workbook.write([figures, facts, missing], language)


def rows_of(
    table: Table, aggregate: Aggregate, language: Language
) -> tuple[list[Column], list[list[CellValue]]]:
    """The columns that the aggregate has, after a number, and its rows."""
    rows = [_in_words(row, language) for row in aggregate["rows"]]
    columns = present(table.columns, rows)
    numbered = [{**row, ORDINAL.key: number} for number, row in enumerate(rows, 1)]
    columns = [ORDINAL, *columns]
    return columns, [[column.value_of(row, language) for column in columns] for row in numbered]


def _in_words(row: Mapping[str, Any], language: Language) -> Mapping[str, Any]:
    """The row with what is compared with it as one text."""
    if COMPARED.key not in row:
        return row
    return {**row, COMPARED.key: compared.for_people(row[COMPARED.key], language)}


def facts_of(aggregate: Aggregate, language: Language) -> list[tuple[str, CellValue]]:
    """The context and the coverage of an aggregate, in words."""
    facts = context_of(aggregate)
    facts["basis"] = capitalised(terms.BASIS[facts["basis"]].text_in(language))
    facts["as_of"] = _instant(aggregate, language)
    facts["period"] = f"{name_of_code(facts['period']).text_in(language)} ({facts['period']})"
    if facts.get("by"):
        facts["by"] = terms.BREAKDOWN[facts["by"]].text_in(language)
    # An empty list of codes is an empty cell.
    return [(name, None if value == "" else value) for name, value in facts.items()]


def _title(table: Table, aggregate: Aggregate, names: Names, language: Language) -> list[str]:
    coverage = aggregate["coverage"]
    period = name_of_code(aggregate["period"]).text_in(language)
    facts = {
        "agency": names.agency,
        "code": aggregate["agency"],
        "period": period,
        "instant": _instant(aggregate, language),
        "missing": coverage.get("missing_count", len(coverage["missing"]))
        + len(coverage["missing_compared"]),
        **{name: coverage[name] for name in ("submitted", "expected", "accepted")},
    }
    basis = BASIS[aggregate["basis"]].text_in(language)
    covered = COVERAGE.fill(language, facts)
    return [
        table.title.text_in(language).upper(),
        names.subject,
        SUMMED_FOR.fill(language, facts),
        f"{basis} {covered}" if table.has_basis else covered,
    ]


def _instant(aggregate: Aggregate, language: Language) -> str:
    """The instant of the figures in local time: 09:30 ngày 16/6/2024."""
    instant = datetime.fromisoformat(aggregate["as_of"]).astimezone(LOCAL)
    on = {"day": instant.date(), "time": f"{instant:%H:%M}"}
    return Bilingual("{time} ngày {day}", "{time} on {day}").fill(language, on)


def _total(
    columns: Sequence[Column], aggregate: Aggregate, language: Language
) -> list[CellValue] | None:
    if "total" not in aggregate or not aggregate["rows"]:
        return None
    beside = {COMPARED.key: aggregate["total_compared"]} if "total_compared" in aggregate else {}
    total = _in_words(aggregate["total"] | {"name": TOTAL.text_in(language)} | beside, language)
    return [total.get(column.key) for column in columns]


def as_vietnamese_csv(kind: str, aggregate: Aggregate) -> bytes:
    """The rows for Excel with Vietnamese settings; each ends with the context and the coverage."""
    columns, rows = rows_of(TABLES[kind], aggregate, "vi")
    facts = facts_of(aggregate, "vi")
    fact_columns = [Column(name, FACTS[name]) for name, _ in facts]
    values = [value for _, value in facts]
    return vietnamese_csv.write([*columns, *fact_columns], [[*row, *values] for row in rows])
