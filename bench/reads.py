"""The reads that are hot: a report, the list of obligations, the matrix; and an aggregate."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from app.text.tables import XLSX
from bench.asking import Ask
from bench.capture import Statement, captured
from bench.contest import BYTES, CLIENTS, SERVICE, SQL, Outcome, held
from bench.floors import Script
from bench.load import Orders
from bench.servers import floors, service
from bench.stage import COORDINATOR, PERIODS, Stage, in_process

HALF = 0.5
SECONDS, WARM_UP = 1.5, 0.3


@dataclass(frozen=True)
class Load:
    """Requests of one kind, and how near to the SQL floor their answers have to be."""

    name: str
    asks: Sequence[Ask]
    target: float | None


def loads(stage: Stage) -> dict[str, list[Load]]:
    """The loads by the part of the bench that they belong to."""
    coordinator = stage.tokens[COORDINATOR]

    def asked(path: str) -> list[Ask]:
        return [Ask("GET", f"/api/v1/{path}", coordinator)]

    reports = [
        Ask("GET", f"/api/v1/reports/{period}/{agency}", stage.tokens[agency])
        for period, agency in product(PERIODS, stage.reporters)
    ]
    aggregate = "aggregates/indicators?period=2024-Q2"
    workbook = Ask("GET", f"/api/v1/{aggregate}", coordinator, accept=XLSX)
    return {
        "reads": [
            Load("a report", reports, HALF),
            Load("50 obligations", asked("obligations?limit=50"), HALF),
            Load("matrix 35 x 6", asked("obligations/matrix?year=2024"), HALF),
        ],
        "aggregates": [
            Load("sums of the district", asked(aggregate), None),
            Load("the same as a workbook", [workbook], None),
        ],
    }


def measured(stage: Stage, part: str) -> list[Outcome]:
    """The part's loads, against both floors."""
    wanted = loads(stage)[part]
    url = stage.clone(part)
    script = asyncio.run(_rehearsed(url, wanted))
    with service(stage, url) as port, floors(stage, script) as floors_port:
        return [held(load.name, _runs(load, port, floors_port), load.target) for load in wanted]


def _runs(load: Load, port: int, floors_port: int) -> dict[str, Callable[[int], Orders]]:
    return {
        SERVICE: lambda _: _orders(port, load.asks),
        BYTES: lambda _: _orders(floors_port, _on_floor(BYTES, load)),
        SQL: lambda _: _orders(floors_port, _on_floor(SQL, load)),
    }


def _orders(port: int, asks: Sequence[Ask]) -> Orders:
    return Orders(port, [ask.raw() for ask in asks], CLIENTS, SECONDS, WARM_UP)


def _on_floor(floor: str, load: Load) -> list[Ask]:
    return [Ask("GET", f"/{floor}/{_key(load)}/{n}") for n in range(len(load.asks))]


def _key(load: Load) -> str:
    return load.name.replace(" ", "-")


async def _rehearsed(url: str, wanted: Sequence[Load]) -> Script:
    """Ask everything once in this process, to see what is answered and said to the database."""
    answers: dict[str, list[bytes]] = {}
    statements: dict[str, list[list[Statement]]] = {}
    async with in_process(url) as (app, client):
        for load in wanted:
            answers[_key(load)], statements[_key(load)] = [], []
            for ask in load.asks:
                with captured(app.state.database) as said:
                    answer = await ask.send(client)
                answers[_key(load)].append(answer.content)
                statements[_key(load)].append(said)
    return Script(url, answers, statements, facts={})
