"""`python -m bench [--baseline CHECKOUT] [part …]`: run parts and print their figures.

Exits with 1 if a target is missed. CHECKOUT is a folder with another version of the service and
its `.venv`, which takes turns with this one.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from bench import (
    country,
    dead_names,
    floods,
    kills,
    outages,
    protocols,
    reads,
    restores,
    startup,
    submissions,
    sweep,
    unchanged,
)
from bench.baseline import Baseline, running_baseline
from bench.printing import Result, print_all
from bench.testbed import Testbed, running_testbed

COMPARISONS: dict[str, Callable[[Testbed, Baseline | None], Sequence[Result]]] = {
    "reads": lambda testbed, baseline: reads.measure(testbed, "reads", baseline),
    "aggregates": lambda testbed, baseline: [
        *reads.measure(testbed, "aggregates", baseline),
        *unchanged.measure(testbed),
    ],
    submissions.NAME: submissions.measure,
}
DRILLS: dict[str, Callable[[Testbed], Sequence[Result]]] = {
    "compression": reads.measure_compression,
    "startup": startup.measure,
    "sweep": sweep.run_drill,
    "country": country.measure,
    "kills": kills.run_drill,
    "restore": restores.run_drill,
    "floods": floods.run_drill,
    "protocols": protocols.measure,
}
OUTAGES: dict[str, Callable[[Testbed, Path], Sequence[Result]]] = {
    "database-killed": outages.run_killed,
    "database-stopped": outages.run_stopped,
    "database-unplugged": outages.run_unplugged,
    "disk-full": outages.run_full,
    "row-locked": outages.run_locked,
    "dead-names": dead_names.run_drill,
}
"""Drills of `tiendo serve`; with --baseline, of the command of that checkout."""
PARTS = [*COMPARISONS, *DRILLS, *OUTAGES]


def main() -> int:
    """Run the named parts, or all, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--baseline", type=Path, metavar="CHECKOUT")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    with running_testbed() as testbed:
        for part in options.parts or PARTS:
            results += _run(testbed, part, options.baseline)
    print_all(results)
    return 0 if all(result.is_met for result in results) else 1


def _run(testbed: Testbed, part: str, checkout: Path | None) -> Sequence[Result]:
    if part in DRILLS:
        return DRILLS[part](testbed)
    if part in OUTAGES:
        return OUTAGES[part](testbed, _command(checkout))
    with running_baseline(checkout, part) if checkout else nullcontext() as baseline:
        return COMPARISONS[part](testbed, baseline)


def _command(checkout: Path | None) -> Path:
    """The command `tiendo` of a checkout, or of this one."""
    python = Path(sys.executable) if checkout is None else checkout / ".venv" / "bin" / "python"
    return python.with_name("tiendo")


if __name__ == "__main__":
    sys.exit(main())
