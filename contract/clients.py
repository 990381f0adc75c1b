"""Clients generated from the document, compiled strictly, and used over connections that break."""

from contextlib import ExitStack
from urllib.parse import urlsplit

from contract.cut import cutting_proxy
from contract.service import PASSWORD, RunningService, free_port
from contract.tools import BIN, DOCUMENT, FOLDER, GENERATED, npx, run

PYTHON_CLIENT = GENERATED / "tiendo_client"


def generate() -> None:
    """Generate both clients; any warning of a generator is an error."""
    run(
        *(BIN / "openapi-python-client", "generate", "--path", DOCUMENT, "--meta", "none"),
        *("--output-path", PYTHON_CLIENT, "--overwrite", "--fail-on-warning"),
        *("--config", FOLDER / "python-client.yaml"),
    )
    run(npx("openapi-typescript"), DOCUMENT, "--output", GENERATED / "schema.d.ts")


def compile_strictly() -> None:
    """Check the programs in both languages against the generated types."""
    run(BIN / "mypy", "--strict", "--no-error-summary", "walk.py", MYPYPATH=str(GENERATED))
    run(npx("tsc"), "--project", FOLDER)


def walk(service: RunningService) -> None:
    """Run both programs through a proxy that cuts connections."""
    port, target = free_port(), urlsplit(service.url).port
    environment = {"CONTRACT_URL": f"http://127.0.0.1:{port}", "CONTRACT_PASSWORD": PASSWORD}
    with ExitStack() as stack:
        stack.enter_context(cutting_proxy(port, target or 80))
        run(BIN / "python", "walk.py", PYTHONPATH=str(GENERATED), **environment)
        run("node", GENERATED / "compiled" / "walk.js", **environment)
