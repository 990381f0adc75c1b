"""A baseline: another checkout of the service, which takes part in a comparison.

The checkout, with its own `.venv`, runs `bench.baseline_server`.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.request import ApiRequest


@dataclass(frozen=True)
class Baseline:
    """The port on which a baseline serves, and its requests by load."""

    port: int
    loads: Mapping[str, Sequence[ApiRequest]]


@contextmanager
def running_baseline(checkout: Path, part: str) -> Iterator[Baseline]:
    """Run the service of a checkout for a part of the benchmark."""
    command = [str(checkout / ".venv" / "bin" / "python"), "-m", "bench.baseline_server", part]
    with subprocess.Popen(  # noqa: S603 - the operator names the checkout
        command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            served = json.loads(process.stdout.readline())
            rows = json.loads(Path(served["requests"]).read_text("utf-8"))
            loads = {name: [ApiRequest(**row) for row in each] for name, each in rows.items()}
            yield Baseline(served["port"], loads)
        finally:
            process.stdin.close()
