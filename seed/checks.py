"""Checks across the rows of a plan's files."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from app.services.deadlines.rules import DueRule, periods_of_year
from app.services.reference import catalogue
from app.vocabulary import TIERS, AgencyKind, BudgetOrigin
from seed.content import Content
from seed.files import NumberedRow, Table
from seed.findings import Finding
from seed.rows import COMMUNES, OFFICES, AgencyRow, IndicatorRow, ScheduleRow

_PROJECT = "cần mã của một dự án trong projects.yaml"
_INDICATOR = "cần mã của một chỉ tiêu trong indicators.csv"
_AGENCY = "cần mã của một cơ quan trong agencies.csv, có trong năm của kế hoạch"
_DUPLICATE = "đã ghi ở dòng trước: {}"
_NO_MEMBER = {
    COMMUNES: "cần có xã, thị trấn, phường trong agencies.csv",
    **dict.fromkeys(OFFICES, "cần có cơ quan loại này ngay dưới đơn vị ban hành kế hoạch"),
}
_MONTHS_OF_YEAR = 12
_ROOTS = {AgencyKind.COUNTRY, AgencyKind.PROVINCE}


def check(content: Content) -> list[Finding]:
    """All findings, in single rows and across rows."""
    findings = content.findings()
    for rule in _RULES:
        findings += rule(content)
    return findings


def _duplicates(table: Table[Any], field: str, key: Callable[[Any], Any]) -> Iterator[Finding]:
    seen = set()
    for entry in table.entries:
        value = key(entry.row)
        if value in seen:
            named = value if isinstance(value, tuple) else (value,)
            text = ", ".join(str(part) for part in named if part not in {None, ()})
            yield table.finding(entry, field, _DUPLICATE.format(text))
        seen.add(value)


def _unknown(code: str | None, known: Collection[str] | None) -> bool:
    return code is not None and known is not None and code not in known


def _plan(content: Content) -> Iterator[Finding]:
    plan, source = content.plan.row, content.plan.source
    if plan is None:
        return
    agency = content.agency(plan.owner)
    known = content.agencies.codes()
    if agency is None:
        if _unknown(plan.owner, known):
            yield source.finding(("owner",), "cần mã của một cơ quan trong agencies.csv")
    elif agency.kind not in TIERS:
        message = f"cần mã của một chính quyền; kind là một trong: {', '.join(TIERS)}"
        yield source.finding(("owner",), message)
    for number, document in enumerate(plan.legal_basis):
        if document.number in {other.number for other in plan.legal_basis[:number]}:
            yield source.finding(
                ("legal_basis", number, "number"), _DUPLICATE.format(document.number)
            )


def _targets(content: Content) -> Iterator[Finding]:
    plan, source = content.plan.row, content.plan.source
    if plan is None:
        return
    projects = content.projects.codes()
    for number, target in enumerate(plan.targets):
        if _unknown(target.project, projects):
            yield source.finding(("targets", number, "project"), _PROJECT)
        if _unknown(target.indicator, content.indicators.codes()):
            yield source.finding(("targets", number, "indicator"), _INDICATOR)
        if target.code in {other.code for other in plan.targets[:number]}:
            yield source.finding(("targets", number, "code"), _DUPLICATE.format(target.code))


def _agencies(content: Content) -> Iterator[Finding]:
    table = content.agencies
    for index, entry in enumerate(table.entries):
        row = entry.row
        first, last = _validity(row)
        if first > last:
            yield table.finding(entry, "valid_to", "cần ngày không sớm hơn valid_from")
        if any(_overlap(row, other.row) for other in table.entries[:index]):
            yield table.finding(entry, "code", _DUPLICATE.format(row.code))
        if row.parent is None and row.kind not in _ROOTS:
            message = "cần mã cơ quan cấp trên; chỉ tỉnh hoặc cả nước được để trống"
            yield table.finding(entry, "parent", message)
        elif _unknown(row.parent, table.codes()):
            yield table.finding(entry, "parent", "cần mã của một cơ quan trong tệp này")
        elif row.parent is not None and _is_circular(row.code, table.rows):
            yield table.finding(
                entry, "parent", "cần một cấp trên không nằm dưới chính cơ quan này"
            )


def _validity(row: AgencyRow) -> tuple[date, date]:
    return row.valid_from or date.min, row.valid_to or date.max


def _overlap(one: AgencyRow, other: AgencyRow) -> bool:
    (first, last), (other_first, other_last) = _validity(one), _validity(other)
    return one.code == other.code and first <= other_last and other_first <= last


def _is_circular(code: str, agencies: Sequence[AgencyRow]) -> bool:
    parents = {row.code: row.parent for row in agencies}
    step, seen = parents.get(code), set[str]()
    while step is not None and step not in seen and step != code:
        seen.add(step)
        step = parents.get(step)
    return step == code


def _projects(content: Content) -> Iterator[Finding]:
    table = content.projects
    yield from _duplicates(table, "code", lambda row: row.code)
    above: set[str] = set()
    for entry in table.entries:
        if entry.row.parent is not None and entry.row.parent not in above:
            message = "cần mã của một dự án đứng trước trong tệp này"
            yield table.finding(entry, "parent", message)
        above.add(entry.row.code)


def _assignments(content: Content) -> Iterator[Finding]:
    table = content.assignments
    projects = content.projects.codes()
    seen: dict[str, set[str]] = {}
    for entry in table.entries:
        project = entry.row.project
        if _unknown(project, projects):
            yield table.finding(entry, "project", _PROJECT)
        yield from _check_agency(content, table, entry, "agency", entry.row.agency)
        named = {agency.code for agency in content.expand([entry.row.agency])}
        if duplicates := named & seen.setdefault(project, set()):
            yield table.finding(
                entry, "agency", f"đã được phân công: {', '.join(sorted(duplicates))}"
            )
        seen[project] |= named


def _check_agency(
    content: Content, table: Table[Any], entry: NumberedRow[Any], field: str, code: str
) -> Iterator[Finding]:
    """Check that a code or a selector refers to at least one agency."""
    if code in _NO_MEMBER:
        if content.plan.row and content.agencies.entries and not content.expand([code]):
            yield table.finding(entry, field, _NO_MEMBER[code])
    elif content.agencies.codes() is not None and content.agency(code) is None:
        # An invalid agency row has its own finding; do not report references to it.
        written = _unknown(code, content.agencies.codes())
        if written or code in {row.code for row in content.agencies.rows}:
            yield table.finding(entry, field, _AGENCY)


def _responsibilities(content: Content) -> Iterator[Finding]:
    table = content.responsibilities
    yield from _duplicates(table, "agency", lambda row: row.agency)
    for entry in table.entries:
        yield from _check_agency(content, table, entry, "agency", entry.row.agency)


def _budget_lines(content: Content) -> Iterator[Finding]:
    table = content.budget_lines
    projects = content.projects.codes()
    parents = {row.parent for row in content.projects.rows}
    yield from _duplicates(
        table,
        "project",
        lambda row: (
            row.project,
            row.agency,
            row.source,
            row.origin,
            tuple(sorted(row.origin_years)),
            row.nature,
        ),
    )
    for entry in table.entries:
        row = entry.row
        if _unknown(row.project, projects):
            yield table.finding(entry, "project", _PROJECT)
        elif row.project in parents:
            message = "dự án này có tiểu dự án: cần ghi vốn cho từng tiểu dự án"
            yield table.finding(entry, "project", message)
        if row.agency is not None:
            yield from _check_agency(content, table, entry, "agency", row.agency)
        year = content.year()
        if year is None:
            continue
        if row.origin is BudgetOrigin.CURRENT_YEAR and row.origin_years != [year]:
            message = f"vốn current_year cần đúng một năm {year}"
            yield table.finding(entry, "origin_years", message)
        if row.origin is BudgetOrigin.CARRIED_OVER and max(row.origin_years) >= year:
            message = f"vốn carried_over cần những năm trước {year}"
            yield table.finding(entry, "origin_years", message)


def _indicators(content: Content) -> Iterator[Finding]:
    table = content.indicators
    projects = content.projects.codes()
    yield from _duplicates(table, "code", lambda row: row.code)
    entries: dict[str, catalogue.CatalogueEntry] = {}
    for row in table.rows:
        entries.setdefault(row.code, _catalogue_entry(row))
    for entry in table.entries:
        if _unknown(entry.row.project, projects):
            yield table.finding(entry, "project", _PROJECT)
        for selector in entry.row.filled_by:
            yield from _check_selector(content, entry, selector)
        for code in entry.row.compared_by:
            yield from _check_agency(content, table, entry, "compared_by", code)
        yield from _check_catalogue(table, entry, entries)


def _catalogue_entry(row: IndicatorRow) -> catalogue.CatalogueEntry:
    return catalogue.CatalogueEntry(
        code=row.code,
        unit=row.unit,
        kind=row.kind,
        frequencies=frozenset(row.frequencies),
        filled_by=tuple(row.filled_by),
        formula=row.formula,
        compared_by=tuple(row.compared_by),
    )


def _check_catalogue(
    table: Table[IndicatorRow], entry: NumberedRow[IndicatorRow], entries: catalogue.Catalogue
) -> Iterator[Finding]:
    """Check an indicator against the rules of the catalogue."""
    code = entry.row.code
    for fault in catalogue.validate(code, entries):
        about_another = fault.facts.get("code", code) != code
        # A term whose own row is invalid has its own finding.
        is_written = not _unknown(fault.facts.get("term"), table.codes())
        if not about_another and not (fault.code == "unknown_indicator" and is_written):
            field = fault.pointer.split("/")[1]
            yield table.finding(entry, field, fault.message.fill("vi", fault.facts))


def _check_selector(
    content: Content, entry: NumberedRow[IndicatorRow], selector: str
) -> Iterator[Finding]:
    table = content.indicators
    if selector == "communes":
        yield from _check_agency(content, table, entry, "filled_by", COMMUNES)
    elif selector == "leads":
        project = entry.row.project
        settled = content.assignments.readable and content.agencies.readable
        if project is None or (settled and not content.leads(project)):
            message = "leads cần một dự án có cơ quan chủ trì không phải xã, thị trấn"
            yield table.finding(entry, "filled_by", message)
    elif _unknown(selector, content.agencies.codes()):
        message = "cần communes, leads hoặc mã của một cơ quan trong agencies.csv"
        yield table.finding(entry, "filled_by", message)
    else:
        yield from _check_agency(content, table, entry, "filled_by", selector)


def _schedules(content: Content) -> Iterator[Finding]:
    table = content.schedules
    yield from _duplicates(table, "code", lambda row: row.code)
    scheduled: set[tuple[str, int]] = set()
    for entry in table.entries:
        row = entry.row
        ordinals = periods_of_year(row.frequency)
        periods = {(row.frequency.value, ordinal) for ordinal in row.ordinals}
        if not set(row.ordinals) <= set(ordinals):
            yield table.finding(entry, "ordinals", f"cần những số từ 1 đến {ordinals[-1]}")
        elif periods & scheduled:
            yield table.finding(entry, "ordinals", "kỳ này đã có trong một chế độ báo cáo khác")
        scheduled |= periods
        if not _has_valid_due_rule(row):
            months = _MONTHS_OF_YEAR // len(ordinals)
            message = f"cần tháng thứ mấy trong kỳ, từ 1 đến {months}"
            yield table.finding(entry, "month", message)
        yield from _check_reporters(content, entry)


def _has_valid_due_rule(row: ScheduleRow) -> bool:
    try:
        DueRule(
            frequency=row.frequency,
            month=row.month,
            day=row.day,
            due_day=row.due_day,
            non_working_day=row.non_working_day,
            cutoff_day=row.cutoff_day,
        )
    except ValueError:  # only the month can be invalid here: the row type checks the days
        return False
    return True


def _check_reporters(content: Content, entry: NumberedRow[ScheduleRow]) -> Iterator[Finding]:
    table = content.schedules
    for code in entry.row.reporters:
        yield from _check_agency(content, table, entry, "reporters", code)
    for code in entry.row.money_only:
        yield from _check_agency(content, table, entry, "money_only", code)
    codes = [agency.code for agency in content.expand(entry.row.reporters)]
    if duplicates := {code for code in codes if codes.count(code) > 1}:
        yield table.finding(entry, "reporters", _DUPLICATE.format(", ".join(sorted(duplicates))))
    for agency in content.expand(entry.row.money_only):
        if agency.code not in codes:
            message = f"{agency.code} không có ở reporters"
            yield table.finding(entry, "money_only", message)


def _working_days(content: Content) -> Iterator[Finding]:
    yield from _duplicates(content.working_days, "date", lambda row: row.date)


def _reminders(content: Content) -> Iterator[Finding]:
    table = content.reminders
    yield from _duplicates(table, "code", lambda row: row.code)
    schedules = content.schedules.codes()
    for entry in table.entries:
        for code in entry.row.schedules:
            if schedules is not None and code not in schedules:
                yield table.finding(entry, "schedules", f"không có chế độ báo cáo {code}")


_RULES: tuple[Callable[[Content], Iterable[Finding]], ...] = (
    _plan,
    _agencies,
    _projects,
    _assignments,
    _responsibilities,
    _budget_lines,
    _indicators,
    _targets,
    _schedules,
    _working_days,
    _reminders,
)
