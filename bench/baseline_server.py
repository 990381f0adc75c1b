"""`python -m bench.baseline_server PART`: serve a part of the benchmark to another checkout.

It prepares a database by its own code, serves it, and prints its port and a file with the requests.
It serves until its standard input closes.
"""

import json
import sys

from bench import drafts, reads, submissions
from bench.servers import service
from bench.testbed import running_testbed


def main(part: str) -> None:
    """Serve a part of the benchmark until standard input closes."""
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
