"""The sections of a report as it was sent: every line of its body, also those not asked for now."""

from collections.abc import Mapping
from typing import Any

from app.services.reports.form import Form
from app.web.report_form.fields import MoneyKey, figure_field
from app.web.report_form.lines import COMMON, Line, Section, all_lines, sections_of, written


def sections_as_sent(form: Form, body: Mapping[str, Any]) -> list[Section]:
    """The form's sections with the values of a sent body.

    An amount without a nature stands at the plan's only money of its project, source and origin.
    """
    amounts = [_with_nature(item, form) for item in body["disbursements"]]
    sections = sections_of(form, {**body, "disbursements": amounts})
    known = {line.name for line in all_lines(sections)}
    titles = {section.code: section for section in sections}
    for entry in body["entries"]:
        name = figure_field("value", entry["indicator"])
        if name not in known:
            line = Line(name, entry["indicator"], "", written(entry["value"]))
            _section(sections, titles, entry["project"]).lines.append(line)
    for item in amounts:
        name = MoneyKey.of(item).field("amount_vnd")
        if name not in known:
            line = Line(name, "Giải ngân", "đồng", written(item["amount_vnd"]), kind="money")
            _section(sections, titles, item["project"]).money.append(line)
    return sections


def _with_nature(item: Mapping[str, Any], form: Form) -> dict[str, Any]:
    key = MoneyKey.of(item)
    natures = [
        row["nature"]
        for row in form.money
        if (row["project"], row["source"], row["origin"]) == (key.project, key.source, key.origin)
    ]
    if key.nature is None and len(natures) == 1 and natures[0] is not None:
        return {**item, "nature": natures[0]}
    return dict(item)


def _section(
    sections: list[Section], by_code: dict[str | None, Section], code: str | None
) -> Section:
    """The section of a project; a new one at the end if the form does not have it."""
    if code not in by_code:
        by_code[code] = Section(code, code or COMMON, [], [])
        sections.append(by_code[code])
    return by_code[code]
