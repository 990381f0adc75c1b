"""A report as the pages show it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from app.db.driver import Driver
from app.services.periods.obligations import ReportKey
from app.services.reports import form, reading
from app.services.reports.form import Form
from app.web import states
from app.web.report_form.fields import NARRATIVE
from app.web.report_form.lines import Section
from app.web.visitor import Visitor

ADDRESS = "/{plan}/{period}/{agency}"
NARRATIVE_NAMES = {
    "results": "Kết quả thực hiện",
    "difficulties": "Khó khăn, vướng mắc",
    "proposals": "Kiến nghị, đề xuất",
}


async def report_key(
    plan: Annotated[str, Path()], period: Annotated[str, Path()], agency: Annotated[str, Path()]
) -> ReportKey:
    """The report that the address `{plan}/{period}/{agency}` names."""
    return ReportKey(period, agency, plan)


AddressedReport = Annotated[ReportKey, Depends(report_key)]


@dataclass(frozen=True)
class OpenReport:
    """A report as a page shows it: its document, and what its form asks for."""

    key: ReportKey
    document: Mapping[str, Any]
    form: Form

    @property
    def address(self) -> str:
        """The path of its page."""
        return f"/reports/{self.key.plan}/{self.key.period}/{self.key.agency}"

    def is_editable_by(self, visitor: Visitor) -> bool:
        """Whether the visitor types into it: a reporter of its agency, while it can be sent."""
        return bool(self.document["can_submit"]) and visitor.agency == self.key.agency

    def facts(self) -> dict[str, Any]:
        """What every page about the report shows."""
        document = self.document
        return {
            "report": document,
            "address": self.address,
            "title": states.period_in_words(self.key.period),
            "due": states.day_of(document["correction_due"] or document["due_date"]),
            "state": states.TIMELINESS[document["timeliness"]],
            "progress": states.STATUS[document["report_status"]],
            "time_left": states.time_left(document),
            "window": (
                states.day_of(self.form.subject["data_from"].isoformat()),
                states.day_of(self.form.subject["data_to"].isoformat()),
            ),
        }


async def open_report(
    driver: Driver, visitor: Visitor, key: ReportKey, request: Request
) -> OpenReport:
    """The report within the visitor's reach.

    Raises:
        NotFound: there is none.
    """
    now = request.app.state.clock.now()
    answer = await reading.get(driver, visitor.principal, key, now=now, language="vi")
    made = await form.get(driver, visitor.principal, key)
    return OpenReport(key, json.loads(answer.body), made)


def counts_of(sections: Sequence[Section]) -> dict[str, Any]:
    """How many figures the form has, how many of them are required, and how many are filled."""
    lines = [line for section in sections for line in section.lines]
    return {
        "filled": sum(1 for line in lines if line.value),
        "figures": len(lines),
        "required": sum(1 for line in lines if line.required),
    }


def words_of(body: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """The report in words: for each part the field's name, its label and its text."""
    texts = (body or {}).get("narrative") or {}
    return [(f"words:{part}", NARRATIVE_NAMES[part], texts.get(part) or "") for part in NARRATIVE]
