"""The figures, line by line."""

from collections.abc import Sequence

from bench.contest import BYTES, MOST_TIMES_P50, SERVICE, SQL, Outcome
from bench.drill import Drill

Shown = Outcome | Drill


def print_all(shown: Sequence[Shown]) -> None:
    """Print what the parts have shown, in their order."""
    for each in shown:
        if isinstance(each, Outcome):
            _print_outcome(each)
        else:
            _print_drill(each)


def _print_outcome(outcome: Outcome) -> None:
    """A line for the load's own figures, then its ratio to each floor."""
    print(f"{outcome.name:28}{_figures(outcome, SERVICE)}  p99/p50 {outcome.spread:.1f}")
    for floor in (BYTES, SQL):
        if floor in outcome.laps:
            print(
                f"{'  of the floor ' + floor:28}{_figures(outcome, floor)}"
                f"  ratio {outcome.ratio(floor):.2f}"
            )
    target = "no target" if outcome.target is None else f"target {outcome.target} of sql"
    print(f"  {target}, p99 < {MOST_TIMES_P50} x p50: {'met' if outcome.is_met else 'NOT MET'}")


def _print_drill(drill: Drill) -> None:
    """A line for each figure, then what did not hold."""
    print(drill.name)
    for figure in drill.figures:
        print(f"  {figure}")
    for claim in drill.broken:
        print(f"  NOT SO: {claim}")
    print(f"  {'all as it has to be' if drill.is_met else 'NOT AS IT HAS TO BE'}")


def _figures(outcome: Outcome, who: str) -> str:
    rate, p50, p99 = outcome.rate(who), outcome.p50(who), outcome.p99(who)
    return f"{rate:8.0f} requests/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
