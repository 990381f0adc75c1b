"""`python -m bench [part …]`: measure, print the figures, fail where a target is not met."""

import sys
from collections.abc import Callable, Sequence

from bench import kills, reads, startup, submissions, sweep
from bench.printing import Shown, print_all
from bench.stage import Stage, prepared

PARTS: dict[str, Callable[[Stage], Sequence[Shown]]] = {
    "startup": startup.measured,
    "reads": lambda stage: reads.measured(stage, "reads"),
    "submissions": submissions.measured,
    "aggregates": lambda stage: reads.measured(stage, "aggregates"),
    "sweep": sweep.drilled,
    "kills": kills.drilled,
}


def main(wanted: list[str]) -> int:
    """Measure the parts that are wanted, or all."""
    if unknown := [part for part in wanted if part not in PARTS]:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
        return 2
    with prepared() as stage:
        shown = [each for part in wanted or PARTS for each in PARTS[part](stage)]
    print_all(shown)
    return 0 if all(each.is_met for each in shown) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
