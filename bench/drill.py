"""A drill: what the service has to hold under, and whether it did."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class DrillResult:
    """What a drill showed: a line for each figure, and what was not as it has to be."""

    name: str
    figures: Sequence[str]
    failures: Sequence[str]

    @property
    def is_met(self) -> bool:
        """Whether all was as it has to be."""
        return not self.failures


def failed_claims(claims: dict[str, bool]) -> list[str]:
    """The claims that do not hold."""
    return [claim for claim, holds in claims.items() if not holds]
