"""A baseline: another checkout of the service, which takes part in a comparison.

The checkout, with its own `.venv`, runs `python -m bench.baseline PART`: it prepares a database by
its own code, serves it, and prints its port and a file with the requests. It serves until its
standard input closes.
"""

import json
import subprocess
import sys
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
    command = [str(checkout / ".venv" / "bin" / "python"), "-m", "bench.baseline", part]
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


def main(part: str) -> None:
    """Serve a part of the benchmark until standard input closes."""
    # These import what this module is imported by.
    from bench import drafts, reads, submissions  # noqa: PLC0415
    from bench.servers import service  # noqa: PLC0415
    from bench.testbed import running_testbed  # noqa: PLC0415

    with running_testbed() as testbed:
        if part == submissions.NAME:
            prepared = drafts.prepare(testbed, "one_plan", 1)
            url, loads = prepared.url, {part: prepared.requests(testbed)}
            workers = submissions.WORKERS
        else:
            url = testbed.clone(part)
            loads = {load.name: list(load.requests) for load in reads.loads(testbed)[part]}
            workers = 1
        file = testbed.folder / "requests.json"
        rows = {name: [vars(request) for request in each] for name, each in loads.items()}
        file.write_text(json.dumps(rows), "utf-8")
        with service(testbed, url, workers) as port:
            print(json.dumps({"port": port, "requests": str(file)}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
