"""The rules of a reorganisation: which agencies end, begin and continue. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import FieldError
from app.text.bilingual import Bilingual
from app.vocabulary import TIERS, AgencyKind

GIVEN_TWICE = Bilingual(
    "Đơn vị {code} đã có ở một thay đổi khác; chỉ ghi lại khi đơn vị bị chia (whole: false).",
    "Another change names agency {code}; repeat it only if it is divided (whole: false).",
)
SEVERAL_SUCCESSORS = Bilingual(
    "Nhập toàn bộ thì chỉ vào một đơn vị; nếu bị chia thì ghi nhập một phần (whole: false).",
    "An agency merges as a whole into one agency only; for a division set whole to false.",
)
ONE_SUCCESSOR = Bilingual(
    "Đơn vị {code} chỉ có một đơn vị kế thừa nên là nhập toàn bộ (whole: true).",
    "Agency {code} has one successor only, so it merges as a whole (whole: true).",
)
INCOMPLETE = Bilingual(
    "Đơn vị mới {code} phải ghi tên (name), loại (kind) và đơn vị cấp trên (parent).",
    "The new agency {code} needs name, kind and parent.",
)
DIFFERENT = Bilingual(
    "Đơn vị {code} được ghi với thông tin khác ở một thay đổi khác.",
    "Another change describes agency {code} differently.",
)
TAKER_ENDS = Bilingual(
    "Đơn vị {code} cũng kết thúc trong lần sắp xếp này nên không tiếp quản được kế hoạch.",
    "Agency {code} ends in this reorganisation too, so it cannot take over plans.",
)
LOWEST_TIER = max(TIERS.values()) + 1


@dataclass(frozen=True)
class Unit:
    """An agency after the reorganisation; None: as it is, for one that continues."""

    code: str
    name: str | None = None
    kind: AgencyKind | None = None
    parent: str | None = None

    @property
    def details(self) -> dict[str, Any]:
        """The columns that are given, but for the code and the parent."""
        values = {"name": self.name, "kind": self.kind}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Change:
    """Agencies that become others.

    sources: codes on the day before. units: none where the sources end without a successor. whole:
    whether each source goes wholly into the one unit. taken_over_by: the government that manages
    the sources' plans from then on.
    """

    sources: tuple[str, ...]
    units: tuple[Unit, ...]
    whole: bool = True
    taken_over_by: str | None = None

    @property
    def keeps_its_unit(self) -> bool:
        """Whether one agency is only renamed or moved: its code stays and nothing is merged."""
        return len(self.units) == 1 and self.sources == (self.units[0].code,)


@dataclass(frozen=True)
class Link:
    """A succession between codes; that of the successor is read on the first day after."""

    source: str
    target: str
    whole: bool


@dataclass(frozen=True)
class Outcome:
    """What a reorganisation makes of the agencies.

    created: the highest tiers first, so that a parent precedes its children. An agency in `created`
    can have the code of one in `ended`. takeovers: managing government by ended one.
    """

    ended: tuple[str, ...]
    created: tuple[Unit, ...]
    continued: tuple[Unit, ...]
    links: tuple[Link, ...]
    takeovers: Mapping[str, str]


def outcome_of(changes: Sequence[Change], existing: Collection[str]) -> Outcome:
    """What the changes make of the agencies; `existing`: the codes in use on the day before.

    A unit continues if its code is in use and its agency does not end. Every other one is new, also
    where it has the code of an agency that ends: a merged commune is another commune.
    """
    ended = _ended(changes)
    units: dict[str, Unit] = {}
    for change in changes:
        for unit in change.units:
            known = units.get(unit.code)
            units[unit.code] = unit if known is None or not known.details else known
    continued = [
        unit for unit in units.values() if unit.code in existing and unit.code not in ended
    ]
    created = [unit for unit in units.values() if unit not in continued]
    return Outcome(
        ended=tuple(ended),
        created=tuple(sorted(created, key=lambda unit: (_tier(unit), unit.code))),
        continued=tuple(continued),
        links=tuple(
            Link(source, unit.code, change.whole)
            for change in changes
            if not change.keeps_its_unit
            for source in change.sources
            for unit in change.units
        ),
        takeovers={
            source: change.taken_over_by
            for change in changes
            if change.taken_over_by is not None
            for source in change.sources
        },
    )


def _ended(changes: Sequence[Change]) -> dict[str, None]:
    """The codes of the agencies that end, in order."""
    sources = (code for each in changes if not each.keeps_its_unit for code in each.sources)
    return dict.fromkeys(sources)


def _tier(unit: Unit) -> int:
    return LOWEST_TIER if unit.kind is None else TIERS.get(unit.kind, LOWEST_TIER)


def errors_of(changes: Sequence[Change], existing: Collection[str]) -> list[FieldError]:
    """The errors of the changes, each at its field below /changes."""
    return [
        *_errors_of_sources(changes),
        *_errors_of_units(changes, existing),
        *_errors_of_takeovers(changes),
    ]


def _errors_of_sources(changes: Sequence[Change]) -> Iterator[FieldError]:
    named = Counter(code for change in changes for code in change.sources)
    successors = Counter(
        code for change in changes for code in change.sources for _ in change.units
    )
    for number, change in enumerate(changes):
        pointer = f"/changes/{number}"
        if change.whole and len(change.units) > 1:
            yield FieldError(f"{pointer}/whole", "several_successors", SEVERAL_SUCCESSORS)
        for place, code in enumerate(change.sources):
            facts = {"code": code}
            if (change.whole and named[code] > 1) or change.sources.count(code) > 1:
                yield FieldError(f"{pointer}/from/{place}", "given_twice", GIVEN_TWICE, facts)
            elif not change.whole and successors[code] == 1:
                yield FieldError(f"{pointer}/whole", "one_successor", ONE_SUCCESSOR, facts)


def _errors_of_units(changes: Sequence[Change], existing: Collection[str]) -> Iterator[FieldError]:
    outcome = outcome_of(changes, existing)
    units = {unit.code: unit for unit in (*outcome.created, *outcome.continued)}
    created = {unit.code for unit in outcome.created}
    for number, change in enumerate(changes):
        for place, unit in enumerate(change.units):
            pointer, facts = f"/changes/{number}/to/{place}", {"code": unit.code}
            described = units[unit.code]
            if unit not in (described, Unit(unit.code)):
                yield FieldError(pointer, "different", DIFFERENT, facts)
            elif unit.code in created and None in (
                described.name,
                described.kind,
                described.parent,
            ):
                yield FieldError(pointer, "incomplete", INCOMPLETE, facts)


def _errors_of_takeovers(changes: Sequence[Change]) -> Iterator[FieldError]:
    ended = _ended(changes)
    for number, change in enumerate(changes):
        if change.taken_over_by in ended:
            pointer, facts = f"/changes/{number}/taken_over_by", {"code": change.taken_over_by}
            yield FieldError(pointer, "taker_ends", TAKER_ENDS, facts)
