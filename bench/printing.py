"""The figures as a table."""

from collections.abc import Sequence

from bench.contest import BYTES, MOST_TIMES_P50, SERVICE, SQL, Outcome


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print a line for each load: its own figures, then its ratio to each floor."""
    for outcome in outcomes:
        print(f"{outcome.name:28}{_figures(outcome, SERVICE)}  p99/p50 {outcome.spread:.1f}")
        for floor in (BYTES, SQL):
            if floor in outcome.laps:
                print(
                    f"{'  of the floor ' + floor:28}{_figures(outcome, floor)}"
                    f"  ratio {outcome.ratio(floor):.2f}"
                )
        target = "no target" if outcome.target is None else f"target {outcome.target} of sql"
        print(f"  {target}, p99 < {MOST_TIMES_P50} x p50: {'met' if outcome.is_met else 'NOT MET'}")


def _figures(outcome: Outcome, who: str) -> str:
    rate, p50, p99 = outcome.rate(who), outcome.p50(who), outcome.p99(who)
    return f"{rate:8.0f} requests/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
