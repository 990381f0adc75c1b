"""The visibility rule is written once in Python and once in SQL."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RULE = {"app/policy.py"}
"""Where `Principal.reaches` and `Principal.knows` are."""
RESTATED = re.compile(
    r"""
    \bpath\s+(NOT\s+)?LIKE\b                    # SQL over paths
    | startswith\(\s*principal\.                 # Python over a principal's reach or horizon
    | \.(reach|horizon)\.startswith\(
    | \.(like|startswith)\([^)]*\.(reach|horizon)\b
    """,
    re.VERBOSE,
)
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "app").rglob("*.py"))


@pytest.mark.parametrize("text", ["AND a.path LIKE :reach", "path.startswith(principal.reach)"])
def test_a_restated_rule_is_recognised(text: str) -> None:
    assert RESTATED.search(text)


@pytest.mark.parametrize("module", [name for name in MODULES if name not in RULE])
def test_no_module_restates_the_rule(module: str) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")
    assert not RESTATED.search(source), "use within_reach, within_horizon or Principal.reaches"
