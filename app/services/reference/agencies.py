"""Agencies (cơ quan, đơn vị): listed, read, changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm.attributes import flag_modified

from app.db.driver import Row
from app.db.pagination import page
from app.errors import FieldError, NotFound, ValidationFailed
from app.models.agencies import Agency, AgencySuccession
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod
from app.models.plans import Responsibility
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.lookup import within_horizon
from app.services.reference import agency_successors, agency_tree
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import COMMUNE_LEVEL, TIERS, AgencyKind, AuditAction

AREA_FIELDS = frozenset({"kind", "parent", "valid_from", "valid_to", "successors"})
"""The fields that decide which reports are expected and who sees them.

Only a principal that reaches the whole area around the agency may change them.
"""

KIND_STAYS = Bilingual(
    "Không đổi được cấp chính quyền của đơn vị vì tài khoản, kế hoạch và báo cáo dựa "
    "vào đó; đề nghị thêm đơn vị mới và ghi là đơn vị kế thừa (successors).",
    "The kind cannot change to another tier of government: accounts, plans and reports "
    "depend on it. Add a new agency and name it in successors.",
)
AREA_DECIDES = Bilingual(
    "Chỉ tài khoản quản lý cả địa bàn mới đổi được mục này.",
    "Only an account that manages the whole area can change this field.",
)
REPORTS_REMAIN = Bilingual(
    "Đơn vị đã gửi báo cáo có số liệu đến ngày {data_to}; ngày đó phải nằm trong thời "
    "gian hoạt động của đơn vị.",
    "The agency has submitted a report with figures up to {data_to}; it must exist on that day.",
)
ENDS_BEFORE_START = Bilingual(
    "Ngày cuối cùng phải từ ngày đầu tiên {valid_from} trở đi.",
    "The last day must not be before the first day, {valid_from}.",
)


async def list_page(
    session: AsyncSession,
    principal: Principal,
    *,
    on: date,
    kind: AgencyKind | None,
    parent: str | None,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of the agencies that exist on a day, ordered by code.

    parent: restricts the list to the agencies directly below this one.
    plan: restricts the list to the agencies of the plan's area.

    Raises:
        NotFound: there is no such parent or plan within the horizon.
    """
    query = _select_agencies(principal).where(lookup.exists_on(on))
    if kind is not None:
        query = query.where(Agency.kind == kind)
    if parent is not None:
        above = await lookup.get_agency(session, principal, parent, on)
        query = query.where(Agency.parent_id == above.id)
    if plan is not None:
        plan_row = await lookup.get_plan(session, principal, plan)
        government = await lookup.get_government(session, plan_row, on)
        query = query.where(Agency.path.startswith(government.path))
    order = [Agency.code.collate("C")]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(session: AsyncSession, principal: Principal, code: str, *, on: date) -> Row:
    """The agency that has the code on a day.

    Raises:
        NotFound: there is no such agency within the horizon.
    """
    query = _select_agencies(principal).where(lookup.exists_on(on), Agency.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.AGENCY, code=code)
    return row._asdict()


async def list_responsibilities(
    session: AsyncSession,
    principal: Principal,
    code: str,
    *,
    on: date,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of an agency's responsibilities (nhiệm vụ) under a plan, in the plan's order.

    Raises:
        NotFound: there is no such agency or plan within the horizon.
        AmbiguousPlan: `plan` is None and there are several.
    """
    agency = await lookup.get_agency(session, principal, code, on)
    plan_row = await lookup.get_plan(session, principal, plan)
    query = select(
        Responsibility.position,
        Responsibility.title,
        Responsibility.text,
        literal(plan_row.code).label("plan"),
        literal(agency.code).label("agency"),
    ).where(Responsibility.plan_id == plan_row.id, Responsibility.agency_id == agency.id)
    order = [Responsibility.position]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def create(session: AsyncSession, action: Action, values: Mapping[str, Any]) -> Row:
    """Add an agency below another one within reach.

    Raises:
        ValidationFailed: parent, validity or successors are invalid.
    """
    principal = action.principal
    await agency_tree.lock(session)
    columns = dict(values)
    successors = columns.pop("successors")
    first_day = columns["valid_from"] or action.today
    parent = await agency_tree.get_parent(session, principal, columns.pop("parent"), first_day)
    agency = Agency(**columns)
    _ensure_valid_interval(agency)
    await agency_tree.insert(session, agency, parent)
    await agency_successors.replace(session, principal, agency, successors)
    recorded_values = {name: value for name, value in values.items() if value not in (None, [])}
    await record_change(
        session,
        action,
        AuditAction.AGENCY_CREATED,
        f"agencies/{agency.code}",
        Change.created(recorded_values),
        agency_id=agency.id,
    )
    return await _get_by_id(session, principal, agency.id)


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    on: date,
    check_version: VersionCheck,
) -> Row:
    """Change the agency that has the code on a day, its parent and its successors.

    Raises:
        NotFound: there is no such agency within reach.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: kind, parent, validity or successors are invalid, or the principal may
            not change them.
    """
    principal = action.principal
    await agency_tree.lock(session)
    agency = await _get_within_reach(session, principal, code, on)
    check_version(agency.version)
    reaches_area = await _reaches_area_around(session, principal, agency)
    diff = await _apply(session, principal, agency, values, on)
    if not reaches_area:
        _ensure_no_area_field(diff)
    await _ensure_reports_remain(session, agency, diff)
    if diff:
        if diff.after.keys() == {"successors"}:
            # No column has changed, but the resource has: count its version.
            flag_modified(agency, "name")
        await record_change(
            session,
            action,
            AuditAction.AGENCY_CHANGED,
            f"agencies/{agency.code}",
            diff,
            agency_id=agency.id,
        )
        await session.flush()
    return await _get_by_id(session, principal, agency.id)


async def _apply(
    session: AsyncSession,
    principal: Principal,
    agency: Agency,
    values: Mapping[str, Any],
    on: date,
) -> Change:
    """Set the values, in which `parent` and `successors` are codes.

    A new last day reads the codes of existing successors again, on the day after it.
    """
    columns = dict(values)
    parent = columns.pop("parent", None)
    new = columns.pop("successors", None)
    old = await agency_successors.list_codes(session, agency)
    kind = agency.kind
    diff = changes.apply(agency, columns)
    if TIERS.get(agency.kind) != TIERS.get(kind):
        raise ValidationFailed.at("/kind", "kind_stays", KIND_STAYS)
    _ensure_valid_interval(agency)
    if parent is not None:
        old_parent = await session.scalar(select(Agency.code).where(Agency.id == agency.parent_id))
        await agency_tree.move(session, principal, agency, parent, on)
        diff = diff.also("parent", old_parent, parent)
    if new is not None or (old and "valid_to" in diff.after):
        successors = old if new is None else sorted(new)
        await agency_successors.replace(session, principal, agency, successors)
        diff = diff.also("successors", old, successors)
    return diff


def _select_agencies(principal: Principal) -> Select[*tuple[Any, ...]]:
    """Agencies with the codes of parent, successors and predecessors, in one query."""
    above = aliased(Agency)
    return (
        select(
            *Agency.__table__.columns,
            above.code.label("parent"),
            _codes_along(AgencySuccession.predecessor_id, AgencySuccession.successor_id).label(
                "successors"
            ),
            _codes_along(AgencySuccession.successor_id, AgencySuccession.predecessor_id).label(
                "predecessors"
            ),
        )
        .outerjoin(above, above.id == Agency.parent_id)
        .where(within_horizon(principal, Agency.path))
    )


def _codes_along(
    start: InstrumentedAttribute[int], end: InstrumentedAttribute[int]
) -> ColumnElement[Any]:
    """The codes of the agencies at the other end of the successions of an `Agency`."""
    other = aliased(Agency)
    codes = (
        select(other.code)
        .join(AgencySuccession, end == other.id)
        .where(start == Agency.id)
        .order_by(other.code.collate("C"))
        .correlate(Agency)
        .scalar_subquery()
    )
    return func.array(codes, type_=ARRAY(Text))


async def _get_within_reach(
    session: AsyncSession, principal: Principal, code: str, on: date
) -> Agency:
    agency = await lookup.get_agency(session, principal, code, on)
    if not principal.reaches(agency.path):
        raise NotFound(terms.AGENCY, code=code)
    return agency


async def _get_by_id(session: AsyncSession, principal: Principal, agency_id: int) -> Row:
    query = _select_agencies(principal).where(Agency.id == agency_id)
    return (await session.execute(query)).one()._asdict()


def _ensure_valid_interval(agency: Agency) -> None:
    """Ensure that the last day is not before the first.

    Raises:
        ValidationFailed: it is; at /valid_to.
    """
    first, last = agency.valid_from, agency.valid_to
    if first is not None and last is not None and last < first:
        raise ValidationFailed.at(
            "/valid_to", "ends_before_start", ENDS_BEFORE_START, valid_from=first
        )


async def _reaches_area_around(session: AsyncSession, principal: Principal, agency: Agency) -> bool:
    """Whether the principal reaches the area that an agency belongs to.

    That is its own area, but what surrounds it for a government of the lowest tier.
    """
    path = agency.path
    if agency.kind in COMMUNE_LEVEL and agency.parent_id is not None:
        path = path.removesuffix(f"{agency.id}/")
    return await lookup.reaches_area_around(session, principal, path)


def _ensure_no_area_field(diff: Change) -> None:
    """Ensure that a change touches no field of `AREA_FIELDS`.

    Raises:
        ValidationFailed: it does; at each of those fields.
    """
    if names := AREA_FIELDS & diff.after.keys():
        raise ValidationFailed(
            [FieldError(f"/{name}", "area_decides", AREA_DECIDES) for name in sorted(names)]
        )


async def _ensure_reports_remain(session: AsyncSession, agency: Agency, diff: Change) -> None:
    """Ensure that the agency exists on the last day of each period for which it has reported.

    Reports are addressed by the agency's code on that day. Without this rule a report could be
    part of an aggregate and have no address.

    Raises:
        ValidationFailed: it does not; at /valid_from or /valid_to.
    """
    if not {"valid_from", "valid_to"} & diff.after.keys():
        return
    query = (
        select(func.min(ReportingPeriod.data_to), func.max(ReportingPeriod.data_to))
        .join(Obligation, Obligation.period_id == ReportingPeriod.id)
        .where(Obligation.agency_id == agency.id, Obligation.first_submitted_at.is_not(None))
    )
    earliest, latest = (await session.execute(query)).one()
    if latest is not None and agency.valid_to is not None and agency.valid_to < latest:
        raise ValidationFailed.at("/valid_to", "reports_remain", REPORTS_REMAIN, data_to=latest)
    if earliest is not None and agency.valid_from is not None and agency.valid_from > earliest:
        raise ValidationFailed.at("/valid_from", "reports_remain", REPORTS_REMAIN, data_to=earliest)
