"""Errors in a plan's files, with messages in Vietnamese."""

from collections.abc import Sequence
from typing import NamedTuple

from app.errors import OperatorError
from app.text.bilingual import Bilingual


class Finding(NamedTuple):
    """One error: its position, and the expected value in Vietnamese."""

    file: str
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.expected}"


class SeedError(OperatorError):
    """A plan's files cannot be loaded; the message has one line per finding."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(set(findings))
        lines = "\n".join(str(finding) for finding in self.findings)
        super().__init__(Bilingual(lines, lines))
