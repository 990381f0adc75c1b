"""Drafts of 15 figures, ready to be submitted: of one plan, or spread over several."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.db.roles import DatabaseUrls
from app.models.audit_events import Ledger
from app.models.base import Base
from app.models.indicators import PlanIndicator
from app.models.periods import Schedule, ScheduleReporter
from app.models.plans import Plan
from app.models.projects import Assignment, PlanProject
from app.server.operating import OPERATOR
from app.services.audit.action import Action
from app.services.periods import periods
from app.settings import Settings
from app.vocabulary import Frequency
from bench.report_body import report_body
from bench.request import ApiRequest
from bench.testbed import NOW, Testbed, in_process

FIGURES = 15
YEARS_OF_ALL_PLANS = 240
FIRST_YEAR = 2001
SKIPPED_YEAR = 2024
"""The testbed has reports in this year's periods."""

# Leave so many figures to the communes, all of them in projects that they lead.
LIMIT_FIGURES = """
UPDATE plan_indicator SET filled_by = '{395-TTYT}'
WHERE 'communes' = ANY(filled_by) AND indicator_id NOT IN (
    SELECT indicator_id FROM plan_indicator
    WHERE 'communes' = ANY(filled_by) AND 'quarter' = ANY(frequencies)
    ORDER BY position LIMIT $1)
"""
# A draft for each quarterly obligation of a commune.
ADD_DRAFTS = """
INSERT INTO report (obligation_id, status, draft, draft_saved_at, draft_saved_by)
SELECT o.id, 'draft', $1::jsonb, $2, 'person'
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
WHERE p.year <> $3 AND p.frequency = 'quarter' AND a.kind IN ('commune', 'township')
"""
LIST_DRAFTS = """
SELECT plan.code AS plan, p.code AS period, a.code AS agency, a.path, a.id AS agency_id,
    'person-' || a.code AS person, o.id AS obligation_id, r.id AS report_id, t.token_hash,
    'reports/' || p.code || '/' || a.code AS subject
FROM obligation o
JOIN report r ON r.obligation_id = o.id
JOIN reporting_period p ON p.id = o.period_id
JOIN plan ON plan.id = p.plan_id
JOIN agency a ON a.id = o.agency_id
JOIN account ON account.username = 'person-' || a.code
JOIN access_token t ON t.account_id = account.id
WHERE p.year <> $1 ORDER BY p.year, p.ordinal, a.code, plan.id
"""
# The facts of one report of the floor `bare`.
GET_BARE_FACTS = """
SELECT ledger.id AS ledger_id,
    (SELECT array_agg(indicator_id) FROM expected_figure WHERE obligation_id = $1) AS indicator_ids
FROM ledger WHERE plan_id IS NOT NULL ORDER BY id LIMIT 1
"""


@dataclass(frozen=True)
class Drafts:
    """The database with the drafts, a row a draft, and the body that all of them have."""

    url: str
    rows: Sequence[dict[str, Any]]
    body: str
    ledger_id: int
    indicator_ids: Sequence[int]

    def requests(self, testbed: Testbed) -> list[ApiRequest]:
        """The submission of each draft, with an idempotency key."""
        return [submission(testbed, row) for row in self.rows]


def submission(testbed: Testbed, row: dict[str, Any]) -> ApiRequest:
    """The request that submits a draft."""
    path = f"/api/v1/reports/{row['period']}/{row['agency']}/submit?plan={row['plan']}"
    return ApiRequest("POST", path, testbed.tokens[row["agency"]], {}, row["key"])


def prepare(testbed: Testbed, database: str, plans: int) -> Drafts:
    """Make a database with some 29,000 drafts, spread evenly over so many plans."""
    testbed.clone(database)
    return asyncio.run(_prepare(testbed, testbed.urls(database), plans))


async def _prepare(testbed: Testbed, urls: DatabaseUrls, plans: int) -> Drafts:
    url = urls.application
    connection = await asyncpg.connect(urls.owner)
    await connection.execute(LIMIT_FIGURES, FIGURES)
    await _add_plans(url, plans)
    body = await _body(testbed, url)
    await connection.execute(ADD_DRAFTS, body, NOW, SKIPPED_YEAR)
    await connection.execute("VACUUM ANALYZE")
    rows = await connection.fetch(LIST_DRAFTS, SKIPPED_YEAR)
    facts = await connection.fetchrow(GET_BARE_FACTS, rows[0]["obligation_id"])
    await connection.close()
    drafts = [dict(row) | {"key": f"key-{n}"} for n, row in enumerate(rows)]
    return Drafts(url, drafts, body, facts["ledger_id"], facts["indicator_ids"])


async def _body(testbed: Testbed, url: str) -> str:
    async with in_process(url) as (_, client):
        path = f"/api/v1/reports/{FIRST_YEAR}-Q1/15493?plan=tho-xuan-2024"
        report = await ApiRequest("GET", path, testbed.tokens["15493"]).send(client)
    body = report_body(report.json()["expected"], 1, money=False)
    assert len(body["entries"]) == FIGURES
    return json.dumps(body)


async def _add_plans(url: str, count: int) -> None:
    """Copy the plan until there are `count`, and generate the periods of the drafts."""
    database = Database(url, Settings())
    years = range(FIRST_YEAR, FIRST_YEAR + -(-YEARS_OF_ALL_PLANS // count))
    async with database.transaction() as session:
        original = (await session.scalars(select(Plan))).one()
        plans = [original, *[await _copy(session, original, n) for n in range(1, count)]]
        for plan in plans:
            for year in years:
                if year != SKIPPED_YEAR:
                    await periods.generate_year(session, Action(OPERATOR, NOW), plan, year)
    await database.close()


async def _copy(session: AsyncSession, plan: Plan, number: int) -> Plan:
    """A plan with the projects, assignments, indicators and quarterly schedule of another one."""
    copy = Plan(**_values(plan) | {"code": f"{plan.code}-{number}"})
    session.add(copy)
    await session.flush()
    session.add(Ledger(plan_id=copy.id, last_at=NOW, figures_at=NOW, last_hash=b""))
    for model in (PlanProject, Assignment, PlanIndicator):
        rows = await session.scalars(select(model).where(model.plan_id == plan.id))
        session.add_all(model(**_values(row) | {"plan_id": copy.id}) for row in rows.all())
        await session.flush()
    await _copy_schedule(session, plan, copy)
    return copy


async def _copy_schedule(session: AsyncSession, plan: Plan, copy: Plan) -> None:
    query = select(Schedule).where(
        Schedule.plan_id == plan.id, Schedule.frequency == Frequency.QUARTER
    )
    original = (await session.scalars(query)).one()
    schedule = Schedule(**_values(original) | {"plan_id": copy.id})
    session.add(schedule)
    await session.flush()
    reporters = await session.scalars(
        select(ScheduleReporter.agency_id).where(ScheduleReporter.schedule_id == original.id)
    )
    session.add_all(
        ScheduleReporter(schedule_id=schedule.id, agency_id=agency_id)
        for agency_id in reporters.all()
    )


def _values(row: Base) -> dict[str, Any]:
    """The columns of a row but for its id and version."""
    names = (column.name for column in row.__table__.columns)
    return {name: getattr(row, name) for name in names if name not in {"id", "version"}}
