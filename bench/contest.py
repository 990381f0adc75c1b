"""Laps of the service and of its floors in turn, so that what the machine does meanwhile hits all.

A figure is the median over the rounds; a ratio is the median of the ratios within each round.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median

from bench.load import LoadProfile, LoadResult, generate

CLIENTS = 16
ROUNDS = 5
SERVICE, BYTES, SQL = "service", "bytes", "sql"
MAX_P99_TO_P50 = 10
"""The slowest hundredth of the answers may take this much longer than the middle one."""

Runner = Callable[[], LoadProfile]


@dataclass(frozen=True)
class Outcome:
    """What a load showed."""

    name: str
    results: Mapping[str, list[LoadResult]]
    target: float | None
    """The least share of the SQL floor's rate that is good enough."""

    def rate(self, who: str) -> float:
        """Requests a second."""
        return median(result.rate for result in self.results[who])

    def p50(self, who: str) -> float:
        """The middle answer's time in milliseconds."""
        return median(result.p50 for result in self.results[who])

    def p99(self, who: str) -> float:
        """The time in milliseconds that 99 of 100 answers keep within."""
        return median(result.p99 for result in self.results[who])

    def ratio(self, floor: str) -> float | None:
        """The service's rate as a share of a floor's."""
        if floor not in self.results:
            return None
        pairs = zip(self.results[SERVICE], self.results[floor], strict=True)
        return median(service.rate / bare.rate for service, bare in pairs)

    @property
    def spread(self) -> float:
        """p99 by p50."""
        return median(result.p99 / result.p50 for result in self.results[SERVICE])

    @property
    def is_met(self) -> bool:
        """Whether the targets are met."""
        ratio = self.ratio(SQL)
        fast = self.target is None or ratio is None or ratio >= self.target
        return fast and self.spread < MAX_P99_TO_P50


def compare(
    name: str, loads: Mapping[str, Callable[[int], LoadProfile]], target: float | None
) -> Outcome:
    """Run the loads in turn; each is told how many of its requests were sent before."""
    results: dict[str, list[LoadResult]] = {who: [] for who in loads}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
        for _ in range(ROUNDS):
            for who, profile_for in loads.items():
                sent = sum(result.sent for result in results[who])
                results[who].append(generator.submit(generate, profile_for(sent)).result())
    return Outcome(name, results, target)
