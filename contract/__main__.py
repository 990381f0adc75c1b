"""Run all checks of the contract, and print how long each took."""

import time
from collections.abc import Callable

from contract import baseline, clients, fuzzing
from contract.service import running
from contract.tools import DOCUMENT, FOLDER, npx, run


def main() -> None:
    """Check the document, the clients generated from it, and the service that it describes."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(baseline.as_text(baseline.current()), "utf-8")
    _step("changes that break clients", baseline.ensure_compatible_with_parent)
    _step("Redocly's recommended rules", lint)
    _step("generate the clients", clients.generate)
    _step("compile the clients", clients.compile_strictly)
    with running() as service:
        _step("a report with both clients", lambda: clients.walk(service))
        _step("generated requests as every identity", lambda: fuzzing.send(service))


def lint() -> None:
    """Check the document by Redocly's recommended rules."""
    run(npx("redocly"), "lint", DOCUMENT, "--config", FOLDER / "redocly.yaml")


def _step(name: str, check: Callable[[], None]) -> None:
    start = time.monotonic()
    check()
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
