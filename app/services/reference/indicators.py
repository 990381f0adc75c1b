"""The catalogue of indicators as it is read and changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pagination import page
from app.errors import FieldError, NotFound, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.indicators import Indicator
from app.models.plans import Plan
from app.models.projects import Project
from app.models.reports import RevisionEntry
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes, ledger
from app.services.audit.changes import VersionCheck
from app.services.audit.ledger import Actor
from app.services.lookup import within_horizon
from app.services.reference import catalogue, formulas, projects
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import Frequency, IndicatorKind

Shown = dict[str, Any]
"""An indicator in the words of the wire, with its version."""

SELECTORS = frozenset({"communes", "leads"})
FIXED = frozenset({"project", "unit", "kind", "formula"})
"""What gives figures their meaning: it stays once there are some."""

UNKNOWN_SELECTOR = Bilingual(
    "Cần communes, leads hoặc mã của một cơ quan; không có cơ quan {code}.",
    "Expected communes, leads or an agency's code; there is no agency {code}.",
)
LEADS_OF_NOTHING = Bilingual(
    "leads là cơ quan chủ trì dự án; chỉ tiêu này không thuộc dự án nào.",
    "leads are the lead agencies of a project; this indicator belongs to none.",
)
HAS_FIGURES = Bilingual(
    "Chỉ tiêu {code} đã có số liệu báo cáo nên không đổi được {fields}; hãy thêm chỉ tiêu mới.",
    "Figures of {code} have been reported, so {fields} cannot change; add another indicator.",
)


@dataclass(frozen=True)
class Filter:
    """Which indicators a list shows; None is all."""

    project: str | None = None
    frequency: Frequency | None = None
    filled_by: str | None = None


async def listed(
    session: AsyncSession,
    principal: Principal,
    plan: str | None,
    wanted: Filter,
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row[Any]], str | None]:
    """A page of a plan's indicators, in the order of the catalogue.

    Raises:
        NotFound: no such plan or project.
        AmbiguousPlan: several plans fit, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan, project=wanted.project)
    query = _shown().where(Indicator.plan_id == found.id)
    if wanted.project is not None:
        query = query.where(projects.belongs_to(found.id, wanted.project))
    if wanted.frequency is not None:
        query = query.where(Indicator.frequencies.contains([wanted.frequency]))
    if wanted.filled_by is not None:
        query = query.where(Indicator.filled_by.contains([wanted.filled_by]))
    order = [(Indicator.position, int), (Indicator.code.collate("C"), str)]
    return await page(session, query, order, limit=limit, cursor=cursor)


async def find(session: AsyncSession, principal: Principal, plan: str | None, code: str) -> Shown:
    """One indicator.

    Raises:
        NotFound: the plan has none of this code.
        AmbiguousPlan: there are several plans, and none was named.
    """
    found = await lookup.get_plan(session, principal, plan)
    query = _shown().where(Indicator.plan_id == found.id, Indicator.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.INDICATOR, code=code)
    return row._asdict()


async def create(
    session: AsyncSession,
    principal: Principal,
    plan_code: str | None,
    values: Mapping[str, Any],
    *,
    today: date,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Add an indicator to the catalogue of a plan within reach; without a position, at its end.

    Raises:
        NotFound: no such plan.
        ValidationFailed: it does not fit into the catalogue.
    """
    plan, project = await _plan_and_project(session, principal, plan_code, values["project"])
    await _catalogue_held(session, plan)
    own = {name: value for name, value in values.items() if name != "project"}
    own["position"] = own["position"] or await session.scalar(
        select(func.coalesce(func.max(Indicator.position), 0) + 1).where(
            Indicator.plan_id == plan.id
        )
    )
    indicator = Indicator(plan_id=plan.id, project_id=project.id if project else None, **own)
    await _see_that_it_fits(session, principal, indicator, today)
    session.add(indicator)
    await session.flush()
    given = {name: value for name, value in values.items() if value not in (None, [])}
    await _record(session, plan, indicator, "created", None, changes.told(given), now, actor)
    return await find(session, principal, plan.code, indicator.code)


async def change(
    session: AsyncSession,
    principal: Principal,
    plan_code: str | None,
    code: str,
    wanted: Mapping[str, Any],
    *,
    check_version: VersionCheck,
    today: date,
    now: datetime,
    actor: Actor,
) -> Shown:
    """Change an indicator of a plan within reach.

    Raises:
        NotFound: there is none.
        ValidationFailed: it would not fit into the catalogue.
        StateConflict: figures exist whose meaning would change.
    """
    plan = await lookup.get_managed_plan(session, principal, plan_code)
    await _catalogue_held(session, plan)
    indicator = await _held(session, plan, code)
    check_version(indicator.version)
    sources = await _with_sources(session, indicator)
    own = dict(wanted)
    before = await session.scalar(select(Project.code).where(Project.id == indicator.project_id))
    after = own.pop("project", before)
    if after != before:
        _, project = await _plan_and_project(session, principal, plan.code, after)
        own["project_id"] = project.id if project else None
    changed = changes.apply(indicator, own, hidden={"project_id"}).also("project", before, after)
    if changed:
        with session.no_autoflush:
            await _see_that_it_fits(session, principal, indicator, today)
            await _see_that_figures_keep_their_meaning(session, indicator, sources, changed)
        await _record(
            session, plan, indicator, "changed", changed.before, changed.after, now, actor
        )
        await session.flush()
    return await find(session, principal, plan.code, code)


async def _plan_and_project(
    session: AsyncSession, principal: Principal, plan_code: str | None, project: str | None
) -> tuple[Plan, Project | None]:
    if project is None:
        return await lookup.get_managed_plan(session, principal, plan_code), None
    return await projects.named(session, principal, plan_code, project)


async def _held(session: AsyncSession, plan: Plan, code: str) -> Indicator:
    indicator = await session.scalar(
        select(Indicator)
        .where(Indicator.plan_id == plan.id, Indicator.code == code)
        .with_for_update()
    )
    if indicator is None:
        raise NotFound(terms.INDICATOR, code=code)
    return indicator


async def _catalogue_held(session: AsyncSession, plan: Plan) -> None:
    """Let changes of a catalogue come one after the other: its indicators depend on each other."""
    await session.refresh(plan, with_for_update={"key_share": True})


async def _see_that_it_fits(
    session: AsyncSession, principal: Principal, indicator: Indicator, today: date
) -> None:
    """See that the rules hold for the catalogue with the indicator in it, before it is stored."""
    entries = await _entries(session, indicator.plan_id)
    entries[indicator.code] = _entry(indicator)
    faults = catalogue.faults_of(indicator.code, entries)
    faults += await _selector_faults(session, principal, indicator, today)
    if faults:
        raise ValidationFailed(faults)


async def _entries(session: AsyncSession, plan_id: int) -> dict[str, catalogue.Entry]:
    rows = await session.execute(
        select(
            Indicator.code,
            Indicator.unit,
            Indicator.kind,
            Indicator.frequencies,
            Indicator.filled_by,
            Indicator.formula,
        ).where(Indicator.plan_id == plan_id)
    )
    return {row.code: _entry(row) for row in rows}


def _entry(row: Any) -> catalogue.Entry:
    return catalogue.Entry(
        code=row.code,
        unit=row.unit,
        kind=IndicatorKind(row.kind),
        frequencies=frozenset(Frequency(frequency) for frequency in row.frequencies),
        filled_by=tuple(row.filled_by),
        formula=row.formula,
    )


async def _selector_faults(
    session: AsyncSession, principal: Principal, indicator: Indicator, today: date
) -> list[FieldError]:
    named = [code for code in indicator.filled_by if code not in SELECTORS]
    known = await session.scalars(
        select(Agency.code).where(
            Agency.code.in_(named),
            lookup.exists_on(today),
            within_horizon(principal, Agency.path),
        )
    )
    unknown = set(named) - set(known)
    found = []
    for place, code in enumerate(indicator.filled_by):
        pointer = f"/filled_by/{place}"
        if code in unknown:
            found.append(FieldError(pointer, "unknown_agency", UNKNOWN_SELECTOR, {"code": code}))
        elif code == "leads" and indicator.project_id is None:
            found.append(FieldError(pointer, "no_project", LEADS_OF_NOTHING))
    return found


async def _with_sources(session: AsyncSession, indicator: Indicator) -> frozenset[str]:
    """The indicator's code and those of all that it is derived from."""
    parsed = catalogue.parsed_formulas(await _entries(session, indicator.plan_id))
    return formulas.derived_from(indicator.code, parsed) | {indicator.code}


async def _see_that_figures_keep_their_meaning(
    session: AsyncSession,
    indicator: Indicator,
    sources: frozenset[str],
    changed: changes.Change,
) -> None:
    fields = FIXED & changed.after.keys()
    if not fields:
        return
    has_figures = (
        exists()
        .where(RevisionEntry.indicator_id == Indicator.id)
        .where(Indicator.plan_id == indicator.plan_id, Indicator.code.in_(sources))
    )
    if await session.scalar(select(has_figures)):
        raise StateConflict(HAS_FIGURES, code=indicator.code, fields=", ".join(sorted(fields)))


def _shown() -> Select[*tuple[Any, ...]]:
    hidden = {"plan_id", "project_id"}
    return (
        select(
            *(column for column in Indicator.__table__.columns if column.name not in hidden),
            Plan.code.label("plan"),
            Project.code.label("project"),
        )
        .join_from(Indicator, Plan, Plan.id == Indicator.plan_id)
        .outerjoin(Project, Project.id == Indicator.project_id)
    )


async def _record(
    session: AsyncSession,
    plan: Plan,
    indicator: Indicator,
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
        action=f"indicator.{what}",
        subject=f"indicators/{indicator.code}",
        plan_id=plan.id,
        agency_id=plan.district_id,
        before=before,
        after=after,
    )
