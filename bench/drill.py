"""The result of a drill: its figures and the claims that failed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class DrillResult:
    """The printed figures, one line each, and the claims that do not hold."""

    name: str
    figures: Sequence[str]
    failures: Sequence[str]

    @property
    def is_met(self) -> bool:
        """Whether every claim holds."""
        return not self.failures


def failed_claims(claims: dict[str, bool]) -> list[str]:
    """The claims that do not hold."""
    return [claim for claim, holds in claims.items() if not holds]
