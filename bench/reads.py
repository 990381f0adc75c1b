"""Frequent reads (a report, the list of obligations, the matrix) and an aggregate."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from app.text.sheets import XLSX
from bench.baseline import Baseline
from bench.capture import Statement, capture_statements
from bench.comparison import BASELINE, BYTES, CLIENTS, PLAIN, SERVICE, SQL, Outcome, Runner, compare
from bench.floors import Recording
from bench.load import LoadProfile
from bench.request import ApiRequest
from bench.servers import floors, service
from bench.testbed import COORDINATOR, PERIODS, Testbed, in_process

LAPS = 9
SECONDS, WARM_UP = 1.5, 0.3
TARGETS = {SQL: 0.5, BASELINE: 0.95}
LEAST_COMPRESSED = 0.75
"""The least ratio of the rate with compressed responses to the rate without."""


@dataclass(frozen=True)
class Load:
    """Requests of one kind, and the least ratio of the service's rate to each reference's."""

    name: str
    requests: Sequence[ApiRequest]
    targets: Mapping[str, float]


def loads(testbed: Testbed) -> dict[str, list[Load]]:
    """The loads of each part."""
    coordinator = testbed.tokens[COORDINATOR]

    def get(path: str) -> list[ApiRequest]:
        return [ApiRequest("GET", f"/api/v1/{path}", coordinator)]

    reports = [
        ApiRequest("GET", f"/api/v1/reports/{period}/{agency}", testbed.tokens[agency])
        for period, agency in product(PERIODS, testbed.reporters)
    ]
    aggregate = "aggregates/indicators?period=2024-Q2"
    workbook = ApiRequest("GET", f"/api/v1/{aggregate}", coordinator, accept=XLSX)
    return {
        "reads": [
            Load("a report", reports, TARGETS),
            Load("50 obligations", get("obligations?limit=50"), TARGETS),
            Load("matrix 35 x 6", get("obligations/matrix?year=2024"), TARGETS),
        ],
        "aggregates": [
            Load("sums of the district", get(aggregate), {BASELINE: 0.95}),
            Load("the same as a workbook", [workbook], {BASELINE: 0.95}),
        ],
    }


def measure(testbed: Testbed, part: str, baseline: Baseline | None) -> list[Outcome]:
    """Compare the part's loads with both floors and a baseline."""
    selected = loads(testbed)[part]
    url = testbed.clone(part)
    recording = asyncio.run(_record(url, selected))
    with service(testbed, url) as port, floors(testbed, recording) as floors_port:
        return [
            compare(load.name, _runners(load, port, floors_port, baseline), load.targets, laps=LAPS)
            for load in selected
        ]


def measure_compression(testbed: Testbed) -> list[Outcome]:
    """Compare the frequent reads with and without compressed responses."""
    with service(testbed, testbed.clone("compression")) as port:
        return [
            compare(
                f"{load.name}, gzip",
                _runners_with_and_without_gzip(load, port),
                {PLAIN: LEAST_COMPRESSED},
                laps=LAPS,
            )
            for load in loads(testbed)["reads"]
        ]


def _runners_with_and_without_gzip(load: Load, port: int) -> dict[str, Runner]:
    compressed = [replace(request, accept_encoding="gzip") for request in load.requests]
    return {
        SERVICE: lambda _: _profile(port, compressed),
        PLAIN: lambda _: _profile(port, load.requests),
    }


def _runners(
    load: Load, port: int, floors_port: int, baseline: Baseline | None
) -> dict[str, Runner]:
    runners: dict[str, Runner] = {
        SERVICE: lambda _: _profile(port, load.requests),
        BYTES: lambda _: _profile(floors_port, _floor_requests(BYTES, load)),
        SQL: lambda _: _profile(floors_port, _floor_requests(SQL, load)),
    }
    if baseline is not None:
        runners[BASELINE] = lambda _: _profile(baseline.port, baseline.loads[load.name])
    return runners


def _profile(port: int, requests: Sequence[ApiRequest]) -> LoadProfile:
    return LoadProfile(port, [request.raw() for request in requests], CLIENTS, SECONDS, WARM_UP)


def _floor_requests(floor: str, load: Load) -> list[ApiRequest]:
    return [ApiRequest("GET", f"/{floor}/{_key(load)}/{n}") for n in range(len(load.requests))]


def _key(load: Load) -> str:
    return load.name.replace(" ", "-")


async def _record(url: str, selected: Sequence[Load]) -> Recording:
    """Send each request once in this process and record its response and its SQL."""
    answers: dict[str, list[bytes]] = {}
    statements: dict[str, list[list[Statement]]] = {}
    async with in_process(url) as (app, client):
        for load in selected:
            answers[_key(load)], statements[_key(load)] = [], []
            for request in load.requests:
                with capture_statements(app.state.database) as sent:
                    answer = await request.send(client)
                answers[_key(load)].append(answer.content)
                statements[_key(load)].append(sent)
    return Recording(url, answers, statements, facts={})
