"""Run all checks of the contract, and print how long each took."""

import json
import time
from collections.abc import Callable
from functools import partial

from app.clock import Clock
from app.main import create_app
from app.settings import Settings
from contract import clients, requests
from contract.service import running
from contract.tools import DOCUMENT, FOLDER, npx, run


def main() -> None:
    """Check the document, the clients generated from it, and the service that it describes."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    document = create_app(Settings(embedded_worker=False), "", Clock()).openapi()
    DOCUMENT.write_text(json.dumps(document, ensure_ascii=False, indent=2), "utf-8")
    _step("Redocly's recommended rules", lint)
    _step("generate the clients", clients.generate)
    _step("compile the clients", clients.compile_strictly)
    with running() as service:
        _step("a report with both clients", lambda: clients.walk(service))
        for identity in service.authorizations:
            _step(f"requests of {identity}", partial(requests.send, service, identity))


def lint() -> None:
    """Check the document by Redocly's recommended rules."""
    run(npx("redocly"), "lint", DOCUMENT, "--config", FOLDER / "redocly.yaml")


def _step(name: str, check: Callable[[], None]) -> None:
    start = time.monotonic()
    check()
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
