"""Requests that Schemathesis generates from the document, one run for each identity."""

from contract.service import RunningService
from contract.tools import BIN, DOCUMENT, FOLDER, run

EXAMPLES, SEED = 20, 20240610


def send(service: RunningService, identity: str) -> None:
    """Send examples of every operation; the service must answer as the document says."""
    authorization = service.authorizations[identity]
    headers = ["--header", f"Authorization: {authorization}"] if authorization else []
    run(
        *(BIN / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run", DOCUMENT),
        *("--url", service.url, "--max-examples", str(EXAMPLES), "--seed", str(SEED), *headers),
    )
