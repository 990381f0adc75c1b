"""Write the reports of simulated plans: revisions, decisions and their audit events."""

from collections.abc import Iterable
from itertools import count
from random import Random
from typing import Any, NamedTuple

from seed.simulation.figures import Form, fill
from seed.simulation.lives import Step, live
from seed.simulation.record import Chain, instant
from seed.simulation.tables import TableRows

EMPTY_FORM = Form.of([], [])
REASON = "Đề nghị rà soát lại số liệu (mô phỏng)."


class Owed(NamedTuple):
    """An obligation. `late_from` is in microseconds after 1970, `months` are those of its year."""

    id: int
    period: str
    agency_id: int
    agency: str
    model_id: int
    frequency: str
    months: int
    late_from: int


class SentRevision(NamedTuple):
    """What later events of a report say of its last revision."""

    id: int
    received_at: str
    fingerprint: str


class ReportRows:
    """Collects the rows of reports."""

    def __init__(self, forms: dict[tuple[int, str], Form], random: Random) -> None:
        self._forms, self._random = forms, random
        self._ids, self._revision_ids = count(1), count(1)
        self.reports = TableRows(
            "report", "id", "obligation_id", "status", "last_revision", "version"
        )
        self.revisions = TableRows(
            "revision",
            *("id", "report_id", "number", "submitted_at", "received_at", "recorded_at"),
            *("submitted_by", "body", "fingerprint"),
        )
        self.entries = TableRows(
            "revision_entry", "revision_id", "indicator_id", "value", "compared"
        )
        self.disbursements = TableRows(
            "revision_disbursement",
            *("revision_id", "project_id", "source", "origin", "amount_vnd"),
        )
        self.decisions = TableRows(
            "decision",
            *("report_id", "revision_id", "action", "reason", "comments", "decided_by"),
            "recorded_at",
        )
        self.first_submissions = TableRows("simulated_submission", "obligation_id", "received_at")

    @property
    def tables(self) -> tuple[TableRows, ...]:
        """The tables in the order of their references."""
        return (
            self.reports,
            self.revisions,
            self.entries,
            self.disbursements,
            self.decisions,
            self.first_submissions,
        )

    def add_plan(self, obligations: Iterable[Owed], coordinator: str, chain: Chain) -> None:
        """Add the reports of a plan's obligations, and their events in the order of time."""
        steps: list[tuple[Step, int, Owed]] = []
        for owed in obligations:
            if life := live(owed.late_from, self._random):
                report_id, last = next(self._ids), life[-1]
                self.reports.add(report_id, owed.id, last.after, last.revision, len(life) + 1)
                steps += [(step, report_id, owed) for step in life]
        steps.sort(key=lambda each: each[0].at)
        sent: dict[int, SentRevision] = {}
        for step, report_id, owed in steps:
            at = max(step.at, chain.last_at + 1)
            if step.action == "submitted":
                sent[report_id] = self._submit(step, at, report_id, owed, chain)
            else:
                self._decide(step, at, report_id, owed, sent[report_id], coordinator, chain)

    def _submit(
        self, step: Step, at: int, report_id: int, owed: Owed, chain: Chain
    ) -> SentRevision:
        revision_id, when = next(self._revision_ids), instant(at)
        form = self._forms.get((owed.model_id, owed.frequency), EMPTY_FORM)
        body = fill(form, owed.months, self._random)
        sent = SentRevision(revision_id, when, body.fingerprint)
        actor = f"mo-phong-{owed.agency.lower()}"
        # 1. The revision with its figures.
        self.revisions.add(
            *(revision_id, report_id, step.revision, when, when, when, actor),
            *(body.json, sent.fingerprint),
        )
        self.entries.add_lines(
            [
                f"{revision_id}\t{figure.indicator_id}\t{value}\t{figure.compared}"
                for figure, value in zip(form.figures, body.values, strict=True)
            ]
        )
        for line, amount in zip(form.money, body.amounts, strict=True):
            self.disbursements.add(revision_id, line.project_id, line.source, line.origin, amount)
        if step.revision == 1:
            self.first_submissions.add(owed.id, when)
        # 2. Its event.
        after = {
            "status": step.after,
            "revision": step.revision,
            "submitted_at": when,
            "received_at": when,
            "fingerprint": sent.fingerprint,
        }
        if compared := sorted(figure.indicator for figure in form.figures if figure.compared):
            after["compared"] = compared
        self._record(step, at, actor, owed, after, chain)
        return sent

    def _decide(
        self,
        step: Step,
        at: int,
        report_id: int,
        owed: Owed,
        sent: SentRevision,
        coordinator: str,
        chain: Chain,
    ) -> None:
        reason = REASON if step.action == "returned" else None
        self.decisions.add(
            *(report_id, sent.id, step.action, reason, "[]", coordinator, instant(at))
        )
        after = {
            "status": step.after,
            "revision": step.revision,
            "received_at": sent.received_at,
            "fingerprint": sent.fingerprint,
            "reason": reason,
            "comments": [],
            "correction_due": None,
        }
        self._record(step, at, coordinator, owed, after, chain)

    def _record(
        self, step: Step, at: int, actor: str, owed: Owed, after: dict[str, Any], chain: Chain
    ) -> None:
        subject = f"reports/{owed.period}/{owed.agency}"
        before = {"status": step.before}
        chain.add(at, actor, f"report.{step.action}", subject, owed.agency_id, before, after)
