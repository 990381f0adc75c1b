"""The catalogue of indicators: listed, read, changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Row
from app.db.pagination import page
from app.errors import FieldError, NotFound, StateConflict, ValidationFailed
from app.models.agencies import Agency
from app.models.indicators import Indicator, PlanIndicator
from app.models.plans import Plan
from app.models.projects import Project
from app.models.reports import RevisionEntry
from app.policy import Principal
from app.services import lookup
from app.services.audit import changes
from app.services.audit.action import Action
from app.services.audit.changes import Change, VersionCheck, record_change
from app.services.lookup import within_horizon
from app.services.reference import catalogue, definitions, formulas, projects
from app.services.reference.catalogue import FIXED_FIELDS, CatalogueEntry
from app.text import terms
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction, Frequency

SELECTORS = frozenset({"communes", "leads"})
DEFINED_FIELDS = frozenset({"name", "project", "unit", "kind", "decimals", "formula", "note"})
"""What the programme defines, or the plan for an indicator of its own."""
ADOPTED_FIELDS = frozenset({"position", "frequencies", "filled_by", "compared_by", "maximum"})
"""What each plan decides."""

UNKNOWN_SELECTOR = Bilingual(
    "Phải ghi các xã (communes), cơ quan chủ trì (leads) hoặc mã của một đơn vị; không "
    "có đơn vị {code}.",
    "Expected communes, leads or the code of an agency; there is no agency {code}.",
)
UNKNOWN_AGENCY = Bilingual("Không có đơn vị {code}.", "There is no agency {code}.")
LEADS_OF_NOTHING = Bilingual(
    "Chỉ tiêu chung không thuộc dự án nào nên không giao cho cơ quan chủ trì dự án (leads) được.",
    "leads means the lead agencies of a project, and this indicator belongs to no project.",
)
HAS_FIGURES = Bilingual(
    "Chỉ tiêu {code} đã có số liệu báo cáo nên không đổi được {fields}; đề nghị thêm chỉ tiêu mới.",
    "Figures of {code} have been reported, so {fields} cannot change; add a new indicator.",
)


@dataclass(frozen=True, slots=True)
class IndicatorFilter:
    """The filters of the list; None does not filter."""

    project: str | None = None
    frequency: Frequency | None = None
    filled_by: str | None = None


async def list_page(
    session: AsyncSession,
    principal: Principal,
    filters: IndicatorFilter,
    *,
    plan: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Row], str | None]:
    """A page of the indicators of a plan, or of all known plans, in the order of each catalogue.

    Raises:
        NotFound: there is no such plan or project within the horizon.
    """
    plans = await lookup.list_plan_ids(session, principal, plan, project=filters.project)
    query = _select_indicators().where(PlanIndicator.plan_id.in_(plans))
    if filters.project is not None:
        query = query.where(projects.within_project(plans, filters.project))
    if filters.frequency is not None:
        query = query.where(PlanIndicator.frequencies.contains([filters.frequency]))
    if filters.filled_by is not None:
        query = query.where(PlanIndicator.filled_by.contains([filters.filled_by]))
    order = [Plan.code.collate("C"), PlanIndicator.position, Indicator.code.collate("C")]
    rows, next_cursor = await page(session, query, order, limit=limit, cursor=cursor)
    return [row._asdict() for row in rows], next_cursor


async def get(
    session: AsyncSession, principal: Principal, code: str, *, plan: str | None = None
) -> Row:
    """One indicator.

    Raises:
        NotFound: there is no such plan within the horizon, or it has no such indicator.
        AmbiguousPlan: `plan` is None and there are several.
    """
    return await _get_of_plan(session, await lookup.get_plan(session, principal, plan), code)


async def create(
    session: AsyncSession, action: Action, values: Mapping[str, Any], *, plan: str | None = None
) -> Row:
    """Add an indicator to a plan, by default at its end: one of its programme, or one of its own.

    Raises:
        NotFound: there is no such plan within reach.
        AmbiguousPlan: `plan` is None and several fit.
        ValidationFailed: the indicator breaks a rule of the catalogue, or the programme defines it
            differently.
    """
    code = values["code"]
    plan_row, project = await _get_plan_and_project(
        session, action.principal, plan, values["project"]
    )
    await _lock_catalogue(session, plan_row)
    position = values["position"] or await _next_position(session, plan_row)
    with session.no_autoflush:
        indicator = await definitions.find(session, Indicator, plan_row, code)
        if indicator is None:
            defined = {name: values[name] for name in DEFINED_FIELDS - {"project"}}
            indicator = Indicator(
                programme_id=plan_row.programme_id,
                plan_id=plan_row.id,
                project_id=project.id if project else None,
                position=position,
                code=code,
                **defined,
            )
        elif not await definitions.is_adopted(session, plan_row, indicator):
            definition = await _definition_values(session, indicator)
            definitions.ensure_agrees(code, definition, values)
        adoption = PlanIndicator(
            plan_id=plan_row.id,
            position=position,
            **{name: values[name] for name in ADOPTED_FIELDS - {"position"}},
        )
        await _ensure_valid(session, action, plan_row, indicator, adoption)
    session.add(indicator)
    await session.flush()
    adoption.indicator_id = indicator.id
    session.add(adoption)
    await session.flush()
    recorded_values = {name: value for name, value in values.items() if value not in (None, [])}
    await record_change(
        session,
        action,
        AuditAction.INDICATOR_CREATED,
        f"indicators/{code}",
        Change.created(recorded_values),
        plan_id=plan_row.id,
        agency_id=plan_row.owner_id,
    )
    return await _get_of_plan(session, plan_row, code)


async def change(
    session: AsyncSession,
    action: Action,
    code: str,
    values: Mapping[str, Any],
    *,
    plan: str | None = None,
    check_version: VersionCheck,
) -> Row:
    """Change an indicator of a plan.

    Raises:
        NotFound: there is no such indicator within reach.
        AmbiguousPlan: `plan` is None and there are several.
        PreconditionRequired, Stale: see `VersionCheck`.
        ValidationFailed: the indicator would break a rule of the catalogue.
        StateConflict: the meaning of reported figures would change, or another plan has adopted
            the indicator whose definition would change.
    """
    # 1. Read the indicator, and check that this version of it may be changed.
    plan_row = await lookup.get_managed_plan(session, action.principal, plan)
    await _lock_catalogue(session, plan_row)
    indicator, adoption = await _get_for_update(session, plan_row, code)
    check_version(definitions.version(indicator, adoption))
    sources = await _list_sources(session, plan_row, indicator)
    # 2. Apply the values, and check the whole catalogue with them.
    with session.no_autoflush:
        defined = await _apply_definition(session, action, indicator, values, plan_row)
        adopted = {name: values[name] for name in ADOPTED_FIELDS & values.keys()}
        diff = defined | changes.apply(adoption, adopted)
        if not diff:
            return await _get_of_plan(session, plan_row, code)
        await _ensure_valid(session, action, plan_row, indicator, adoption)
        await _ensure_figures_keep_meaning(session, plan_row, indicator, sources, diff)
        await definitions.ensure_not_shared(session, plan_row, indicator, defined.after.keys())
    # 3. Record the change.
    await record_change(
        session,
        action,
        AuditAction.INDICATOR_CHANGED,
        f"indicators/{indicator.code}",
        diff,
        plan_id=plan_row.id,
        agency_id=plan_row.owner_id,
    )
    await session.flush()
    return await _get_of_plan(session, plan_row, code)


async def _apply_definition(
    session: AsyncSession,
    action: Action,
    indicator: Indicator,
    values: Mapping[str, Any],
    plan: Plan,
) -> Change:
    """Set the values of the definition, in which `project` is a code."""
    columns = {name: values[name] for name in DEFINED_FIELDS & values.keys()}
    old = await _project_code(session, indicator)
    new = columns.pop("project", old)
    if new != old:
        _, project = await _get_plan_and_project(session, action.principal, plan.code, new)
        columns["project_id"] = project.id if project else None
    return changes.apply(indicator, columns, hidden={"project_id"}).also("project", old, new)


async def _definition_values(session: AsyncSession, indicator: Indicator) -> dict[str, Any]:
    """The values of the definition, in which `project` is a code."""
    values = {name: getattr(indicator, name) for name in DEFINED_FIELDS - {"project"}}
    return values | {"project": await _project_code(session, indicator)}


async def _project_code(session: AsyncSession, indicator: Indicator) -> str | None:
    return await session.scalar(select(Project.code).where(Project.id == indicator.project_id))


async def _get_plan_and_project(
    session: AsyncSession, principal: Principal, plan: str | None, project: str | None
) -> tuple[Plan, Project | None]:
    if project is None:
        return await lookup.get_managed_plan(session, principal, plan), None
    return await projects.get_body_project(session, principal, project, plan=plan)


async def _get_for_update(
    session: AsyncSession, plan: Plan, code: str
) -> tuple[Indicator, PlanIndicator]:
    row = await session.execute(
        select(Indicator, PlanIndicator)
        .join(PlanIndicator, PlanIndicator.indicator_id == Indicator.id)
        .where(PlanIndicator.plan_id == plan.id, Indicator.code == code)
        .with_for_update(of=PlanIndicator)
    )
    if (pair := row.one_or_none()) is None:
        raise NotFound(terms.INDICATOR, code=code)
    return pair[0], pair[1]


async def _lock_catalogue(session: AsyncSession, plan: Plan) -> None:
    """Serialise changes of a catalogue, because its indicators depend on each other."""
    await session.refresh(plan, with_for_update={"key_share": True})


async def _next_position(session: AsyncSession, plan: Plan) -> int:
    last = await session.scalar(
        select(func.max(PlanIndicator.position)).where(PlanIndicator.plan_id == plan.id)
    )
    return (last or 0) + 1


async def _ensure_valid(
    session: AsyncSession,
    action: Action,
    plan: Plan,
    indicator: Indicator,
    adoption: PlanIndicator,
) -> None:
    """Ensure that the plan's catalogue with this indicator keeps its rules.

    Raises:
        ValidationFailed: it does not.
    """
    entries = await _load_catalogue(session, plan.id)
    entries[indicator.code] = _entry(indicator, adoption)
    errors = catalogue.validate(indicator.code, entries)
    errors += await _selector_errors(session, action, indicator, adoption)
    if errors:
        raise ValidationFailed(errors)


async def _load_catalogue(session: AsyncSession, plan_id: int) -> dict[str, CatalogueEntry]:
    rows = await session.execute(
        select(Indicator, PlanIndicator)
        .join(PlanIndicator, PlanIndicator.indicator_id == Indicator.id)
        .where(PlanIndicator.plan_id == plan_id)
    )
    return {indicator.code: _entry(indicator, adoption) for indicator, adoption in rows}


def _entry(indicator: Indicator, adoption: PlanIndicator) -> CatalogueEntry:
    return CatalogueEntry(
        code=indicator.code,
        unit=indicator.unit,
        kind=indicator.kind,
        frequencies=frozenset(Frequency(frequency) for frequency in adoption.frequencies),
        filled_by=tuple(adoption.filled_by),
        compared_by=tuple(adoption.compared_by),
        formula=indicator.formula,
    )


async def _selector_errors(
    session: AsyncSession, action: Action, indicator: Indicator, adoption: PlanIndicator
) -> list[FieldError]:
    known = set(
        await session.scalars(
            select(Agency.code).where(
                Agency.code.in_({*adoption.filled_by, *adoption.compared_by}),
                lookup.exists_on(action.today),
                within_horizon(action.principal, Agency.path),
            )
        )
    )
    errors = []
    for index, code in enumerate(adoption.filled_by):
        pointer = f"/filled_by/{index}"
        if code not in known | SELECTORS:
            errors.append(FieldError(pointer, "unknown_agency", UNKNOWN_SELECTOR, {"code": code}))
        elif code == "leads" and indicator.project_id is None:
            errors.append(FieldError(pointer, "no_project", LEADS_OF_NOTHING))
    for index, code in enumerate(adoption.compared_by):
        if code not in known:
            pointer = f"/compared_by/{index}"
            errors.append(FieldError(pointer, "unknown_agency", UNKNOWN_AGENCY, {"code": code}))
    return errors


async def _list_sources(session: AsyncSession, plan: Plan, indicator: Indicator) -> frozenset[str]:
    """The code of the indicator and of all indicators from which it is derived."""
    parsed = catalogue.parse_formulas(await _load_catalogue(session, plan.id))
    return formulas.dependencies(indicator.code, parsed) | {indicator.code}


async def _ensure_figures_keep_meaning(
    session: AsyncSession,
    plan: Plan,
    indicator: Indicator,
    sources: frozenset[str],
    diff: Change,
) -> None:
    """Ensure that no reported figure changes its meaning.

    A derived indicator has figures if one of its `sources` has.

    Raises:
        StateConflict: figures were reported, and the change touches a field of `FIXED_FIELDS`.
    """
    fields = FIXED_FIELDS & diff.after.keys()
    if not fields:
        return
    has_figures = (
        exists()
        .where(RevisionEntry.indicator_id == Indicator.id, Indicator.code.in_(sources))
        .where(Indicator.id == PlanIndicator.indicator_id, PlanIndicator.plan_id == plan.id)
    )
    if await session.scalar(select(has_figures)):
        raise StateConflict(HAS_FIGURES, code=indicator.code, fields=terms.name_fields(fields))


async def _get_of_plan(session: AsyncSession, plan: Plan, code: str) -> Row:
    query = _select_indicators().where(PlanIndicator.plan_id == plan.id, Indicator.code == code)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(terms.INDICATOR, code=code)
    return row._asdict()


def _select_indicators() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(getattr(Indicator, name) for name in DEFINED_FIELDS - {"project"}),
            *(getattr(PlanIndicator, name) for name in ADOPTED_FIELDS),
            (Indicator.version + PlanIndicator.version - 1).label("version"),
            Indicator.code,
            Indicator.plan_id.is_not(None).label("own"),
            Plan.code.label("plan"),
            Project.code.label("project"),
        )
        .join_from(PlanIndicator, Indicator, Indicator.id == PlanIndicator.indicator_id)
        .join(Plan, Plan.id == PlanIndicator.plan_id)
        .outerjoin(Project, Project.id == Indicator.project_id)
    )
