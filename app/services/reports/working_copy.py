"""The working copy of a report, read with one statement and written with another.

Saving a draft and submitting it are frequent, so they go through the direct driver and hold no lock
between their statements. The statement that writes checks that the version which was read is still
the current one; where it is not, the work is repeated on the newer version.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.clock import LOCAL
from app.db.driver import Connection, Row, Statement
from app.errors import StateConflict
from app.policy import Permission, Principal
from app.services.audit.action import Action
from app.services.deadlines import rules
from app.services.periods.obligations import ReportKey, ensure_one, parameters_of
from app.services.reports.expectations import parse_expectations
from app.services.reports.figures import number
from app.services.reports.refusals import EDITING
from app.services.reports.validation import Expectations
from app.text.bilingual import Bilingual
from app.vocabulary import ReportStatus

EDITABLE = frozenset({ReportStatus.NOT_STARTED, ReportStatus.DRAFT, ReportStatus.RETURNED})
"""The states in which a report has a draft that can be changed and submitted."""

PERIOD_CLOSED = Bilingual(
    "Kỳ báo cáo {period} đã khóa nên không sửa hay gửi báo cáo được; đề nghị cơ quan "
    "tổng hợp mở lại.",
    "Period {period} is closed, so reports cannot be changed or submitted; ask the "
    "coordinating office to open it.",
)

ATTEMPTS = 5
"""How often a write is tried on the newest version before it gives up as stale."""

# The report within reach, or of an agency that was merged into the reader's: the columns that
# decide on a change, and those of the response. The draft is null where it may not be read.
GET_WORKING_COPY = Statement("""
SELECT DISTINCT ON (o.plan) o.*, is_open(o, :now) AS is_open,
    CASE WHEN o.due_date = o.period_due_date THEN schedule.due_text END AS due_text,
    r.draft IS NOT NULL AS has_draft, r.draft_writers, r.opened_at,
    CASE WHEN may_read_draft(r.draft_agency_id, o.agency_id, :reader) THEN r.draft::text END
        AS draft,
    CASE WHEN o.exempted_at IS NOT NULL THEN exemption_json(o.id)::text END AS exemption,
    coalesce(r.last_revision, 0) AS revisions, expectations_json(o.id)::text AS expectations,
    (SELECT json_object_agg(j.code, j.name) FROM plan_project adopted
        JOIN project j ON j.id = adopted.project_id WHERE adopted.plan_id = o.plan_id)::text
        AS project_names,
    (SELECT revision_json(v)::text FROM revision v
        WHERE v.report_id = r.id AND v.number = r.last_revision) AS last_revision,
    decisions_json(r.id)::text AS decisions,
    predecessor_reports_json(o.id, :reader)::text AS predecessor_reports
FROM owed_obligation o
JOIN schedule ON schedule.id = o.schedule_id
LEFT JOIN report r ON r.id = o.report_id
WHERE o.period = :period AND o.agency = :agency
AND (within_reach(o.agency_path, :reach) OR is_heir(:reader, o.agency_id))
AND (CAST(:plan AS text) IS NULL OR o.plan = :plan)
ORDER BY o.plan, o.agency_existed DESC
""")


@dataclass(frozen=True)
class ReportAnswer:
    """A report as JSON, and its version: the ETag.

    is_repeated: whether it repeats the answer to an earlier request.
    """

    body: str
    version: int
    is_repeated: bool = False


@dataclass(frozen=True)
class Progress:
    """The fields of an obligation that a draft or a submission changes."""

    status: ReportStatus
    first_submitted_at: datetime | None
    correction_due: date | None


@dataclass(frozen=True)
class WorkingCopy:
    """An obligation with its report, as they were read.

    row: the columns of GET_WORKING_COPY; those of the view, and the parts of the answer as JSON.
    """

    row: Row
    expectations: Expectations

    @property
    def subject(self) -> str:
        """The report as audit events name it."""
        return f"reports/{self.row['period']}/{self.row['agency']}"

    @property
    def status(self) -> ReportStatus:
        """The state of the report."""
        return ReportStatus(self.row["report_status"])

    @property
    def version(self) -> int:
        """The version of the report; 0 before its first draft."""
        version: int = self.row["report_version"]
        return version

    @property
    def draft(self) -> dict[str, Any] | None:
        """The draft's body, if there is one that the principal may read."""
        text: str | None = self.row["draft"]
        return None if text is None else json.loads(text)

    @property
    def has_new_draft(self) -> bool:
        """Whether the draft was saved since the last submission; a return copies the revision."""
        return bool(self.row["draft_writers"])

    @property
    def is_draft_hidden(self) -> bool:
        """Whether there is a draft that the principal may not read."""
        return bool(self.row["has_draft"]) and self.row["draft"] is None

    @property
    def can_recall(self) -> bool:
        """Whether the report, once submitted, can be recalled before a reviewer opens it.

        It has to be open for another submission: one that was returned before always is.
        """
        return bool(self.row["is_open"]) or self.row["decisions"] != "[]"

    def decisions_before(self, revision: int) -> str:
        """The decisions on revisions before the one of this number, as JSON."""
        decisions = json.loads(self.row["decisions"])
        return json.dumps(
            [decision for decision in decisions if decision["revision"] < revision],
            ensure_ascii=False,
        )

    @property
    def is_editable(self) -> bool:
        """Whether the report has a draft that can be changed and submitted."""
        return self.status in EDITABLE

    def is_paper_entry(self, principal: Principal) -> bool:
        """Whether the principal is the coordinating office and the report another agency's."""
        is_own_agency = principal.agency_id == self.row["agency_id"]
        return Permission.REPORTS_REVIEW in principal.permissions and not is_own_agency

    def ensure_editable(self, principal: Principal) -> None:
        """Ensure that the report can be written and submitted by the principal.

        The coordinating office, which closes periods, enters paper reports in closed ones too.

        Raises:
            StateConflict: the period is closed for the agency (SQL function `sending_is_open`), or
                the report was submitted.
        """
        if not self.row["is_open"] and not self.is_paper_entry(principal):
            raise StateConflict(PERIOD_CLOSED, period=self.row["period"])
        if not self.is_editable:
            raise StateConflict(EDITING[self.status])

    def answer(
        self, now: datetime, progress: Progress, *, version: int | None = None, **parts: str
    ) -> ReportAnswer:
        """The report after a change of its progress.

        version: that of an earlier answer which is repeated; by default the next one. parts: JSON
        that replaces parts of the row, by the names of the answer's fields.
        """
        row = self.row
        version = self.version + 1 if version is None else version
        timing = rules.timing_at(
            late_from=row["late_from"],
            first_submitted_at=progress.first_submitted_at,
            exempt=row["exempted_at"] is not None,
            now=now,
            due_soon_days=row["due_soon_days"],
        )
        first_submitted_at, correction_due = progress.first_submitted_at, progress.correction_due
        is_submitted = progress.status is ReportStatus.SUBMITTED
        opened_at = None if is_submitted else row["opened_at"]  # a new revision is not opened yet
        obligation = {
            "plan": row["plan"],
            "period": row["period"],
            "agency": row["agency"],
            "agency_name": row["agency_name"],
            "due_date": row["due_date"].isoformat(),
            "late_from": instant_json(row["late_from"]),
            "due_text": row["due_text"],
            "timeliness": timing.timeliness,
            "days_late": timing.days_late,
            "days_left": timing.days_left,
            "first_submitted_at": first_submitted_at and instant_json(first_submitted_at),
            "report_status": progress.status,
            "extended": row["due_date"] > row["period_due_date"],
            "correction_due": correction_due and correction_due.isoformat(),
            "can_submit": row["is_open"] and progress.status in EDITABLE,
            "can_recall": is_submitted and self.can_recall,
            "opened_at": opened_at and instant_json(opened_at),
            "exemption": row["exemption"] and json.loads(row["exemption"]),
            "version": version,
        }
        return ReportAnswer(self._joined(obligation, parts), version)

    def _joined(self, obligation: Mapping[str, Any], parts: Mapping[str, str]) -> str:
        """One JSON object of the obligation's fields and of parts that are JSON already."""
        document = {
            "expected": self._expected(),
            "draft": "null",
            "draft_saved_at": "null",
            "draft_saved_by": "null",
            "last_revision": self.row["last_revision"] or "null",
            "decisions": self.row["decisions"],
            "predecessor_reports": self.row["predecessor_reports"],
            "findings": "[]",
            **parts,
        }
        head = json.dumps(obligation, ensure_ascii=False)[:-1]
        tail = ",".join(f'"{name}":{value}' for name, value in document.items())
        return f"{head},{tail}}}"

    def _expected(self) -> str:
        """The expected figures as the SQL function `expected_json` writes them."""
        names = json.loads(self.row["project_names"] or "{}")
        figures = (
            {
                "project": figure.project,
                "project_name": names.get(figure.project),
                "indicator": figure.indicator,
                "name": figure.name,
                "unit": figure.unit,
                "kind": figure.kind,
                "decimals": figure.decimals,
                "maximum": number(figure.maximum),
                "required": figure.required,
                "compared": figure.compared,
                "note": figure.note,
            }
            for figure in self.expectations.figures.values()
        )
        return json.dumps(list(figures), ensure_ascii=False)


async def get(connection: Connection, action: Action, key: ReportKey) -> WorkingCopy:
    """The report within the reach of the action's principal, as it is now.

    Raises:
        NotFound: there is no such obligation.
        AmbiguousPlan: several plans have one, and none was named.
    """
    principal = action.principal
    parameters = parameters_of(principal, key) | {"now": action.now}
    rows = await GET_WORKING_COPY.fetch_all(connection, parameters)
    ensure_one([row["plan"] for row in rows], key)
    return WorkingCopy(rows[0], parse_expectations(rows[0]))


def instant_json(instant: datetime) -> str:
    """An instant as PostgreSQL writes it into JSON: local, without trailing zeros."""
    text = instant.astimezone(LOCAL).isoformat()
    if not instant.microsecond:
        return text
    moment, offset = text[:-6], text[-6:]
    return moment.rstrip("0") + offset
