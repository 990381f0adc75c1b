"""The codes of a reorganisation resolved to agencies, and what only the tables can refuse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from os.path import commonpath

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, ValidationFailed
from app.models.agencies import Agency
from app.models.plans import Plan
from app.policy import Principal
from app.services import lookup
from app.services.reorganisations import rules
from app.services.reorganisations.rules import Change, Outcome
from app.text.bilingual import Bilingual
from app.vocabulary import TIERS

UNKNOWN_AGENCY = Bilingual(
    "Không có đơn vị {code} trong phạm vi quản trị vào ngày {on}.",
    "There is no agency {code} within your reach on {on}.",
)
GOVERNMENTS_REMAIN = Bilingual(
    "{name} kết thúc nhưng đơn vị trực thuộc {below} chưa được sắp xếp vào đâu.",
    "{name} ends, but the changes do not place {below} below it.",
)
TAKER_NEEDED = Bilingual(
    "{name} đang quản lý kế hoạch; phải ghi đơn vị tiếp quản (taken_over_by).",
    "{name} manages plans; name the government that takes them over (taken_over_by).",
)
TAKER_NOT_ABOVE = Bilingual(
    "Đơn vị tiếp quản phải là chính quyền cấp trên của {name}, để phụ trách được các báo cáo cũ.",
    "Only a government above {name} can take over its plans, because it reaches the old reports.",
)


@dataclass(frozen=True)
class Resolution:
    """A reorganisation with its agencies.

    sources: agencies by their codes on the day before; they can have an end already, on that day.
    offices: the other agencies below ended governments, which end with them. takers: the governing
    agencies that take over plans, by the id of the ended one. area: the smallest subtree around all
    of them; None for the whole tree.
    """

    effective_on: date
    outcome: Outcome
    agencies: Mapping[str, Agency]
    offices: Sequence[Agency]
    takers: Mapping[int, Agency]
    area: Agency | None

    @property
    def last_day(self) -> date:
        """The last day of the agencies that end."""
        return self.effective_on - timedelta(days=1)

    @property
    def ended(self) -> list[Agency]:
        """The agencies that end, with the offices of ended governments."""
        return [*(self.agencies[code] for code in self.outcome.ended), *self.offices]


async def resolve(
    session: AsyncSession, principal: Principal, effective_on: date, changes: Sequence[Change]
) -> Resolution:
    """Resolve the codes of a reorganisation, within the principal's reach, and check its changes.

    Raises:
        ValidationFailed: an agency does not exist on the day before or lies outside the reach, the
            changes contradict each other, governments or plans would be left behind.
    """
    day_before = effective_on - timedelta(days=1)
    agencies = await _list_agencies(session, principal, day_before, changes)
    errors = [*_unknown_codes(changes, agencies, day_before), *rules.errors_of(changes, agencies)]
    if errors:
        raise ValidationFailed(errors)
    outcome = rules.outcome_of(changes, agencies)
    below = await _list_below(session, [agencies[code] for code in outcome.ended], effective_on)
    takers = {
        agencies[code].id: agencies[taker]
        for code, taker in outcome.takeovers.items()
        if code in outcome.ended
    }
    managing = await _list_managing(session, [agencies[code].id for code in outcome.ended])
    errors = [
        *_errors_of_remaining(changes, agencies, outcome, below),
        *_errors_of_takers(changes, agencies, takers, managing),
    ]
    if errors:
        raise ValidationFailed(errors)
    return Resolution(
        effective_on,
        outcome,
        agencies,
        offices=[each for each in below if each.kind not in TIERS and not _is_named(each, outcome)],
        takers=takers,
        area=await _area_around(session, list(agencies.values())),
    )


def _is_named(agency: Agency, outcome: Outcome) -> bool:
    """Whether the changes name an agency that exists on the day before."""
    return agency.code in {*outcome.ended, *(unit.code for unit in outcome.continued)}


async def _list_agencies(
    session: AsyncSession, principal: Principal, day: date, changes: Sequence[Change]
) -> dict[str, Agency]:
    """The agencies within reach, by code, that the changes name and that exist on a day."""
    codes = {
        code
        for change in changes
        for code in (
            *change.sources,
            change.taken_over_by,
            *(unit.code for unit in change.units),
            *(unit.parent for unit in change.units),
        )
    }
    rows = await session.scalars(
        select(Agency)
        .where(
            Agency.code.in_(codes - {None}),
            lookup.exists_on(day),
            lookup.within_reach(principal, Agency.path),
        )
        .order_by(Agency.id)
    )
    return {agency.code: agency for agency in rows}


def _unknown_codes(
    changes: Sequence[Change], agencies: Mapping[str, Agency], day: date
) -> Iterator[FieldError]:
    """An error for each code that names no agency; a parent can be a new unit."""
    units = {unit.code for change in changes for unit in change.units}
    for number, change in enumerate(changes):
        named = {f"from/{place}": code for place, code in enumerate(change.sources)}
        named["taken_over_by"] = change.taken_over_by or ""
        for place, unit in enumerate(change.units):
            if unit.parent is not None and unit.parent not in units:
                named[f"to/{place}/parent"] = unit.parent
        for field, code in named.items():
            if code and code not in agencies:
                facts = {"code": code, "on": day}
                pointer = f"/changes/{number}/{field}"
                yield FieldError(pointer, "unknown_agency", UNKNOWN_AGENCY, facts)


async def _list_below(
    session: AsyncSession, governments: Sequence[Agency], day: date
) -> Sequence[Agency]:
    """The agencies below these governments that exist on a day, those of any kind."""
    if not governments:
        return []
    query = (
        select(Agency)
        .where(
            or_(*(Agency.path.startswith(each.path) for each in governments)),
            Agency.id.not_in([each.id for each in governments]),
            lookup.exists_on(day),
        )
        .order_by(Agency.path)
    )
    return (await session.scalars(query)).all()


async def _list_managing(session: AsyncSession, agency_ids: Sequence[int]) -> set[int]:
    """Which of the agencies own a plan, or have taken one over."""
    owns_plan = exists().where(Plan.owner_id == Agency.id)
    query = select(Agency.id, Agency.taken_over_by_id).where(
        owns_plan, or_(Agency.id.in_(agency_ids), Agency.taken_over_by_id.in_(agency_ids))
    )
    rows = (await session.execute(query)).all()
    return {row.taken_over_by_id or row.id for row in rows} & set(agency_ids)


def _errors_of_remaining(
    changes: Sequence[Change],
    agencies: Mapping[str, Agency],
    outcome: Outcome,
    below: Sequence[Agency],
) -> Iterator[FieldError]:
    """An error for each ended government that has governments below it without a new parent."""
    moved = {unit.code for unit in outcome.continued if unit.parent is not None}
    left = [each for each in below if each.kind in TIERS and each.code not in moved]
    for number, change in enumerate(changes):
        for place, code in enumerate(change.sources):
            path, name = agencies[code].path, agencies[code].name
            codes = [each.code for each in left if each.path.startswith(path)]
            if code in outcome.ended and codes:
                facts = {"name": name, "below": ", ".join(codes)}
                pointer = f"/changes/{number}/from/{place}"
                yield FieldError(pointer, "governments_remain", GOVERNMENTS_REMAIN, facts)


def _errors_of_takers(
    changes: Sequence[Change],
    agencies: Mapping[str, Agency],
    takers: Mapping[int, Agency],
    managing: set[int],
) -> Iterator[FieldError]:
    """An error for each plan without a manager, or with one that cannot reach its reports."""
    for number, change in enumerate(changes):
        for place, code in enumerate(change.sources):
            agency = agencies[code]
            taker = takers.get(agency.id)
            facts = {"name": agency.name}
            if taker is None and agency.id in managing:
                pointer = f"/changes/{number}/from/{place}"
                yield FieldError(pointer, "taker_needed", TAKER_NEEDED, facts)
            elif taker is not None and not _is_above(taker, agency):
                pointer = f"/changes/{number}/taken_over_by"
                yield FieldError(pointer, "taker_not_above", TAKER_NOT_ABOVE, facts)


def _is_above(taker: Agency, agency: Agency) -> bool:
    """Whether an agency is a government above another one."""
    return taker.kind in TIERS and taker.id != agency.id and agency.path.startswith(taker.path)


async def _area_around(session: AsyncSession, agencies: Sequence[Agency]) -> Agency | None:
    """The lowest agency at or above all of these; None where only the whole tree is."""
    shared = commonpath([agency.path for agency in agencies])
    ids = [int(part) for part in shared[: shared.rfind("/") + 1].split("/") if part]
    return await session.get(Agency, ids[-1]) if ids else None
