"""Reading reports: the obligation, what is expected, draft, revisions, decisions."""

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Row, Statement
from app.db.pagination import page
from app.errors import NotFound
from app.models.reports import Report, Revision
from app.policy import Principal
from app.services.periods import obligations
from app.services.periods.obligations import ReportKey, ensure_one, parameters_of
from app.services.reports import differences, openings
from app.services.reports.differences import Difference
from app.services.reports.expectations import get_expectations
from app.services.reports.findings import findings_json, findings_of
from app.services.reports.working_copy import ReportAnswer
from app.text import terms
from app.text.writing import Language

# A report within reach, or of an agency that was merged into the reader's, as JSON without the
# findings about its draft. The draft is null for readers who may not read it. One that was begun
# before its obligation moved to successors is still read.
GET_REPORT = Statement("""
SELECT DISTINCT ON (o.plan) o.id, o.plan, o.report_version AS version,
    readable.draft::text AS draft, o.agency_id, r.status = 'submitted' AND r.opened_at IS NULL
        AS is_unopened,
    obligation_json(ROW(o.*)::owed_obligation, schedule.due_text, :now)::text AS obligation,
    json_build_object(
        'expected', expected_json(o.id),
        'draft', readable.draft,
        'draft_saved_at', r.draft_saved_at, 'draft_saved_by', r.draft_saved_by,
        'last_revision', (SELECT revision_json(v) FROM revision v
            WHERE v.report_id = r.id AND v.number = r.last_revision),
        'decisions', decisions_json(r.id),
        'opened_at', r.opened_at,
        'can_recall', coalesce(r.status = 'submitted' AND r.opened_at IS NULL
            AND (is_open(ROW(o.*)::owed_obligation, :now)
                OR EXISTS (SELECT FROM decision d WHERE d.report_id = r.id)), false),
        'predecessor_reports', CASE WHEN EXISTS (
            SELECT FROM agency_succession WHERE successor_id = o.agency_id
        ) THEN predecessor_reports_json(o.id, :reader) ELSE '[]' END
    )::text AS report
FROM any_obligation o
JOIN schedule ON schedule.id = o.schedule_id
LEFT JOIN report r ON r.id = o.report_id
LEFT JOIN LATERAL (
    SELECT r.draft WHERE may_read_draft(r.draft_agency_id, o.agency_id, :reader)
) AS readable ON true
WHERE o.period = :period AND o.agency = :agency
AND (o.agency_existed OR o.first_submitted_at IS NOT NULL OR r.draft IS NOT NULL)
AND (within_reach(o.agency_path, :reach) OR is_heir(:reader, o.agency_id))
AND (CAST(:plan AS text) IS NULL OR o.plan = :plan)
ORDER BY o.plan, o.agency_existed DESC
""")


async def get(
    connection: Connection,
    principal: Principal,
    key: ReportKey,
    *,
    now: datetime,
    language: Language,
) -> ReportAnswer:
    """The report of an agency for a period, from the moment that the obligation exists.

    Its draft is left out unless the principal may read it (SQL function `may_read_draft`).

    The database builds it in one statement; a draft costs one more, for its findings. The first
    time that a reviewer reads a submitted report is recorded.

    Raises:
        NotFound: no such obligation within the principal's reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    row = await _get_row(connection, principal, key, now)
    if row["is_unopened"] and openings.is_reviewer(principal, row["agency_id"]):
        await openings.record(connection, principal, row["id"], now)
        row = await _get_row(connection, principal, key, now)  # it may have been recalled
    findings = "[]"
    if row["draft"] is not None:
        expectations = await get_expectations(connection, row["id"])
        findings = findings_json(findings_of(json.loads(row["draft"]), expectations), language)
    body = f'{row["obligation"][:-1]},{row["report"][1:-1]},"findings":{findings}}}'
    return ReportAnswer(body, row["version"])


async def _get_row(
    connection: Connection, principal: Principal, key: ReportKey, now: datetime
) -> Row:
    parameters = parameters_of(principal, key) | {"now": now}
    rows = await GET_REPORT.fetch_all(connection, parameters)
    ensure_one([row["plan"] for row in rows], key)
    return rows[0]


async def list_revisions(
    session: AsyncSession,
    principal: Principal,
    key: ReportKey,
    *,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> tuple[list[Revision], str | None]:
    """A page of a report's revisions, the first one first; it opens a report, as `get` does.

    Raises:
        NotFound: no such obligation within the principal's reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    owed = await obligations.get(session, principal, key)
    if openings.is_reviewer(principal, owed.agency.id):
        await openings.record(session, principal, owed.obligation.id, now)
    query = (
        select(Revision)
        .join(Report, Report.id == Revision.report_id)
        .where(Report.obligation_id == owed.obligation.id)
    )
    rows, next_cursor = await page(session, query, [Revision.number], limit=limit, cursor=cursor)
    return [row[0] for row in rows], next_cursor


async def get_revision(
    session: AsyncSession, principal: Principal, key: ReportKey, number: int, *, now: datetime
) -> Revision:
    """One revision of a report; reading it opens a submitted report, as `get` does.

    Raises:
        NotFound: no such obligation within the principal's reach, or no such revision.
        AmbiguousPlan: several plans have one, and none was named.
    """
    owed = await obligations.get(session, principal, key)
    if openings.is_reviewer(principal, owed.agency.id):
        await openings.record(session, principal, owed.obligation.id, now)
    revision = await session.scalar(
        select(Revision)
        .join(Report, Report.id == Revision.report_id)
        .where(Report.obligation_id == owed.obligation.id, Revision.number == number)
    )
    if revision is None:
        raise NotFound(terms.REVISION, number=number)
    return revision


async def compare_revisions(
    session: AsyncSession,
    principal: Principal,
    key: ReportKey,
    number: int,
    *,
    earlier: int,
    now: datetime,
) -> list[Difference]:
    """The differences of a revision from another one; it opens a report, as `get` does.

    Raises:
        NotFound: no such obligation within the principal's reach, or no such revision.
        AmbiguousPlan: several plans have one, and none was named.
    """
    before = await get_revision(session, principal, key, earlier, now=now)
    after = await get_revision(session, principal, key, number, now=now)
    return differences.compare(before.body, after.body)
