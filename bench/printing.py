"""The figures, line by line."""

from collections.abc import Sequence

from bench.contest import BYTES, MAX_P99_TO_P50, SERVICE, SQL, Outcome
from bench.drill import DrillResult

Result = Outcome | DrillResult


def print_all(results: Sequence[Result]) -> None:
    """Print what the parts have results, in their order."""
    for result in results:
        if isinstance(result, Outcome):
            _print_outcome(result)
        else:
            _print_drill(result)


def _print_outcome(outcome: Outcome) -> None:
    """A line for the load's own figures, then its ratio to result floor."""
    print(f"{outcome.name:28}{_figures(outcome, SERVICE)}  p99/p50 {outcome.spread:.1f}")
    for floor in (BYTES, SQL):
        if floor in outcome.results:
            print(
                f"{'  of the floor ' + floor:28}{_figures(outcome, floor)}"
                f"  ratio {outcome.ratio(floor):.2f}"
            )
    target = "no target" if outcome.target is None else f"target {outcome.target} of sql"
    print(f"  {target}, p99 < {MAX_P99_TO_P50} x p50: {'met' if outcome.is_met else 'NOT MET'}")


def _print_drill(drill: DrillResult) -> None:
    """A line for result figure, then what did not hold."""
    print(drill.name)
    for figure in drill.figures:
        print(f"  {figure}")
    for claim in drill.failures:
        print(f"  NOT SO: {claim}")
    print(f"  {'all as it has to be' if drill.is_met else 'NOT AS IT HAS TO BE'}")


def _figures(outcome: Outcome, who: str) -> str:
    rate, p50, p99 = outcome.rate(who), outcome.p50(who), outcome.p99(who)
    return f"{rate:8.0f} requests/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
