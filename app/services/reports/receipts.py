"""Receipts: what a sender can prove about a submission, as it stood when the report was sent.

Nothing of it is stored but the number: due date, extension and timeliness are read from histories
that are only added to, as of the instant of the revision.
"""

from dataclasses import dataclass
from datetime import datetime

from app.db.driver import Connection, Row, Statement
from app.errors import NotFound
from app.policy import Principal
from app.services.deadlines import rules
from app.services.deadlines.rules import ObligationTiming
from app.services.periods.obligations import ReportKey, ensure_one, parameters_of
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.periods import period_name

# A revision of a report within reach (the last one where no number is given), its due date and its
# first submission as of its instant, and the same as they are now.
GET_RECEIPT = Statement("""
SELECT DISTINCT ON (o.plan) o.plan, o.plan_title, o.period, o.frequency, o.ordinal, o.year,
    o.agency, o.agency_name, v.number AS revision, v.receipt_number, v.submitted_at,
    v.received_at, v.recorded_at, v.submitted_by, v.fingerprint,
    then_due.due_date, then_due.late_from, then_due.received_at AS first_received_at,
    CASE WHEN granted.due_date IS NULL OR granted.due_date < then_due.due_date
        THEN schedule.due_text END AS due_text,
    granted.due_date = then_due.due_date AS extended,
    granted.document_number AS extension_document,
    o.due_date AS due_date_now, timeliness(ROW(o.*)::owed_obligation, :now) AS timeliness_now,
    days_late(ROW(o.*)::owed_obligation, :now) AS days_late_now, o.report_status,
    v.number = r.last_revision AS is_last
FROM any_obligation o
JOIN schedule ON schedule.id = o.schedule_id
LEFT JOIN report r ON r.id = o.report_id
LEFT JOIN revision v ON v.report_id = r.id
    AND v.number = coalesce(CAST(:revision AS int), r.last_revision)
LEFT JOIN LATERAL (
    SELECT * FROM reports_as_of(o.period_id, o.agency_path, v.recorded_at) AS report
    WHERE report.obligation_id = o.id
) AS then_due ON true
LEFT JOIN LATERAL (
    SELECT x.due_date, x.document_number FROM extension x
    WHERE x.obligation_id = o.id AND x.recorded_at <= v.recorded_at
    ORDER BY x.recorded_at DESC LIMIT 1
) AS granted ON true
WHERE o.period = :period AND o.agency = :agency
AND (o.agency_existed OR o.first_submitted_at IS NOT NULL OR r.draft IS NOT NULL)
AND (within_reach(o.agency_path, :reach) OR is_heir(:reader, o.agency_id))
AND (CAST(:plan AS text) IS NULL OR o.plan = :plan)
ORDER BY o.plan, o.agency_existed DESC
""")

# Whether a receipt has this number and this fingerprint.
CHECK_RECEIPT = Statement("""
SELECT EXISTS (
    SELECT FROM revision WHERE receipt_number = :number AND fingerprint = :fingerprint
) AS matches
""")


@dataclass(frozen=True)
class Receipt:
    """A receipt: the columns of GET_RECEIPT, and the timeliness at the sending."""

    row: Row
    timing: ObligationTiming

    @property
    def period_name(self) -> Bilingual:
        """The name of the period."""
        return period_name(self.row["frequency"], self.row["ordinal"], self.row["year"])

    @property
    def has_changed(self) -> bool:
        """Whether due date or timeliness are judged in another way today."""
        row, timing = self.row, self.timing
        return (row["due_date"], timing.timeliness, timing.days_late) != (
            row["due_date_now"],
            row["timeliness_now"],
            row["days_late_now"],
        )


async def get(
    connection: Connection,
    principal: Principal,
    key: ReportKey,
    *,
    revision: int | None,
    now: datetime,
) -> Receipt:
    """The receipt of a revision; None is the last one.

    Raises:
        NotFound: no such obligation within reach, nothing was submitted, or no such revision.
        AmbiguousPlan: several plans have one, and none was named.
    """
    parameters = parameters_of(principal, key) | {"now": now, "revision": revision}
    rows = await GET_RECEIPT.fetch_all(connection, parameters)
    ensure_one([row["plan"] for row in rows], key)
    row = rows[0]
    if row["revision"] is None:
        raise NotFound(terms.REVISION, number=revision or 1)
    timing = rules.timing_at(
        late_from=row["late_from"],
        first_submitted_at=row["first_received_at"],
        exempt=False,
        now=row["recorded_at"],
    )
    return Receipt(row, timing)


async def matches(connection: Connection, number: str, fingerprint: str) -> bool:
    """Whether a revision has this receipt number and this fingerprint; tells nothing else."""
    parameters = {
        "number": "".join(number.split()).upper(),
        "fingerprint": "".join(fingerprint.split()).lower(),
    }
    return bool((await CHECK_RECEIPT.fetch_all(connection, parameters))[0]["matches"])
