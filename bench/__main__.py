"""`python -m bench [part …]`: measure, print the figures, fail where a target is not met."""

import sys
from collections.abc import Callable

from bench import reads, submissions
from bench.contest import Outcome
from bench.printing import print_outcomes
from bench.stage import Stage, prepared

PARTS: dict[str, Callable[[Stage], list[Outcome]]] = {
    "reads": lambda stage: reads.measured(stage, "reads"),
    "submissions": submissions.measured,
    "aggregates": lambda stage: reads.measured(stage, "aggregates"),
}


def main(wanted: list[str]) -> int:
    """Measure the parts that are wanted, or all."""
    if unknown := [part for part in wanted if part not in PARTS]:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
        return 2
    with prepared() as stage:
        outcomes = [outcome for part in wanted or PARTS for outcome in PARTS[part](stage)]
    print_outcomes(outcomes)
    return 0 if all(outcome.is_met for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
