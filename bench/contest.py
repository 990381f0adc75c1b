"""Laps of the service and of its floors in turn, so that what the machine does meanwhile hits all.

A figure is the median over the rounds; a ratio is the median of the ratios within each round.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median

from bench.load import Lap, Orders, generate

CLIENTS = 16
ROUNDS = 5
SERVICE, BYTES, SQL = "service", "bytes", "sql"
MOST_TIMES_P50 = 10
"""The slowest hundredth of the answers may take this much longer than the middle one."""

Runner = Callable[[], Orders]


@dataclass(frozen=True)
class Outcome:
    """What a load showed."""

    name: str
    laps: Mapping[str, list[Lap]]
    target: float | None
    """The least share of the SQL floor's rate that is good enough."""

    def rate(self, who: str) -> float:
        """Requests a second."""
        return median(lap.rate for lap in self.laps[who])

    def p50(self, who: str) -> float:
        """The middle answer's time in milliseconds."""
        return median(lap.p50 for lap in self.laps[who])

    def p99(self, who: str) -> float:
        """The time in milliseconds that 99 of 100 answers keep within."""
        return median(lap.p99 for lap in self.laps[who])

    def ratio(self, floor: str) -> float | None:
        """The service's rate as a share of a floor's."""
        if floor not in self.laps:
            return None
        pairs = zip(self.laps[SERVICE], self.laps[floor], strict=True)
        return median(service.rate / bare.rate for service, bare in pairs)

    @property
    def spread(self) -> float:
        """p99 by p50."""
        return median(lap.p99 / lap.p50 for lap in self.laps[SERVICE])

    @property
    def is_met(self) -> bool:
        """Whether the targets are met."""
        ratio = self.ratio(SQL)
        fast = self.target is None or ratio is None or ratio >= self.target
        return fast and self.spread < MOST_TIMES_P50


def held(name: str, loads: Mapping[str, Callable[[int], Orders]], target: float | None) -> Outcome:
    """Run the loads in turn; each is told how many of its requests were sent before."""
    laps: dict[str, list[Lap]] = {who: [] for who in loads}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
        for _ in range(ROUNDS):
            for who, orders in loads.items():
                sent = sum(lap.sent for lap in laps[who])
                laps[who].append(generator.submit(generate, orders(sent)).result())
    return Outcome(name, laps, target)
