"""The committed document, `docs/openapi.json`: what clients were promised.

`python -m contract.baseline` (`make openapi`) rewrites it. A breaking change is refused unless the
first section of CHANGELOG.md names it in backquotes.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from app.clock import Clock
from app.main import create_app
from app.settings import Settings
from contract.changes import breaking_changes

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "docs" / "openapi.json"
CHANGELOG = ROOT / "CHANGELOG.md"


def current() -> dict[str, Any]:
    """The document that the application serves."""
    return create_app(Settings(embedded_worker=False), "", Clock()).openapi()


def as_text(document: dict[str, Any]) -> str:
    """The document as it is committed: one value a line, in a stable order."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def unnamed(changes: list[str], changelog: str) -> list[str]:
    """The changes that the first section of a changelog does not name."""
    section = changelog.split("\n## ")[1]
    names = set(re.findall(r"`([^`]+)`", section))
    return [change for change in changes if change not in names]


def ensure_compatible(earlier: dict[str, Any]) -> None:
    """Ensure that the changelog names whatever breaks clients of an earlier document.

    Raises:
        SystemExit: it does not.
    """
    changes = breaking_changes(earlier, current())
    if missing := unnamed(changes, CHANGELOG.read_text("utf-8")):
        lines = "\n".join(f"  `{change}`" for change in missing)
        raise SystemExit(f"These changes break clients, and CHANGELOG.md does not name:\n{lines}")


def ensure_compatible_with_parent() -> None:
    """`ensure_compatible` with the document of the parent commit, where there is one."""
    git = ["git", "show", f"HEAD^:{BASELINE.relative_to(ROOT)}"]
    shown = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - no outside input
    if shown.returncode == 0:
        ensure_compatible(json.loads(shown.stdout))


def main() -> None:
    """Rewrite the committed document."""
    if BASELINE.exists():
        ensure_compatible(json.loads(BASELINE.read_text("utf-8")))
    BASELINE.write_text(as_text(current()), "utf-8")


if __name__ == "__main__":
    main()
