"""Print the results of the parts."""

from collections.abc import Sequence

from bench.comparison import SERVICE, Outcome
from bench.drill import DrillResult

Result = Outcome | DrillResult


def print_all(results: Sequence[Result]) -> None:
    """Print the results in order."""
    for result in results:
        if isinstance(result, Outcome):
            _print_outcome(result)
        else:
            _print_drill(result)


def _print_outcome(outcome: Outcome) -> None:
    """Print the figures of the service, then those of each reference with the ratio."""
    print(f"{outcome.name:28}{_figures(outcome, SERVICE)}  p99/p50 {outcome.spread:.1f}")
    for name in outcome.results:
        if name != SERVICE:
            target = outcome.targets.get(name)
            wanted = "" if target is None else f" (target {target})"
            ratio = f"  ratio {outcome.ratio(name):.2f}{wanted}"
            print(f"{'  ' + name:28}{_figures(outcome, name)}{ratio}")
    spread = f"p99 at most {outcome.max_spread:.0f} x p50"
    print(f"  {spread}, ratios: {'met' if outcome.is_met else 'NOT MET'}")


def _print_drill(drill: DrillResult) -> None:
    """Print the figures, then the failed claims."""
    print(drill.name)
    for figure in drill.figures:
        print(f"  {figure}")
    for claim in drill.failures:
        print(f"  FAILED: {claim}")
    print(f"  {'passed' if drill.is_met else 'FAILED'}")


def _figures(outcome: Outcome, who: str) -> str:
    rate, p50, p99 = outcome.rate(who), outcome.p50(who), outcome.p99(who)
    return f"{rate:8.0f} requests/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
