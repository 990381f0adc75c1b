"""What is wrong in the files of a plan, told to the office worker who corrects them."""

from collections.abc import Sequence
from typing import NamedTuple

from app.errors import OperatorError


class Finding(NamedTuple):
    """One thing to correct: where, and what was expected (in Vietnamese)."""

    file: str
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.expected}"


class SeedError(OperatorError):
    """The files of a plan cannot be loaded; each finding is a line of the message."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(set(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))
