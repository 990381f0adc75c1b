"""Reports as they are read: the obligation, what is expected, draft, revisions, decisions."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from asyncpg import Record
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Connection, Statement
from app.db.pagination import page
from app.errors import FieldError, NotFound
from app.models.reports import Report, Revision
from app.policy import Principal
from app.services.deadlines.sql import FIELDS, FROM, instants
from app.services.periods import obligations
from app.services.periods.obligations import Place
from app.services.reports import validation
from app.services.reports.expectations import EXPECTED, REQUIRED, facts_for
from app.text import terms
from app.text.writing import Language
from app.vocabulary import ReportStatus

EDITABLE = frozenset({ReportStatus.NOT_STARTED, ReportStatus.DRAFT, ReportStatus.RETURNED})
"""The states in which a report has a draft that can be changed and sent."""

REVISION_FIELDS = """
    'number', v.number, 'submitted_at', v.submitted_at, 'received_at', v.received_at,
    'submitted_by', v.submitted_by, 'warnings_note', v.warnings_note,
    'body', v.body, 'fingerprint', v.fingerprint
"""


@dataclass(frozen=True)
class Answer:
    """A report as JSON, and its version: the ETag."""

    body: str
    version: int


@cache
def _document(conditions: tuple[str, ...]) -> Statement:
    where = " AND ".join(conditions)
    return Statement(f"""
        SELECT json_build_object({FIELDS},
            'expected', (SELECT coalesce(json_agg(json_build_object(
                'project', ip.code, 'indicator', i.code, 'name', i.name, 'unit', i.unit,
                'kind', i.kind, 'required', {REQUIRED}, 'note', i.note
                ) ORDER BY i.position), '[]') {EXPECTED}),
            'draft', r.draft, 'draft_saved_at', r.draft_saved_at,
            'draft_saved_by', r.draft_saved_by,
            'last_revision', (SELECT json_build_object({REVISION_FIELDS}) FROM revision v
                WHERE v.report_id = r.id AND v.number = r.last_revision),
            'decisions', (SELECT coalesce(json_agg(json_build_object(
                'action', d.action, 'revision', v.number, 'reason', d.reason,
                'comments', d.comments, 'correction_due', d.correction_due,
                'decided_by', d.decided_by, 'at', d.recorded_at
                ) ORDER BY d.id), '[]')
                FROM decision d JOIN revision v ON v.id = d.revision_id WHERE d.report_id = r.id)
        )::text AS body,
        o.id, p.code AS period, plan.code AS plan, coalesce(r.version, 0) AS version,
        r.draft::text AS draft
        {FROM} WHERE {where} ORDER BY plan.code
    """)  # noqa: S608 - composed of constants


async def read(
    connection: Connection,
    principal: Principal,
    period: str,
    agency: str,
    plan: str | None,
    *,
    now: datetime,
    language: Language,
) -> Answer:
    """The report of an agency for a period, as soon as the obligation exists.

    Built by the database in one question; the findings about a draft are added to it.

    Raises:
        NotFound: no such obligation within the principal's reach.
        AmbiguousPlan: several plans have one, and none was named.
    """
    conditions, parameters = obligations.reach_condition(principal)
    conditions += (
        "p.code = :period",
        "a.code = :agency",
        "daterange(a.valid_from, a.valid_to, '[]') @> p.data_to",
    )
    parameters |= {"period": period, "agency": agency} | instants(now)
    if plan is not None:
        conditions += ("plan.code = :plan",)
        parameters["plan"] = plan
    found = await _document(conditions).fetch_all(connection, parameters)
    obligations.see_that_one_was_found([row["plan"] for row in found], period, agency)
    return await _with_findings(connection, found[0], language)


async def _with_findings(connection: Connection, row: Record, language: Language) -> Answer:
    draft = row["draft"]
    findings = [] if draft is None else await findings_of(connection, row["id"], json.loads(draft))
    told = json.dumps([_told(finding, language) for finding in findings], ensure_ascii=False)
    body: str = row["body"]
    return Answer(f'{body[:-1]},"findings":{told}}}', row["version"])


def _told(finding: FieldError, language: Language) -> dict[str, Any]:
    """A finding is always about the body, so it need not say so."""
    return {name: said for name, said in finding.document(language).items() if name != "in"}


async def findings_of(
    connection: Connection, obligation_id: int, draft: dict[str, Any]
) -> list[FieldError]:
    """What a draft would meet if it were sent now."""
    facts = await facts_for(connection, obligation_id)
    return validation.check_draft(draft, facts) or validation.check_submission(draft, facts)


_REPORT_OF = (
    select(Report)
    .where(Report.obligation_id == bindparam("obligation_id"))
    .execution_options(populate_existing=True)
)


async def report_of(session: AsyncSession, place: Place) -> Report | None:
    """The report that answers an obligation; None before the first draft."""
    return await session.scalar(_REPORT_OF, {"obligation_id": place.obligation.id})


async def revisions(
    session: AsyncSession, place: Place, *, limit: int, cursor: str | None
) -> tuple[list[Revision], str | None]:
    """A page of a report's revisions, the first one first."""
    query = (
        select(Revision)
        .join(Report, Report.id == Revision.report_id)
        .where(Report.obligation_id == place.obligation.id)
    )
    rows, following = await page(
        session, query, [(Revision.number, int)], limit=limit, cursor=cursor
    )
    return [row[0] for row in rows], following


async def revision(session: AsyncSession, place: Place, number: int) -> Revision:
    """One revision.

    Raises:
        NotFound: the report has no revision of that number.
    """
    found = await session.scalar(
        select(Revision)
        .join(Report, Report.id == Revision.report_id)
        .where(Report.obligation_id == place.obligation.id, Revision.number == number)
    )
    if found is None:
        raise NotFound(terms.REVISION, number=number)
    return found
