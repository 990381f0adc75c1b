"""Extend the plan of 2024 to a simulated country."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import asyncpg

from seed.simulation.figures import Form, Money
from seed.simulation.plans import write_plans
from seed.simulation.record import Chain
from seed.simulation.reports import Owed, ReportRows
from seed.simulation.shape import Shape
from seed.simulation.tables import TableRows
from seed.simulation.units import write_units

SEED = 2024
PLANS_A_BATCH = 25

Progress = Callable[[int, int], None]
"""Called with the number of plans that are filled, and of all plans."""

# The expected figures of each kind of agency, by the frequency of the period.
LIST_EXPECTED = """
SELECT DISTINCT r.model_id, p.frequency, e.position, e.project, e.indicator, e.indicator_id,
    e.compared
FROM simulated_plan s
JOIN reporting_period p ON p.plan_id = s.plan_id
JOIN obligation o ON o.period_id = p.id
JOIN simulated_reporter r ON r.agency_id = o.agency_id
JOIN expected_figure e ON e.obligation_id = o.id
WHERE s.is_template
ORDER BY r.model_id, p.frequency, e.position
"""

# The money that agencies of each kind can spend: that of the projects that they lead.
LIST_MONEY = """
SELECT DISTINCT r.model_id, j.code AS project, b.project_id, b.source, b.origin
FROM simulated_plan s
JOIN budget_line b ON b.plan_id = s.plan_id
JOIN assignment t ON (t.plan_id, t.project_id, t.role) = (s.plan_id, b.project_id, 'lead')
JOIN simulated_reporter r ON r.agency_id = t.agency_id
JOIN project j ON j.id = b.project_id
WHERE s.is_template
ORDER BY r.model_id, j.code, b.source, b.origin
"""

LIST_PLANS = """
SELECT l.plan_id, l.id AS ledger_id, l.last_hash, lower(owner.code) AS owner,
    (extract(epoch FROM l.last_at) * 1000000)::bigint AS last_at
FROM ledger l
JOIN simulated_plan s ON s.plan_id = l.plan_id
JOIN agency owner ON owner.id = s.district_id
ORDER BY l.plan_id
"""

LIST_OBLIGATIONS = """
SELECT p.plan_id, o.id, p.code AS period, a.id AS agency_id, a.code AS agency, r.model_id,
    p.frequency, extract(month FROM p.data_to)::int AS months,
    (extract(epoch FROM o.late_from) * 1000000)::bigint AS late_from
FROM obligation o
JOIN reporting_period p ON p.id = o.period_id
JOIN simulated_reporter r ON r.agency_id = o.agency_id
JOIN agency a ON a.id = o.agency_id
WHERE p.plan_id = ANY($1::bigint[]) AND o.exempted_at IS NULL
ORDER BY o.id
"""

CREATE_OUTCOMES = """
CREATE TEMPORARY TABLE simulated_submission (
    obligation_id bigint, received_at timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE simulated_ledger (
    ledger_id bigint, last_at timestamptz, last_hash bytea
) ON COMMIT DROP
"""

STORE_OUTCOMES = """
UPDATE obligation SET first_submitted_at = s.received_at
FROM simulated_submission s WHERE obligation.id = s.obligation_id;
UPDATE ledger SET last_at = s.last_at, figures_at = s.last_at, last_hash = s.last_hash
FROM simulated_ledger s WHERE ledger.id = s.ledger_id;
SELECT setval(pg_get_serial_sequence('report', 'id'), (SELECT max(id) FROM report));
SELECT setval(pg_get_serial_sequence('revision', 'id'), (SELECT max(id) FROM revision))
"""


async def extend(connection: asyncpg.Connection, shape: Shape, progress: Progress) -> int:
    """Extend the loaded plan of 2024 to a country, in the caller's transaction.

    Returns the number of figures.

    Raises:
        ShapeError: the numbers of units do not fit together.
    """
    template = await write_units(connection, shape)
    await write_plans(connection, template, shape.years)
    await connection.execute(CREATE_OUTCOMES)
    figures = await _write_reports(connection, progress)
    await connection.execute(STORE_OUTCOMES)
    return figures


async def _write_reports(connection: asyncpg.Connection, progress: Progress) -> int:
    rows = ReportRows(await _forms(connection), Random(SEED))  # noqa: S311 - no secret
    events = TableRows(
        "audit_event",
        *("ledger_id", "at", "actor", "action", "subject", "agency_id", "before", "after", "hash"),
    )
    ledgers = TableRows("simulated_ledger", "ledger_id", "last_at", "last_hash")
    plans, figures = await connection.fetch(LIST_PLANS), 0
    for start in range(0, len(plans), PLANS_A_BATCH):
        batch = plans[start : start + PLANS_A_BATCH]
        owed = await _obligations(connection, [plan["plan_id"] for plan in batch])
        for plan in batch:
            chain = Chain(plan["ledger_id"], plan["last_at"], plan["last_hash"], events)
            rows.add_plan(owed[plan["plan_id"]], f"mo-phong-{plan['owner']}", chain)
            ledgers.add(*chain.position)
        for table in (*rows.tables, events, ledgers):
            written = await table.write(connection)
            figures += written if table is rows.entries else 0
        progress(start + len(batch), len(plans))
    return figures


async def _obligations(
    connection: asyncpg.Connection, plan_ids: Sequence[int]
) -> dict[int, list[Owed]]:
    """The obligations of each plan."""
    owed: dict[int, list[Owed]] = defaultdict(list)
    for plan_id, *columns in await connection.fetch(LIST_OBLIGATIONS, plan_ids):
        owed[plan_id].append(Owed(*columns))
    return owed


async def _forms(connection: asyncpg.Connection) -> dict[tuple[int, str], Form]:
    """The forms of the reports, by kind of agency and frequency."""
    money = _grouped(
        (row["model_id"], Money(row["project"], row["project_id"], row["source"], row["origin"]))
        for row in await connection.fetch(LIST_MONEY)
    )
    expected = _grouped(
        (
            (row["model_id"], row["frequency"]),
            (row["project"], row["indicator"], row["indicator_id"], row["compared"]),
        )
        for row in await connection.fetch(LIST_EXPECTED)
    )
    return {key: Form.of(lines, money.get(key[0], [])) for key, lines in expected.items()}


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
