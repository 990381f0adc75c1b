"""Requests that Schemathesis generates from the document, each sent as every identity."""

import json

from contract.service import RunningService
from contract.tools import BIN, DOCUMENT, FOLDER, run

EXAMPLES, SEED = 20, 20240610
FIRST = "coordinator"
"""Its answers lead from one request to the next; it may do more than the others."""
EXCLUDED = "sign_out"
"""Would end the tokens of the run; the Python client calls it."""


def send(service: RunningService) -> None:
    """Send examples of every operation; the service must answer as the document says."""
    others = {name: value for name, value in service.authorizations.items() if name != FIRST}
    run(
        *(BIN / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run", DOCUMENT),
        *("--url", service.url, "--header", f"Authorization: {service.authorizations[FIRST]}"),
        *("--max-examples", str(EXAMPLES), "--seed", str(SEED)),
        *("--exclude-operation-id", EXCLUDED),
        SCHEMATHESIS_HOOKS="identities",
        PYTHONPATH=str(FOLDER),
        CONTRACT_AUTHORIZATIONS=json.dumps(others),
    )
