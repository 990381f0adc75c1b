"""The rules that a report's body is held against. Pure: what they compare with is given.

Errors refuse a submission; warnings are confirmed by the sender with a note. A body is the
JSON object of the wire: entries, disbursements, narrative.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.errors import FieldError
from app.text.bilingual import Bilingual

Body = Mapping[str, Any]
Money = tuple[str, str, str]
"""Project, source and origin: what an amount is counted under."""

NARRATIVE = ("results", "difficulties", "proposals")


@dataclass(frozen=True, slots=True)
class Line:
    """A figure that the agency may, or has to, give in the period."""

    project: str | None
    indicator: str
    kind: str
    unit: str
    decimals: int
    maximum: Decimal | None
    required: bool


@dataclass(frozen=True)
class Facts:
    """What is known when a body is judged.

    `allocated` is the plan's money; `spent_before` what the agency had reported as spent in the
    year's periods that closed earlier; `quarters` the sums of a flow over the quarters that make
    up a longer period, where all of them were sent.
    """

    lines: Mapping[str, Line]
    projects: frozenset[str]
    known_indicators: frozenset[str] = frozenset()
    known_projects: frozenset[str] = frozenset()
    allocated: Mapping[Money, int] = field(default_factory=dict)
    spent_before: Mapping[Money, int] = field(default_factory=dict)
    quarters: Mapping[str, Decimal] = field(default_factory=dict)


UNKNOWN_INDICATOR = Bilingual("Không có chỉ tiêu {code}.", "There is no indicator {code}.")
UNKNOWN_PROJECT = Bilingual("Không có dự án {code}.", "There is no project {code}.")
NOT_YOURS = Bilingual(
    "Chỉ tiêu {code} không do đơn vị này báo cáo trong kỳ này.",
    "Indicator {code} is not for this agency to fill in this period.",
)
NOT_YOUR_PROJECT = Bilingual(
    "Đơn vị không được phân công trong {code}, nên không báo cáo giải ngân ở đây.",
    "The agency has no part in {code}, so it reports no money spent there.",
)
OTHER_PROJECT = Bilingual(
    "Chỉ tiêu {code} thuộc {expected}.", "Indicator {code} belongs to {expected}."
)
TWICE = Bilingual(
    "Đã có ở mục {first}; mỗi số liệu chỉ báo cáo một lần.",
    "Given at {first} already; give each figure once.",
)
TOO_PRECISE = Bilingual(
    "Đơn vị tính là {unit}: tối đa {decimals} chữ số thập phân.",
    "Counted in {unit}: at most {decimals:decimal place|decimal places}.",
)
OVER_MAXIMUM = Bilingual("Không quá {maximum} {unit}.", "At most {maximum} {unit}.")
MISSING = Bilingual(
    "Thiếu số liệu bắt buộc {code}; nếu không phát sinh, ghi 0.",
    "The required figure {code} is missing; where there is none, give 0.",
)
PART_OVER_TOTAL = Bilingual(
    "{part} = {value} lớn hơn tổng {total} = {total_value}.",
    "{part} = {value} is more than its total {total} = {total_value}.",
)
MORE_THAN_POOR = Bilingual(
    "Số hộ thoát nghèo (KQ.03 = {value}) lớn hơn số hộ nghèo đầu năm (KQ.02 = {most}).",
    "More households left poverty (KQ.03 = {value}) than were poor at the start (KQ.02 = {most}).",
)
MORE_THAN_ALL = Bilingual(
    "Số hộ nghèo đầu năm (KQ.02 = {value}) lớn hơn tổng số hộ dân cư (KQ.01 = {most}).",
    "More households are poor (KQ.02 = {value}) than there are (KQ.01 = {most}).",
)
OVER_ALLOCATED = Bilingual(
    "Giải ngân vượt kế hoạch vốn: được giao {allocated} đồng.",
    "More is spent than the plan has: {allocated} VND.",
)
NOT_ALLOCATED = Bilingual(
    "Kế hoạch vốn không có khoản này; kiểm tra lại nguồn và năm của vốn.",
    "The plan has no such money; check the source and the origin.",
)
SPENT_LESS = Bilingual(
    "Giải ngân lũy kế giảm: kỳ trước đã báo cáo {before} đồng.",
    "The sum spent since January falls: {before} VND was reported before.",
)
ESTIMATE_BELOW = Bilingual(
    "Ước thực hiện ({estimate}) thấp hơn số đã thực hiện ({value}).",
    "The estimate ({estimate}) is below the actual figure ({value}).",
)
NOT_THE_QUARTERS = Bilingual(
    "Khác tổng các quý đã báo cáo ({sum}).", "Not the sum of the quarters reported ({sum})."
)


def check_draft(body: Body, facts: Facts) -> list[FieldError]:
    """What no draft may hold: figures that are not known, not this agency's, or given twice."""
    return [*_entry_errors(body, facts), *_disbursement_errors(body, facts)]


def check_submission(body: Body, facts: Facts) -> list[FieldError]:
    """All findings about a body whose draft was sound: errors first, then warnings."""
    given = _given(body)
    return [
        *_missing(given, facts),
        *_over_totals(given, facts),
        *_households(given),
        *_money_errors(body, facts),
        *_estimates(body),
        *_against_quarters(given, facts),
        *_money_warnings(body, facts),
    ]


def _entry_errors(body: Body, facts: Facts) -> Iterator[FieldError]:
    seen: dict[str, int] = {}
    for position, entry in enumerate(body["entries"]):
        pointer = f"/entries/{position}"
        code = entry["indicator"]
        line = facts.lines.get(code)
        if line is None:
            unknown = code not in facts.known_indicators
            yield FieldError(
                f"{pointer}/indicator",
                "unknown_indicator" if unknown else "not_yours",
                UNKNOWN_INDICATOR if unknown else NOT_YOURS,
                {"code": code},
            )
            continue
        if code in seen:
            first = f"/entries/{seen[code]}"
            yield FieldError(f"{pointer}/indicator", "given_twice", TWICE, {"first": first})
        seen.setdefault(code, position)
        yield from _project_errors(entry, line, pointer, facts)
        yield from _figure_errors(entry, line, pointer)


def _project_errors(
    entry: Mapping[str, Any], line: Line, pointer: str, facts: Facts
) -> Iterator[FieldError]:
    project = entry["project"]
    if project == line.project:
        return
    if project is not None and project not in facts.known_projects:
        yield FieldError(
            f"{pointer}/project", "unknown_project", UNKNOWN_PROJECT, {"code": project}
        )
        return
    facts_of_error = {"code": line.indicator, "expected": line.project or "null"}
    yield FieldError(f"{pointer}/project", "other_project", OTHER_PROJECT, facts_of_error)


def _figure_errors(entry: Mapping[str, Any], line: Line, pointer: str) -> Iterator[FieldError]:
    for name in ("value", "estimate"):
        if entry[name] is None:
            continue
        figure = _number(entry[name])
        if figure != round(figure, line.decimals):
            facts = {"unit": line.unit, "decimals": line.decimals}
            yield FieldError(f"{pointer}/{name}", "too_precise", TOO_PRECISE, facts)
        if line.maximum is not None and figure > line.maximum:
            facts = {"maximum": line.maximum, "unit": line.unit}
            yield FieldError(f"{pointer}/{name}", "over_maximum", OVER_MAXIMUM, facts)


def _disbursement_errors(body: Body, facts: Facts) -> Iterator[FieldError]:
    seen: dict[Money, int] = {}
    for position, item in enumerate(body["disbursements"]):
        pointer = f"/disbursements/{position}"
        project = item["project"]
        if project not in facts.projects:
            unknown = project not in facts.known_projects
            yield FieldError(
                f"{pointer}/project",
                "unknown_project" if unknown else "not_yours",
                UNKNOWN_PROJECT if unknown else NOT_YOUR_PROJECT,
                {"code": project},
            )
        money = _money(item)
        if money in seen:
            first = f"/disbursements/{seen[money]}"
            yield FieldError(pointer, "given_twice", TWICE, {"first": first})
        seen.setdefault(money, position)


def _missing(given: Mapping[str, tuple[int, Decimal]], facts: Facts) -> Iterator[FieldError]:
    for code, line in facts.lines.items():
        if line.required and code not in given:
            yield FieldError("/entries", "required_figure_missing", MISSING, {"code": code})


def _over_totals(given: Mapping[str, tuple[int, Decimal]], facts: Facts) -> Iterator[FieldError]:
    """A part `X.n` counts some of what `X` counts, in the same unit."""
    for code, (position, value) in given.items():
        total = code.rpartition(".")[0]
        if total not in given or facts.lines[total].unit != facts.lines[code].unit:
            continue
        total_value = given[total][1]
        if value > total_value:
            yield FieldError(
                f"/entries/{position}/value",
                "part_over_total",
                PART_OVER_TOTAL,
                {
                    "part": code,
                    "value": value,
                    "total": total,
                    "total_value": total_value,
                },
            )


def _households(given: Mapping[str, tuple[int, Decimal]]) -> Iterator[FieldError]:
    for smaller, larger, code, message in (
        ("KQ.03", "KQ.02", "more_than_poor", MORE_THAN_POOR),
        ("KQ.02", "KQ.01", "more_than_all", MORE_THAN_ALL),
    ):
        if smaller in given and larger in given and given[smaller][1] > given[larger][1]:
            facts = {"value": given[smaller][1], "most": given[larger][1]}
            yield FieldError(f"/entries/{given[smaller][0]}/value", code, message, facts)


def _money_errors(body: Body, facts: Facts) -> Iterator[FieldError]:
    for position, item in enumerate(body["disbursements"]):
        allocated = facts.allocated.get(_money(item))
        if allocated is not None and item["amount_vnd"] > allocated:
            yield FieldError(
                f"/disbursements/{position}/amount_vnd",
                "over_allocated",
                OVER_ALLOCATED,
                {"allocated": allocated},
            )


def _money_warnings(body: Body, facts: Facts) -> Iterator[FieldError]:
    for position, item in enumerate(body["disbursements"]):
        if _money(item) not in facts.allocated and item["amount_vnd"] > 0:
            pointer = f"/disbursements/{position}"
            yield FieldError(pointer, "not_allocated", NOT_ALLOCATED, level="warning")
        before = facts.spent_before.get(_money(item), 0)
        if item["amount_vnd"] < before:
            yield FieldError(
                f"/disbursements/{position}/amount_vnd",
                "spent_less_than_before",
                SPENT_LESS,
                {"before": before},
                level="warning",
            )


def _estimates(body: Body) -> Iterator[FieldError]:
    for position, entry in enumerate(body["entries"]):
        if entry["estimate"] is not None and entry["estimate"] < entry["value"]:
            yield FieldError(
                f"/entries/{position}/estimate",
                "estimate_below_value",
                ESTIMATE_BELOW,
                {"estimate": entry["estimate"], "value": entry["value"]},
                level="warning",
            )


def _against_quarters(
    given: Mapping[str, tuple[int, Decimal]], facts: Facts
) -> Iterator[FieldError]:
    """The quarters tile the longer period (Nghị định 09/2019, Art. 12), so flows must add up."""
    for code, total in facts.quarters.items():
        if code in given and given[code][1] != total:
            yield FieldError(
                f"/entries/{given[code][0]}/value",
                "not_the_sum_of_quarters",
                NOT_THE_QUARTERS,
                {"sum": total},
                level="warning",
            )


def _given(body: Body) -> dict[str, tuple[int, Decimal]]:
    """Each indicator's position and figure."""
    return {
        entry["indicator"]: (position, _number(entry["value"]))
        for position, entry in enumerate(body["entries"])
    }


def _money(item: Mapping[str, Any]) -> Money:
    return item["project"], item["source"], item["origin"]


def _number(value: float) -> Decimal:
    return Decimal(str(value))
