"""The lives of simulated reports: when each is submitted, returned and accepted. Pure."""

from random import Random
from typing import NamedTuple

DAY = 86_400_000_000
"""Microseconds."""
MISSING, LATE, RETURNED, WAITING = 0.03, 0.08, 0.04, 0.05
"""The shares of obligations without a report, late, returned once, not yet accepted."""


class Step(NamedTuple):
    """An event in a report's life, at an instant in microseconds after 1970."""

    at: int
    action: str
    revision: int
    before: str
    after: str


def live(late_from: int, random: Random) -> list[Step]:
    """The steps of one report, in order; none where no report comes."""
    if random.random() < MISSING:
        return []
    # 1. Submitted up to ten days before the due date ends, or up to five days later.
    if random.random() < LATE:
        at = late_from + int(random.random() * 5 * DAY)
    else:
        at = late_from - 1 - int(random.random() * 10 * DAY)
    steps = [Step(at, "submitted", 1, "draft", "submitted")]
    # 2. Returned and submitted again.
    if random.random() < RETURNED:
        steps.append(Step(at + DAY, "returned", 1, "submitted", "returned"))
        steps.append(Step(at + 3 * DAY, "submitted", 2, "returned", "submitted"))
    # 3. Accepted.
    if random.random() >= WAITING:
        last = steps[-1]
        steps.append(Step(last.at + 2 * DAY, "accepted", last.revision, "submitted", "accepted"))
    return steps
