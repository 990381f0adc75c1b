"""Submissions: each sends a draft of 15 figures that nobody has sent before."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import select

from app.db.database import Database
from app.models.plans import Plan
from app.services.periods import periods
from app.settings import Settings
from bench.capture import Statement, capture_statements
from bench.contest import CLIENTS, SERVICE, SQL, Outcome, compare
from bench.floors import REVISION_ID, Placeholder, Recording
from bench.load import LoadProfile
from bench.report_body import report_body
from bench.request import ApiRequest
from bench.servers import floors, service
from bench.testbed import NOW, Testbed, in_process

NAME = "submission-of-15"
TARGET = 0.5
SECONDS, WARM_UP = 1.5, 0.3
MAX_REQUESTS_PER_RUN = 4_000
FIGURES = 15
YEARS = range(2001, 2091)

# So many figures are left to the communes, and all of them are in projects that they lead.
LEAVE_FIGURES = f"""
UPDATE indicator SET filled_by = '{{395-TTYT}}' WHERE 'communes' = ANY(filled_by) AND id NOT IN (
    SELECT id FROM indicator WHERE 'communes' = ANY(filled_by) AND 'quarter' = ANY(frequencies)
    ORDER BY position LIMIT {FIGURES})
"""  # noqa: S608 - composed of constants
PLACES = """
SELECT p.code AS period, a.code AS agency, a.path, a.id AS agency_id, 'person-' || a.code AS person,
    o.id AS obligation_id, r.id AS report_id, t.token_hash,
    'reports/' || p.code || '/' || a.code AS subject
FROM obligation o
JOIN report r ON r.obligation_id = o.id
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
JOIN account ON account.username = 'person-' || a.code
JOIN access_token t ON t.account_id = account.id
WHERE p.year <> 2024 ORDER BY p.year, p.ordinal, a.code
"""
DRAFTS = """
INSERT INTO report (obligation_id, status, draft, draft_saved_at, draft_saved_by)
SELECT o.id, 'draft', $1::jsonb, $2, 'person'
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN agency a ON a.id = o.agency_id
WHERE p.year <> 2024 AND p.frequency = 'quarter' AND a.kind IN ('commune', 'township')
"""
Facts = dict[str, Any]


def measure(testbed: Testbed) -> list[Outcome]:
    """Submissions, against the same statements in a transaction of bare asyncpg."""
    url = testbed.clone("submissions")
    facts, statements = asyncio.run(_prepared(testbed, url))
    of_service, of_floor = facts[::2], facts[1::2]
    recording = Recording(url, {}, {NAME: [statements]}, {NAME: of_floor})
    with service(testbed, url) as port, floors(testbed, recording) as floors_port:
        requests = [_ask(testbed, each) for each in of_service]
        floor_asks = [ApiRequest("POST", f"/sql/{NAME}/{n}", body={}) for n in range(len(of_floor))]
        loads = {
            SERVICE: lambda sent: _profile(port, requests, sent),
            SQL: lambda sent: _profile(floors_port, floor_asks, sent),
        }
        return [compare(f"submission of {FIGURES} figures", loads, TARGET)]


def _ask(testbed: Testbed, facts: Facts) -> ApiRequest:
    path = f"/api/v1/reports/{facts['period']}/{facts['agency']}/submit"
    return ApiRequest("POST", path, testbed.tokens[facts["agency"]], {}, facts["key"])


def _profile(port: int, requests: Sequence[ApiRequest], sent: int) -> LoadProfile:
    lot = [request.raw() for request in requests[sent : sent + MAX_REQUESTS_PER_RUN]]
    return LoadProfile(port, lot, CLIENTS, SECONDS, WARM_UP, once=True)


async def _prepared(testbed: Testbed, url: str) -> tuple[list[Facts], list[Statement]]:
    """Make the drafts; the facts of each, and the statements by which one is submitted."""
    connection = await asyncpg.connect(url)
    await connection.execute(LEAVE_FIGURES)
    await _generate(url)
    async with in_process(url) as (app, client):
        token = testbed.tokens["15493"]
        report = await ApiRequest("GET", f"/api/v1/reports/{YEARS[0]}-Q1/15493", token).send(client)
        draft = report_body(report.json()["expected"], 1, money=False)
        assert len(draft["entries"]) == FIGURES
        await connection.execute(DRAFTS, json.dumps(draft), NOW)
        await connection.execute("VACUUM ANALYZE")
        rows = await connection.fetch(PLACES)
        facts = [dict(row) | {"key": f"key-{n}"} for n, row in enumerate(rows)]
        samples = [facts.pop(0), facts.pop(-1)]
        said = []
        for sample in samples:
            with capture_statements(app.state.database) as statements:
                await _ask(testbed, sample).send(client)
            query = "SELECT max(id) FROM revision"
            sample[REVISION_ID] = await connection.fetchval(query)
            said.append(statements)
    await connection.close()
    return facts, _generalised(said[0], said[1], samples[0], samples[1])


async def _generate(url: str) -> None:
    database = Database(url, Settings())
    async with database.transaction() as session:
        plan = (await session.scalars(select(Plan))).one()
        for year in YEARS:
            if year != plan.year:
                actor = Actor("bench")
                await periods.generate_year(session, plan, year, now=NOW, actor=actor)
    await database.close()


def _generalised(
    said: Sequence[Statement], said_again: Sequence[Statement], facts: Facts, again: Facts
) -> list[Statement]:
    """The statements with names for the parameters that differ between two submissions.

    What differs and is no fact stays as it was the first time: instants and the answer itself.
    """
    assert [each.sql for each in said] == [each.sql for each in said_again]
    names = {(facts[name], again[name]): Placeholder(name) for name in facts}

    def named(value: Any, other: Any) -> Any:
        known = isinstance(value, str | int) and value != other
        return names.get((value, other), value) if known else value

    def row(values: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(named(*pair) for pair in zip(values, others, strict=True))

    return [
        Statement(
            one.sql,
            tuple(row(*pair) for pair in zip(one.parameters, two.parameters, strict=True))
            if one.many
            else row(one.parameters, two.parameters),
            one.many,
            one.alone,
        )
        for one, two in zip(said, said_again, strict=True)
    ]
