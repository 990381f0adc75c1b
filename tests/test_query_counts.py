"""The number of SQL statements of a request does not grow with the size of its answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event, text

from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok, review, submit_complete


@contextmanager
def recorded_statements(service: Service) -> Iterator[list[str]]:
    """Record the statements that SQLAlchemy and asyncpg send to the database."""
    statements: list[str] = []

    def by_session(*arguments: Any) -> None:
        statements.append(arguments[2])

    fetch = asyncpg.Connection.fetch

    def by_driver(connection: Any, sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return fetch(connection, sql, *arguments)

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", by_session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "fetch", by_driver)
        yield statements
    event.remove(engine, "before_cursor_execute", by_session)


async def count_statements(service: Service, path: str, person: str = "coordinator") -> int:
    client = service.client(person)
    with recorded_statements(service) as statements:
        ok(await client.get(path))
    assert statements, "every request authenticates in the database"
    return len(statements)


LISTS = {
    "/obligations?year=2024&limit={}": 2,
    f"/obligations?period={Q2}&limit={{}}": 3,
    "/reports?limit={}": 2,
    f"/reports?period={Q2}&status=not_started&limit={{}}": 3,
    "/reporting-periods?limit={}": 2,
    "/schedules?limit={}": 2,
    "/obligations?plan=tho-xuan-2024&limit={}": 3,
    "/reports?plan=tho-xuan-2024&limit={}": 3,
    "/reporting-periods?plan=tho-xuan-2024&limit={}": 3,
    "/schedules?plan=tho-xuan-2024&limit={}": 3,
    "/reminder-rules?plan=tho-xuan-2024&limit={}": 3,
    # One records that a reviewer opens the report.
    f"/reports/{Q2}/{XUAN_HONG}/revisions?limit={{}}": 4,
}


async def test_a_page_of_200_takes_as_many_statements_as_a_page_of_one(service: Service) -> None:
    for path, maximum in LISTS.items():
        counts = [await count_statements(service, path.format(limit)) for limit in (1, 200)]
        assert counts[0] == counts[1] <= maximum, path


# Copy the labour office's accepted report to the other 34 agencies; only its size matters.
SUBMIT_FOR_ALL_AGENCIES = """
INSERT INTO report (obligation_id, status, last_revision) SELECT o.id, 'accepted', 1
    FROM obligation o JOIN reporting_period p ON p.id = o.period_id
    WHERE p.code = '2024-Q2' AND o.first_submitted_at IS NULL;
INSERT INTO revision (report_id, number, submitted_at, received_at, recorded_at, submitted_by,
    body, fingerprint)
    SELECT r.id, 1, v.submitted_at, v.received_at, v.recorded_at, 'x', v.body, ''
    FROM report r, revision v WHERE NOT EXISTS (SELECT FROM revision WHERE report_id = r.id);
INSERT INTO revision_entry (revision_id, indicator_id, value) SELECT v.id, e.indicator_id, e.value
    FROM revision v, revision_entry e WHERE v.fingerprint = '';
INSERT INTO revision_disbursement SELECT v.id, d.project_id, d.source, d.origin, d.amount_vnd
    FROM revision v, revision_disbursement d WHERE v.fingerprint = '';
INSERT INTO decision (report_id, revision_id, action, comments, decided_by, recorded_at)
    SELECT report_id, id, 'accepted', '[]', 'x', recorded_at FROM revision WHERE fingerprint = '';
UPDATE obligation SET first_submitted_at = '2024-06-10T08:00:00+07:00' FROM reporting_period p
    WHERE p.id = period_id AND p.code = '2024-Q2'
"""

OVERVIEWS = {
    "/obligations/matrix?year=2024": 3,
    f"/aggregates/indicators?period={Q2}": 6,
    f"/aggregates/budget-execution?period={Q2}": 6,
    f"/aggregates/timeliness?period={Q2}": 8,
}


async def test_an_overview_takes_as_many_statements_with_one_report_as_with_35(
    service: Service,
) -> None:
    await submit_complete(service.client("labour-reporter"), "395-LDTBXH", {"DA71.01.1": 2})
    await review(service.client("coordinator"), "accept", "395-LDTBXH")
    one_agency = {path: await count_statements(service, path) for path in OVERVIEWS}
    async with service.database.transaction() as session:
        for statement in SUBMIT_FOR_ALL_AGENCIES.split(";"):
            await session.execute(text(statement))
    path = f"/aggregates/indicators?period={Q2}"
    summed = ok(await service.client("coordinator").get(path))
    assert summed["coverage"]["accepted"] == 35
    all_agencies = {path: await count_statements(service, path) for path in OVERVIEWS}
    assert all_agencies == one_agency
    assert all(all_agencies[path] <= maximum for path, maximum in OVERVIEWS.items()), all_agencies


async def test_a_report_takes_two_statements_and_a_draft_one_more(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    path = f"/reports/{Q2}/{XUAN_HONG}"
    assert await count_statements(service, path, "xuan-hong") == 2
    await draft(commune, XUAN_HONG)
    assert await count_statements(service, path, "xuan-hong") == 3, (
        "one more for the draft's findings"
    )
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Sửa.")
    await submit_complete(commune, XUAN_HONG)
    assert await count_statements(service, path, "xuan-hong") == 2


async def test_a_submission_takes_as_many_statements_for_few_figures_as_for_many(
    service: Service,
) -> None:
    counts, sizes = [], []
    for person, agency in (("xuan-hong", XUAN_HONG), ("health-centre", "395-TTYT")):
        client = service.client(person)
        saved = await draft(client, agency, disbursements=[money("DA3.TDA2", 0)])
        sizes.append(len(saved["draft"]["entries"]))
        with recorded_statements(service) as statements:
            ok(await client.post(f"/reports/{Q2}/{agency}/submit", json={}))
        counts.append(len(statements))
    assert sizes[0] > 4 * sizes[1]
    assert counts[0] == counts[1] <= 14
