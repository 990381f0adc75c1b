"""Submissions of 15 figures: on one plan and over twenty, against floors and a baseline."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from bench.baseline import Baseline
from bench.capture import Statement, capture_statements
from bench.comparison import BARE, BASELINE, CLIENTS, SERVICE, SQL, Outcome, Runner, compare
from bench.drafts import FIGURES, Drafts, prepare, submission
from bench.floors import BareInsert, Placeholder, Recording
from bench.load import LoadProfile
from bench.request import ApiRequest
from bench.servers import floors, service
from bench.testbed import Testbed, in_process

NAME = "submissions"
PLANS = 20
SPREAD_NAME = f"{NAME}-{PLANS}-plans"
WORKERS = 2
LAPS = 9
SECONDS, WARM_UP = 1.0, 0.2
MAX_REQUESTS_PER_LAP = 3_000
MAX_P99_TO_P50 = 5.0
TARGETS = {BARE: 0.25, BASELINE: 0.95, SPREAD_NAME: 0.8}

Row = dict[str, Any]


def measure(testbed: Testbed, baseline: Baseline | None) -> list[Outcome]:
    """Compare submissions on one plan with the floors, with twenty plans and with a baseline."""
    drafts, spread = prepare(testbed, "one_plan", 1), prepare(testbed, "twenty_plans", PLANS)
    statements, rows = asyncio.run(_record(testbed, drafts))
    of_service = rows[::3]
    of_floor = [*rows[1::3], *rows[2::3]]
    bare = BareInsert(
        [row["report_id"] for row in of_floor], drafts.body, drafts.ledger_id, drafts.indicator_ids
    )
    recording = Recording(drafts.url, {}, {NAME: [statements]}, {NAME: of_floor}, bare)
    with ExitStack() as stack:
        port = stack.enter_context(service(testbed, drafts.url, WORKERS))
        spread_port = stack.enter_context(service(testbed, spread.url, WORKERS))
        floors_port = stack.enter_context(floors(testbed, recording, WORKERS))
        runners: dict[str, Runner] = {
            SERVICE: _once(port, [submission(testbed, row) for row in of_service]),
            SQL: _once(floors_port, _floor_requests(f"{SQL}/{NAME}", len(of_floor))),
            BARE: _again(floors_port, _floor_requests(BARE, len(of_floor))),
            SPREAD_NAME: _once(spread_port, spread.requests(testbed)),
        }
        if baseline is not None:
            runners[BASELINE] = _once(baseline.port, baseline.loads[NAME])
        return [
            compare(
                f"submission of {FIGURES} figures",
                runners,
                TARGETS,
                laps=LAPS,
                max_spread=MAX_P99_TO_P50,
            )
        ]


def _floor_requests(path: str, count: int) -> list[ApiRequest]:
    return [ApiRequest("POST", f"/{path}/{n}", body={}) for n in range(count)]


def _once(port: int, requests: Sequence[ApiRequest]) -> Runner:
    """Laps in which no request is sent again."""

    def profile_after(sent: int) -> LoadProfile:
        lot = [request.raw() for request in requests[sent : sent + MAX_REQUESTS_PER_LAP]]
        return LoadProfile(port, lot, CLIENTS, SECONDS, WARM_UP, once=True)

    return profile_after


def _again(port: int, requests: Sequence[ApiRequest]) -> Runner:
    """Laps in which requests may be repeated."""
    lot = [request.raw() for request in requests]
    return lambda _: LoadProfile(port, lot, CLIENTS, SECONDS, WARM_UP)


async def _record(testbed: Testbed, drafts: Drafts) -> tuple[list[Statement], list[Row]]:
    """The statements of a submission, and the drafts that are left."""
    rows = list(drafts.rows)
    samples = [rows.pop(0), rows.pop(-1)]
    recorded = []
    async with in_process(drafts.url) as (app, client):
        for sample in samples:
            with capture_statements(app.state.database) as statements:
                await submission(testbed, sample).send(client)
            recorded.append(statements)
    return _generalise(recorded[0], recorded[1], samples[0], samples[1]), rows


def _generalise(
    first: Sequence[Statement], second: Sequence[Statement], row: Row, other_row: Row
) -> list[Statement]:
    """The statements, with placeholders for the parameters that differ between two submissions.

    What differs and is no fact of the draft keeps the value of the first one, as instants do.
    """
    assert [each.sql for each in first] == [each.sql for each in second]
    names = {(row[name], other_row[name]): Placeholder(name) for name in row}

    def generalise(value: Any, other: Any) -> Any:
        known = isinstance(value, str | int) and value != other
        return names.get((value, other), value) if known else value

    return [
        Statement(
            one.sql,
            tuple(generalise(*pair) for pair in zip(one.parameters, two.parameters, strict=True)),
            one.many,
            one.alone,
        )
        for one, two in zip(first, second, strict=True)
    ]
