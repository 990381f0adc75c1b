"""Compare the service with references: laps of each in turn, so that the machine's speed hits all.

A figure is the median over the laps; a ratio is the median of the ratios within each lap.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median

from bench.load import LoadProfile, LoadResult, generate

CLIENTS = 16
LAPS = 5
MAX_P99_TO_P50 = 10.0

SERVICE = "service"
BYTES, SQL, BARE = "bytes", "sql", "bare"
"""The floors; see `bench.floors`."""
BASELINE = "baseline"
"""Another version of the service; see `bench.baseline`."""
ONE_QUERY, FULL = "one query", "full"
"""A bare route with one small statement, and the service's full answer; see `bench.unchanged`."""
PLAIN = "plain"
"""The service itself, with uncompressed responses."""

Runner = Callable[[int], LoadProfile]
"""The requests of a lap, given how many were sent in earlier laps."""


@dataclass(frozen=True)
class Outcome:
    """The results of a comparison.

    targets: by reference, the least ratio of the service's rate to the reference's.
    max_spread: the most that the p99 may be of the p50.
    """

    name: str
    results: Mapping[str, list[LoadResult]]
    targets: Mapping[str, float] = field(default_factory=dict)
    max_spread: float = MAX_P99_TO_P50

    def rate(self, name: str) -> float:
        """Requests per second."""
        return median(result.rate for result in self.results[name])

    def p50(self, name: str) -> float:
        """The median latency in milliseconds."""
        return median(result.p50 for result in self.results[name])

    def p99(self, name: str) -> float:
        """The 99th percentile of the latency in milliseconds."""
        return median(result.p99 for result in self.results[name])

    def ratio(self, reference: str) -> float:
        """The service's rate divided by the reference's."""
        pairs = zip(self.results[SERVICE], self.results[reference], strict=True)
        return median(service.rate / other.rate for service, other in pairs)

    @property
    def spread(self) -> float:
        """The p99 of the service divided by its p50."""
        return median(result.p99 / result.p50 for result in self.results[SERVICE])

    @property
    def is_met(self) -> bool:
        """Whether every target is met."""
        ratios = (self.ratio(name) >= least for name, least in self.targets.items())
        return all(ratios) and self.spread <= self.max_spread


def compare(
    name: str,
    runners: Mapping[str, Runner],
    targets: Mapping[str, float],
    *,
    laps: int = LAPS,
    max_spread: float = MAX_P99_TO_P50,
) -> Outcome:
    """Run the laps; targets of references that do not take part are left out."""
    results: dict[str, list[LoadResult]] = {who: [] for who in runners}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
        for _ in range(laps):
            for who, profile_after in runners.items():
                sent = sum(result.sent for result in results[who])
                results[who].append(generator.submit(generate, profile_after(sent)).result())
    applicable = {who: least for who, least in targets.items() if who in runners}
    return Outcome(name, results, applicable, max_spread)
