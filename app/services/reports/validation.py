"""The validation of a report's body: rules on its figures and money. Pure.

Errors refuse a submission; warnings need a note from the sender. A body is the JSON object of the
API: entries, disbursements, narrative. Which figures are valid numbers is decided in `figures.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.errors import FieldError
from app.services.reports.balances import unbalanced
from app.services.reports.estimates import below_actual, out_of_place
from app.services.reports.figures import Limits, decimal, find_errors, without
from app.services.reports.money import (
    Allocated,
    Money,
    key_of,
    money_errors,
    money_warnings,
    nature_of,
)
from app.services.reports.nil import check_sections, contradictions, to_confirm
from app.services.reports.subjects import name_figure, name_subject
from app.text.bilingual import Bilingual
from app.vocabulary import LARGEST_FIGURE

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedFigure:
    """A figure that the agency may give in the period, or has to.

    compared: whether it is shown beside the sum instead of added to it.
    """

    indicator_id: int
    project: str | None
    indicator: str
    kind: str
    unit: str
    decimals: int
    maximum: Decimal | None
    required: bool
    compared: bool = False
    name: str = ""
    note: str | None = None

    @property
    def limits(self) -> Limits:
        """The limits of its numbers."""
        maximum = LARGEST_FIGURE if self.maximum is None else self.maximum
        return Limits(self.unit, self.decimals, maximum)


@dataclass(frozen=True)
class Expectations:
    """The figures and limits that a body is validated against.

    figures: those that the agency may give, by indicator. projects: ids of the projects whose money
    it may report, by code. allocated: the plan's money in VND, by nature. spent_before: the highest
    amounts in VND that the agency reported for the year's earlier periods. quarters: the sums of a
    flow over the quarters that make up a longer period, where all of them were submitted.
    money_only: whether it reports no figures. window: the first and the last day of the data
    window. is_annual: whether the report is of a whole year.
    """

    figures: Mapping[str, ExpectedFigure]
    projects: Mapping[str, int]
    known_indicators: frozenset[str] = frozenset()
    known_projects: frozenset[str] = frozenset()
    allocated: Allocated = field(default_factory=dict)
    spent_before: Mapping[Money, int] = field(default_factory=dict)
    quarters: Mapping[str, Decimal] = field(default_factory=dict)
    money_only: bool = False
    window: tuple[date, date] = (date.min, date.max)
    is_annual: bool = False


UNKNOWN_INDICATOR = Bilingual(
    "Không có chỉ tiêu {code}; kiểm tra lại mã.",
    "There is no indicator {code}; check the code.",
)
UNKNOWN_PROJECT = Bilingual(
    "Không có dự án {code}; kiểm tra lại mã.",
    "There is no project {code}; check the code.",
)
NOT_YOURS = Bilingual(
    "Chỉ tiêu {code} không do đơn vị này báo cáo trong kỳ này; phải bỏ dòng này.",
    "Indicator {code} is not for this agency to fill in this period; remove it.",
)
MONEY_ONLY = Bilingual(
    "Đơn vị chỉ báo cáo giải ngân trong kỳ này, không ghi chỉ tiêu {code}.",
    "The agency reports only disbursements in this period, not the indicator {code}.",
)
NOT_YOUR_PROJECT = Bilingual(
    "Đơn vị không được phân công trong {code} nên không báo cáo giải ngân của dự án "
    "này; phải bỏ dòng này.",
    "The agency is not assigned to {code}, so it reports no disbursements there; remove this one.",
)
OTHER_PROJECT = Bilingual(
    "Chỉ tiêu {code} thuộc dự án {expected}.", "Indicator {code} belongs to project {expected}."
)
NO_PROJECT = Bilingual(
    "Chỉ tiêu {code} là chỉ tiêu chung, không thuộc dự án nào.",
    "Indicator {code} is a general one and belongs to no project.",
)
FIGURE_TWICE = Bilingual(
    "Chỉ tiêu {code} đã ghi ở dòng {line}; mỗi chỉ tiêu chỉ ghi một lần.",
    "Indicator {code} is already in line {line}; enter each indicator once.",
)
MONEY_TWICE = Bilingual(
    "{subject} đã ghi ở dòng {line}; mỗi khoản chỉ ghi một lần.",
    "{subject} is already in line {line}; enter each amount once.",
)
MISSING = Bilingual(
    "Thiếu {subject}; nếu không phát sinh, ghi 0.",
    "{subject} is missing; enter 0 if there is nothing to report.",
)
PART_OVER_TOTAL = Bilingual(
    "{subject} là {value}, lớn hơn tổng {total} là {total_value}; kiểm tra lại hai số.",
    "{subject} is {value}, more than its total {total}, which is {total_value}; check both.",
)
MORE_THAN_POOR = Bilingual(
    "{subject} là {value}, lớn hơn số hộ nghèo đầu năm (KQ.02) là {most}; kiểm tra lại hai số.",
    "{subject} is {value}, more than the poor households at the start of the year "
    "(KQ.02), which are {most}; check both.",
)
MORE_THAN_ALL = Bilingual(
    "{subject} là {value}, lớn hơn tổng số hộ dân cư (KQ.01) là {most}; kiểm tra lại hai số.",
    "{subject} is {value}, more than all households (KQ.01), which are {most}; check both.",
)
NOT_THE_QUARTERS = Bilingual(
    "{subject} là {value}, khác tổng các quý đã báo cáo là {sum}; kiểm tra lại, hoặc "
    "giải trình khi gửi.",
    "{subject} is {value}, but the reported quarters add up to {sum}; check it, or "
    "explain the difference when you submit.",
)


NEW_ENTRY = "/entries/-"
"""The place of an entry that is missing: behind the last one (RFC 6901)."""


def check_draft(body: Body, expectations: Expectations) -> list[FieldError]:
    """Errors that even a draft may not have: unknown, foreign or repeated figures."""
    own, known = expectations.projects, expectations.known_projects
    findings = [
        *check_sections(body.get("nil_sections", ()), own, known, "/nil_sections"),
        *_entry_errors(body, expectations),
        *_disbursement_errors(body, expectations),
    ]
    return _in_form_order(findings, body, expectations)


def check_submission(body: Body, expectations: Expectations) -> list[FieldError]:
    """All findings about a body without draft errors: errors first, then warnings.

    Figures that are no valid numbers are not compared with others.
    """
    limits = {code: figure.limits for code, figure in expectations.figures.items()}
    invalid = find_errors(body, limits)
    valid: dict[str, Any] = {**body, **without(body, invalid)}
    figures = _figures_of(valid)
    kinds = {code: each.kind for code, each in expectations.figures.items()}
    findings = [
        *invalid,
        *_missing(body, expectations),
        *_over_totals(figures, expectations),
        *_households(figures),
        *unbalanced(figures, {code: each.name for code, each in expectations.figures.items()}),
        *money_errors(valid, expectations.allocated),
        *contradictions(valid, kinds, expectations.spent_before),
        *out_of_place(valid, expectations.window, is_annual=expectations.is_annual),
        *below_actual(valid),
        *_against_quarters(figures, expectations),
        *money_warnings(valid, expectations.allocated, expectations.spent_before),
        *to_confirm(valid),
    ]
    return _in_form_order(findings, body, expectations)


def _in_form_order(
    findings: list[FieldError], body: Body, expectations: Expectations
) -> list[FieldError]:
    """Findings with what each is about, in the form's order.

    Errors come before warnings; then figures in the order of the expected ones, then money.
    """
    places = {code: place for place, code in enumerate(expectations.figures)}

    def place(finding: FieldError) -> tuple[bool, int, int]:
        section, index = finding.pointer.split("/")[1:3]
        if section == "disbursements":
            return finding.level == "warning", len(places) + 1, int(index)
        position = len(body["entries"]) if index == "-" else int(index)
        indicator = finding.about["indicator"]
        known = places.get(indicator or "", len(places))
        return finding.level == "warning", known, position

    names = {code: figure.name for code, figure in expectations.figures.items()}
    return sorted((_with_subject(finding, body, names) for finding in findings), key=place)


def _with_subject(finding: FieldError, body: Body, names: Mapping[str, str]) -> FieldError:
    """The finding with the codes and the name of the item to which it points.

    names: of the indicators, by code.
    """
    if finding.about:
        return finding
    section, index = finding.pointer.split("/")[1:3]
    item = body[section][int(index)]
    return replace(
        finding,
        facts={**finding.facts, "subject": name_subject(finding.pointer, item, names)},
        about={"project": item["project"], "indicator": item.get("indicator")},
    )


def _entry_errors(body: Body, expectations: Expectations) -> Iterator[FieldError]:
    seen: dict[str, int] = {}
    for position, entry in enumerate(body["entries"]):
        pointer = f"/entries/{position}"
        code = entry["indicator"]
        figure = expectations.figures.get(code)
        if figure is None:
            finding, message = _why_not_expected(code, expectations)
            yield FieldError(f"{pointer}/indicator", finding, message, {"code": code})
            continue
        if code in seen:
            facts = {"code": code, "line": seen[code] + 1}
            yield FieldError(f"{pointer}/indicator", "given_twice", FIGURE_TWICE, facts)
        seen.setdefault(code, position)
        yield from _project_errors(entry, figure, pointer, expectations)


def _why_not_expected(code: str, expectations: Expectations) -> tuple[str, Bilingual]:
    """The finding about a figure that is not expected, and its text."""
    if code not in expectations.known_indicators:
        return "unknown_indicator", UNKNOWN_INDICATOR
    if expectations.money_only:
        return "money_only", MONEY_ONLY
    return "not_yours", NOT_YOURS


def _project_errors(
    entry: Mapping[str, Any], figure: ExpectedFigure, pointer: str, expectations: Expectations
) -> Iterator[FieldError]:
    project = entry["project"]
    if project == figure.project:
        return
    if project is not None and project not in expectations.known_projects:
        yield FieldError(
            f"{pointer}/project", "unknown_project", UNKNOWN_PROJECT, {"code": project}
        )
        return
    message = OTHER_PROJECT if figure.project else NO_PROJECT
    facts = {"code": figure.indicator, "expected": figure.project}
    yield FieldError(f"{pointer}/project", "other_project", message, facts)


def _disbursement_errors(body: Body, expectations: Expectations) -> Iterator[FieldError]:
    seen: dict[tuple[Money, str | None], int] = {}
    for position, item in enumerate(body["disbursements"]):
        pointer = f"/disbursements/{position}"
        project = item["project"]
        if project not in expectations.projects:
            unknown = project not in expectations.known_projects
            yield FieldError(
                f"{pointer}/project",
                "unknown_project" if unknown else "not_yours",
                UNKNOWN_PROJECT if unknown else NOT_YOUR_PROJECT,
                {"code": project},
            )
        money = key_of(item), nature_of(item, expectations.allocated)
        if money in seen:
            facts = {"line": seen[money] + 1}
            yield FieldError(pointer, "given_twice", MONEY_TWICE, facts)
        seen.setdefault(money, position)


def _missing(body: Body, expectations: Expectations) -> Iterator[FieldError]:
    entered = {entry["indicator"] for entry in body["entries"]}
    for code, figure in expectations.figures.items():
        if figure.required and code not in entered:
            yield missing_figure(figure.project, code, figure.name)


def missing_figure(project: str | None, indicator: str, name: str) -> FieldError:
    """The finding that a required figure is missing."""
    return FieldError(
        NEW_ENTRY,
        "required_figure_missing",
        MISSING,
        {"subject": name_figure(indicator, name)},
        about={"project": project, "indicator": indicator},
    )


def _over_totals(
    figures: Mapping[str, tuple[int, Decimal]], expectations: Expectations
) -> Iterator[FieldError]:
    """The indicator `X.n` is a group of the total `X` if both have the same unit."""
    for code, (position, value) in figures.items():
        total = code.rpartition(".")[0]
        if (
            total not in figures
            or expectations.figures[total].unit != expectations.figures[code].unit
        ):
            continue
        total_value = figures[total][1]
        if value > total_value:
            yield FieldError(
                f"/entries/{position}/value",
                "part_over_total",
                PART_OVER_TOTAL,
                {
                    "value": value,
                    "total": name_figure(total, expectations.figures[total].name),
                    "total_value": total_value,
                },
            )


def _households(figures: Mapping[str, tuple[int, Decimal]]) -> Iterator[FieldError]:
    for smaller, larger, finding, message in (
        ("KQ.31.1", "KQ.02", "more_than_poor", MORE_THAN_POOR),
        ("KQ.31.2", "KQ.02", "more_than_poor", MORE_THAN_POOR),
        ("KQ.02", "KQ.01", "more_than_all", MORE_THAN_ALL),
    ):
        if smaller in figures and larger in figures and figures[smaller][1] > figures[larger][1]:
            facts = {
                "value": figures[smaller][1],
                "most": figures[larger][1],
            }
            yield FieldError(f"/entries/{figures[smaller][0]}/value", finding, message, facts)


def _against_quarters(
    figures: Mapping[str, tuple[int, Decimal]], expectations: Expectations
) -> Iterator[FieldError]:
    """The quarters tile the longer period (Nghị định 09/2019/NĐ-CP, Điều 12): flows add up."""
    for code, total in expectations.quarters.items():
        if code in figures and figures[code][1] != total:
            yield FieldError(
                f"/entries/{figures[code][0]}/value",
                "not_the_sum_of_quarters",
                NOT_THE_QUARTERS,
                {"value": figures[code][1], "sum": total},
                level="warning",
            )


def _figures_of(body: Body) -> dict[str, tuple[int, Decimal]]:
    """The position and value of each indicator in a body, where it has one."""
    return {
        entry["indicator"]: (position, decimal(entry["value"]))
        for position, entry in enumerate(body["entries"])
        if entry["value"] is not None
    }
