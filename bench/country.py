"""The simulated country: aggregates against single statements, and a district against itself alone.

The statements are in `bench/statements`. Each gives the sums of an aggregate at the same instant,
and runs through bare asyncpg. One client sends one request after another.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from sqlalchemy import select

from app.db.database import Database
from app.db.migration import migrate
from app.models.agencies import Agency
from app.server.simulating import simulate
from app.settings import Settings
from app.vocabulary import Role
from bench import country_work, upgrade
from bench.capture import Statement
from bench.comparison import SERVICE, Runner, compare
from bench.drill import DrillResult, failed_claims
from bench.floors import Recording
from bench.load import LoadProfile
from bench.printing import Result
from bench.request import ApiRequest
from bench.servers import floors, service_in_real_time
from bench.testbed import Testbed, add_person
from seed.simulation.shape import Shape

COUNTRY = Shape(provinces=63, districts=705, communes=10_598, years=3)
DISTRICT = Shape(provinces=1, districts=1, communes=30, years=3)
MAX_LOADING_SECONDS = 300.0
MAX_GROWTH_BYTES = 100_000_000
"""What the service's memory may grow while it answers for the country."""
STATEMENT, ALONE = "statement", "alone"
LEAST_OF_STATEMENT, LEAST_OF_ALONE = 1 / 1.5, 1 / 1.2
LAPS, SECONDS, WARM_UP = 5, 3.0, 1.0
PERIOD, PLAN = "2024-Q2", "tho-xuan-2024"
PROVINCE_DEPTH = 3
"""The position of a province's id in paths, counted from 1 with the empty part before the root."""
PAGE = 200
STATEMENTS = Path(__file__).parent / "statements"
PEOPLE = {
    "country": (Role.VIEWER, "VN"),
    "province": (Role.VIEWER, "38"),
    "district": (Role.COORDINATOR, "395-LDTBXH"),
} | {code: (Role.REPORTER, code) for code in country_work.COMMUNES}


@dataclass(frozen=True)
class Question:
    """A request of one of PEOPLE, and the statement with the same result.

    rows: reads what must be equal from both answers.
    """

    name: str
    person: str
    path: str
    statement: str
    parameters: Callable[[str, datetime], tuple[Any, ...]]
    """Of the path of the person's agency and the instant of the answer."""
    rows: Callable[[Mapping[str, Any]], Any]


def _sums(answer: Mapping[str, Any]) -> Any:
    """The sums that are above zero, by government and indicator, and the coverage."""
    rows = {
        (row.get("government"), row["indicator"]): (row["value"], row["agencies"])
        for row in answer["rows"]
        if row["value"] and row.get("kind") != "ratio"
    }
    names = ("expected", "submitted", "accepted", "on_time", "late")
    return rows, [answer["coverage"][name] for name in names]


def _timeliness(answer: Mapping[str, Any]) -> Any:
    names = ("expected", "submitted", "on_time", "late")
    return len(answer["rows"]), [answer["coverage"][name] for name in names]


def _of_subtree(path: str, as_of: datetime) -> tuple[Any, ...]:
    return PERIOD, f"{path}%", as_of


QUESTIONS = (
    Question(
        "sums of a province",
        "province",
        f"aggregates/indicators?period={PERIOD}",
        "sum_of_subtree",
        _of_subtree,
        _sums,
    ),
    Question(
        "sums of the country",
        "country",
        f"aggregates/indicators?period={PERIOD}",
        "sum_of_subtree",
        _of_subtree,
        _sums,
    ),
    Question(
        "the same by province",
        "country",
        f"aggregates/indicators?period={PERIOD}&by=government",
        "sum_by_government",
        lambda path, as_of: (*_of_subtree(path, as_of), PROVINCE_DEPTH),
        _sums,
    ),
    Question(
        "timeliness of a province",
        "province",
        f"aggregates/timeliness?period={PERIOD}&limit={PAGE}",
        "timeliness_of_subtree",
        lambda path, as_of: (*_of_subtree(path, as_of), PAGE),
        _timeliness,
    ),
)
TARGETS_OF_THE_COUNTRY = "aggregates/targets?period=2024-Y"
SCREENS = {
    "matrix of a district": f"obligations/matrix?year=2024&plan={PLAN}",
    "list of a district": f"obligations?period={PERIOD}&plan={PLAN}&limit=50",
    "sums of a district": f"aggregates/indicators?period={PERIOD}&plan={PLAN}",
}


@dataclass(frozen=True)
class Simulation:
    """A simulated database: its URL, the tokens of PEOPLE, and the paths of their agencies."""

    url: str
    tokens: Mapping[str, str]
    paths: Mapping[str, str]
    seconds: float
    figures: int

    def request(self, person: str, path: str) -> ApiRequest:
        """A request of one of PEOPLE."""
        return ApiRequest("GET", f"/api/v1/{path}", self.tokens[person])


def measure(testbed: Testbed) -> list[Result]:
    """Load the country and a district, then compare both with the references."""
    country = _simulate(testbed, "nation", COUNTRY)
    alone = _simulate(testbed, "district", DISTRICT)
    return [*measure_loaded(testbed, country, alone), upgrade.run_drill(testbed, "nation")]


def measure_loaded(testbed: Testbed, country: Simulation, alone: Simulation) -> list[Result]:
    """Compare two simulated databases with the references."""
    outcomes: list[Result] = []
    with (
        service_in_real_time(testbed, country.url) as (port, process_id),
        service_in_real_time(testbed, alone.url) as (alone_port, _),
    ):
        before = _peak_bytes(process_id)
        answers = {each.name: asyncio.run(_ask(port, country, each)) for each in QUESTIONS}
        with floors(testbed, _recording(country, answers)) as floors_port:
            for number, question in enumerate(QUESTIONS):
                runners: dict[str, Runner] = {
                    SERVICE: _runner(port, country.request(question.person, question.path)),
                    STATEMENT: _runner(floors_port, ApiRequest("GET", f"/sql/country/{number}")),
                }
                outcomes.append(
                    compare(question.name, runners, {STATEMENT: LEAST_OF_STATEMENT}, laps=LAPS)
                )
        growth = _peak_bytes(process_id) - before
        for name, path in SCREENS.items():
            runners = {
                SERVICE: _runner(port, country.request("district", path)),
                ALONE: _runner(alone_port, alone.request("district", path)),
            }
            outcomes.append(compare(name, runners, {ALONE: LEAST_OF_ALONE}, laps=LAPS))
        targets = asyncio.run(
            country_work.time_of(port, country.request("country", TARGETS_OF_THE_COUNTRY))
        )
        submissions = [
            asyncio.run(country_work.submit_all(each_port, each.tokens))
            for each_port, each in ((port, country), (alone_port, alone))
        ]
    work = country_work.report(targets, submissions, country.url)
    return [_loading(country, growth), *outcomes, work]


def _loading(country: Simulation, growth: int) -> DrillResult:
    figures = [
        f"{country.figures:,} figures in {country.seconds:.0f} s",
        f"the service's memory grows by {growth / 1e6:.0f} MB at most",
    ]
    claims = {
        f"loaded within {MAX_LOADING_SECONDS:.0f} s": country.seconds <= MAX_LOADING_SECONDS,
        f"memory grows by {MAX_GROWTH_BYTES / 1e6:.0f} MB at most": growth <= MAX_GROWTH_BYTES,
    }
    return DrillResult("simulated country", figures, failed_claims(claims))


def _simulate(testbed: Testbed, database: str, shape: Shape) -> Simulation:
    """Create a simulated database with accounts for PEOPLE."""
    testbed.create_empty(database)
    urls = testbed.urls(database)
    migrate(urls)
    begun = time.perf_counter()
    figures = simulate(Settings(), urls, shape, lambda *_: None, lambda _: None)
    seconds = time.perf_counter() - begun
    tokens, paths = asyncio.run(_add_people(urls.application))
    return Simulation(urls.application, tokens, paths, seconds, figures)


async def _add_people(url: str) -> tuple[dict[str, str], dict[str, str]]:
    database = Database(url, Settings())
    tokens, paths = {}, {}
    async with database.transaction() as session:
        for name, (role, code) in PEOPLE.items():
            agency = (await session.scalars(select(Agency).where(Agency.code == code))).one()
            tokens[name] = await add_person(session, name, role, agency.id)
            paths[name] = agency.path
    await database.close()
    return tokens, paths


async def _ask(port: int, country: Simulation, question: Question) -> dict[str, Any]:
    """The answer to a question, which the statement must give too."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        response = await country.request(question.person, question.path).send(client)
    answer: dict[str, Any] = response.json()
    parameters = _parameters(country, question, answer)
    connection = await asyncpg.connect(country.url)
    try:
        text = await connection.fetchval(_sql(question), *parameters)
    finally:
        await connection.close()
    if question.rows(answer) != question.rows(json.loads(text)):
        raise RuntimeError(f"{question.name}: the service and the statement differ")
    return answer


def _recording(country: Simulation, answers: Mapping[str, Mapping[str, Any]]) -> Recording:
    """What the floors replay: the statement of each question."""
    statements: Sequence[Sequence[Statement]] = [
        [Statement(_sql(each), _parameters(country, each, answers[each.name]), False, True)]
        for each in QUESTIONS
    ]
    return Recording(country.url, {}, {"country": statements}, {})


def _parameters(
    country: Simulation, question: Question, answer: Mapping[str, Any]
) -> tuple[Any, ...]:
    as_of = datetime.fromisoformat(answer["as_of"])
    return question.parameters(country.paths[question.person], as_of)


def _sql(question: Question) -> str:
    return (STATEMENTS / f"{question.statement}.sql").read_text("utf-8")


def _runner(port: int, request: ApiRequest) -> Runner:
    return lambda _: LoadProfile(port, [request.raw()], 1, SECONDS, WARM_UP)


def _peak_bytes(process_id: int) -> int:
    """The resident memory of a process and its children."""
    process = psutil.Process(process_id)
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family)
