"""The tools of the checks, each run in the folder `contract/`."""

import os
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
BIN = FOLDER / ".venv" / "bin"
GENERATED = FOLDER / "generated"
DOCUMENT = GENERATED / "openapi.json"


def run(*command: str | Path, **environment: str) -> None:
    """Run a command; its output is shown only if it fails.

    Raises:
        SystemExit: the command failed.
    """
    done = subprocess.run(  # noqa: S603 - no outside input
        [str(part) for part in command],
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")


def npx(name: str) -> Path:
    """A command of the installed npm packages."""
    return FOLDER / "node_modules" / ".bin" / name
