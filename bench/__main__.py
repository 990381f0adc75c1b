"""`python -m bench [part …]`: run parts, print the figures, exit 1 if a target is missed."""

import sys
from collections.abc import Callable, Sequence

from bench import kills, reads, startup, submissions, sweep
from bench.printing import Result, print_all
from bench.testbed import Testbed, running_testbed

PARTS: dict[str, Callable[[Testbed], Sequence[Result]]] = {
    "startup": startup.measure,
    "reads": lambda testbed: reads.measure(testbed, "reads"),
    "submissions": submissions.measure,
    "aggregates": lambda testbed: reads.measure(testbed, "aggregates"),
    "sweep": sweep.run_drill,
    "kills": kills.run_drill,
}


def main(names: list[str]) -> int:
    """Run the named parts, or all, and return the exit status."""
    if unknown := [part for part in names if part not in PARTS]:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
        return 2
    with running_testbed() as testbed:
        results = [result for part in names or PARTS for result in PARTS[part](testbed)]
    print_all(results)
    return 0 if all(result.is_met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
