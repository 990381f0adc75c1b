"""The agency that an agency has become on a day, along its successors. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Lineage:
    """The validity of agencies and their successors, by ids.

    valid_from, valid_to: null is unbounded. successors: all of one whole merger is one successor; a
    divided agency has several, or one that took only a part.
    """

    valid_from: Mapping[int, date | None]
    valid_to: Mapping[int, date | None]
    successors: Mapping[int, frozenset[int]]
    divided: frozenset[int]

    def exists_on(self, agency: int, day: date) -> bool:
        """Whether the agency exists on a day."""
        first, last = self.valid_from[agency], self.valid_to[agency]
        return (first is None or first <= day) and (last is None or day <= last)

    def became(self, agency: int, day: date) -> "Became":
        """The agency that exists on a day and has taken in all of this one.

        Where an agency on the way was divided, ended without a successor, or began only after the
        day, this one stays as it is.
        """
        current, seen = agency, {agency}
        while not self.exists_on(current, day):
            if current in self.divided:
                return Became(agency, divided=current)
            nexts = self.successors.get(current, frozenset()) - seen
            if len(nexts) != 1:
                return Became(agency)
            (current,) = nexts
            seen.add(current)
        return Became(current)


@dataclass(frozen=True)
class Became:
    """An agency under which figures are shown, and the divided one that ended the search."""

    agency: int
    divided: int | None = None
