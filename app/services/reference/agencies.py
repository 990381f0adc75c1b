"""Agencies, their tree and their successors, as they are read and changed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, Text, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import flag_modified

from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency, AgencySuccession
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Responsibility
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.lookup import within_horizon
from app.services.reference import agency_successors, agency_tree
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AgencyKind

Shown = dict[str, Any]
"""An agency in the words of the wire, with its version."""

BY_CODE = Agency.code.collate("C")

PLACE_AND_TIME = {"kind", "parent", "valid_from", "valid_to", "successors"}
"""What decides which reports are expected, and who sees them: not an agency's own to change."""

KIND_STAYS = Bilingual(
    "Loại huyện, tỉnh không đổi được: người dùng, kế hoạch và báo cáo dựa vào đó. Hãy thêm đơn vị "
    "mới và nêu nó ở successors.",
    "What is a district or a province stays one, and nothing becomes one: people, plans and "
    "reports build on it. Add a new agency and name it in successors.",
)
DISTRICT_DECIDES = Bilingual(
    "Chỉ người quản lý cả huyện mới đổi được trường này.",
    "Only who manages the whole district changes this.",
)
REPORTS_REMAIN = Bilingual(
    "Đơn vị đã gửi báo cáo có kỳ số liệu đến ngày {data_to}; ngày đó phải nằm trong thời gian "
    "hoạt động của đơn vị.",
    "The agency has sent a report on figures up to {data_to}; it has to exist on that day.",
)
ENDS_BEFORE_START = Bilingual(
    "Ngày cuối cùng phải từ ngày đầu tiên {valid_from} trở đi.",
    "The last day cannot be before the first day, {valid_from}.",
)


async def listed(
    session: AsyncSession,
    principal: Principal,
    *,
    on: date,
    kind: AgencyKind | None,
    parent: str | None,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Shown], str | None]:
    """A page of the agencies that exist on a day, by code.

    `plan` leaves those of the plan's district.

    Raises:
        NotFound: no such parent or plan.
    """
    query = _shown(principal, on)
    if kind is not None:
        query = query.where(Agency.kind == kind)
    if parent is not None:
        above = await lookup.get_agency(session, principal, parent, on)
        query = query.where(Agency.parent_id == above.id)
    if plan is not None:
        found = await lookup.get_plan(session, principal, plan)
        district = await session.get_one(Agency, found.district_id)
        query = query.where(Agency.path.startswith(district.path))
    rows, following = await page(session, query, [(BY_CODE, str)], limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], following


async def find(session: AsyncSession, principal: Principal, code: str, on: date) -> Shown:
    """The agency that has the code on a day.

    Raises:
        NotFound: there is none within the horizon.
    """
    query = _shown(principal, on).where(Agency.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.AGENCY, code=code)
    return row._asdict()


async def responsibilities(
    session: AsyncSession,
    principal: Principal,
    code: str,
    *,
    on: date,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Any], str | None]:
    """A page of what a plan gives an agency to do, in the plan's order.

    Raises:
        NotFound: no such agency or plan.
        AmbiguousPlan: there are several plans, and none was named.
    """
    agency = await lookup.get_agency(session, principal, code, on)
    found = await lookup.get_plan(session, principal, plan)
    query = select(
        Responsibility.position,
        Responsibility.title,
        Responsibility.text,
        literal(found.code).label("plan"),
        literal(agency.code).label("agency"),
    ).where(Responsibility.plan_id == found.id, Responsibility.agency_id == agency.id)
    order = [(Responsibility.position, int)]
    return await page(session, query, order, limit=limit, cursor=cursor)


async def create(
    session: AsyncSession,
    principal: Principal,
    values: Mapping[str, Any],
    *,
    now: datetime,
    today: date,
    actor: Actor,
) -> Shown:
    """Add an agency below one within reach.

    Raises:
        ValidationFailed: the place, the time or the successors do not fit.
    """
    await agency_tree.lock(session)
    own = dict(values)
    parent = await agency_tree.get_parent(
        session, principal, own.pop("parent"), own["valid_from"] or today
    )
    successors = own.pop("successors")
    agency = Agency(parent_id=parent.id if parent else None, path="", **own)
    _see_that_time_runs_forward(agency)
    if parent is not None and agency.kind in agency_tree.FRAME:
        await agency_tree.ensure_no_district_around(session, parent)
    session.add(agency)
    await session.flush()
    path = f"{parent.path if parent else '/'}{agency.id}/"
    await session.execute(update(Agency).where(Agency.id == agency.id).values(path=path))
    await agency_successors.replace(session, principal, agency, successors)
    given = {name: value for name, value in values.items() if value not in (None, [])}
    await _record(session, agency, "created", None, changes.told(given), now, actor)
    return await _find_again(session, principal, agency)


async def change(
    session: AsyncSession,
    principal: Principal,
    code: str,
    wanted: Mapping[str, Any],
    *,
    on: date,
    check_version: VersionCheck,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Change the agency within reach that has the code on a day, and its place in the tree.

    Raises:
        NotFound: there is none within reach.
        ValidationFailed: the place, the time or the successors do not fit, or are not the
            principal's to change.
    """
    await agency_tree.lock(session)
    agency = await _own(session, principal, code, on)
    check_version(agency.version)
    own = dict(wanted)
    successors = own.pop("successors", None)
    parent = own.pop("parent", None)
    before = await agency_successors.list_codes(session, agency)
    decides = await lookup.reaches_district_around(session, principal, agency.path)
    kind = agency.kind
    changed = changes.apply(agency, own)
    if agency.kind != kind and {agency.kind, kind} & agency_tree.FRAME:
        raise _refusal("/kind", "kind_stays", KIND_STAYS)
    _see_that_time_runs_forward(agency)
    if parent is not None:
        old = await session.scalar(select(Agency.code).where(Agency.id == agency.parent_id))
        await agency_tree.move(session, principal, agency, parent, on)
        changed = changed.also("parent", old, parent)
    if successors is not None or (before and "valid_to" in changed.after):
        after = before if successors is None else sorted(successors)
        await agency_successors.replace(session, principal, agency, after)
        changed = changed.also("successors", before, after)
    if not decides and (kept := PLACE_AND_TIME & changed.after.keys()):
        raise ValidationFailed(
            [FieldError(f"/{name}", "district_decides", DISTRICT_DECIDES) for name in sorted(kept)]
        )
    await _see_that_reports_remain(session, agency, changed)
    if changed:
        if changed.after.keys() == {"successors"}:
            flag_modified(agency, "name")  # a new version, though no column has changed
        await _record(session, agency, "changed", changed.before, changed.after, now, actor)
        await session.flush()
    return await _find_again(session, principal, agency)


def _shown(principal: Principal, on: date | None = None) -> Select[*tuple[Any, ...]]:
    """Agencies with the codes of those above and after them, in one question."""
    above, successor = aliased(Agency), aliased(Agency)
    successors = (
        select(successor.code)
        .join(AgencySuccession, AgencySuccession.successor_id == successor.id)
        .where(AgencySuccession.predecessor_id == Agency.id)
        .order_by(successor.code.collate("C"))
        .correlate(Agency)
        .scalar_subquery()
    )
    hidden = {"parent_id", "path"}
    query = (
        select(
            *(column for column in Agency.__table__.columns if column.name not in hidden),
            above.code.label("parent"),
            func.array(successors, type_=ARRAY(Text)).label("successors"),
        )
        .outerjoin(above, above.id == Agency.parent_id)
        .where(within_horizon(principal, Agency.path))
    )
    return query if on is None else query.where(lookup.exists_on(on))


async def _own(session: AsyncSession, principal: Principal, code: str, on: date) -> Agency:
    agency = await lookup.get_agency(session, principal, code, on)
    if not principal.reaches(agency.path):
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def _find_again(session: AsyncSession, principal: Principal, agency: Agency) -> Shown:
    query = _shown(principal).where(Agency.id == agency.id)
    return (await session.execute(query)).one()._asdict()


def _see_that_time_runs_forward(agency: Agency) -> None:
    first, last = agency.valid_from, agency.valid_to
    if first is not None and last is not None and last < first:
        facts = {"valid_from": first}
        raise _refusal("/valid_to", "ends_before_start", ENDS_BEFORE_START, **facts)


async def _see_that_reports_remain(
    session: AsyncSession, agency: Agency, changed: changes.Change
) -> None:
    """See that the agency is there on the last day of each period for which it has reported.

    Its code is read on that day: else its reports would be in the sums, and nobody could find them.
    """
    if not {"valid_from", "valid_to"} & changed.after.keys():
        return
    query = (
        select(func.min(ReportingPeriod.data_to), func.max(ReportingPeriod.data_to))
        .join(Obligation, Obligation.period_id == ReportingPeriod.id)
        .where(Obligation.agency_id == agency.id, Obligation.first_submitted_at.is_not(None))
    )
    earliest, latest = (await session.execute(query)).one()
    if latest is not None and agency.valid_to is not None and agency.valid_to < latest:
        raise _refusal("/valid_to", "reports_remain", REPORTS_REMAIN, data_to=latest)
    if earliest is not None and agency.valid_from is not None and agency.valid_from > earliest:
        raise _refusal("/valid_from", "reports_remain", REPORTS_REMAIN, data_to=earliest)


def _refusal(
    pointer: str, reason: str, message: Bilingual, **facts: str | date
) -> ValidationFailed:
    return ValidationFailed([FieldError(pointer, reason, message, facts)])


async def _record(
    session: AsyncSession,
    agency: Agency,
    what: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    now: datetime,
    actor: Actor,
) -> None:
    await ledger.record(
        session,
        now=now,
        actor=actor,
        action=f"agency.{what}",
        subject=f"agencies/{agency.code}",
        agency_id=agency.id,
        before=before,
        after=after,
    )
