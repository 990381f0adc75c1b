"""Definitions of projects and indicators: shared by a programme's plans, or of one plan.

A plan adopts a definition of its programme, or defines something for itself. While no other plan
has adopted a definition, the plan that has may still change it.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, StateConflict, ValidationFailed
from app.models.indicators import Indicator, PlanIndicator
from app.models.plans import Plan
from app.models.projects import PlanProject, Project
from app.text import terms
from app.text.bilingual import Bilingual

Definition = TypeVar("Definition", Project, Indicator)

IS_SHARED = Bilingual(
    "{code} do chương trình quy định và kế hoạch khác cũng dùng, nên không đổi được {fields}.",
    "{code} is defined by the programme and other plans use it, so {fields} cannot change.",
)
DEFINED_OTHERWISE = Bilingual(
    "Chương trình đã quy định {code} khác: {value}.",
    "The programme defines {code} differently: {value}.",
)


async def find(
    session: AsyncSession, model: type[Definition], plan: Plan, code: str
) -> Definition | None:
    """The definition of a code that the plan can adopt: its programme's, or its own."""
    return await session.scalar(
        select(model).where(
            model.programme_id == plan.programme_id,
            model.code == code,
            or_(model.plan_id.is_(None), model.plan_id == plan.id),
        )
    )


def ensure_agrees(code: str, defined: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Ensure that the values of an adoption are those of the definition.

    Raises:
        ValidationFailed: some differ.
    """
    errors = [
        FieldError(
            f"/{name}", "defined_otherwise", DEFINED_OTHERWISE, {"code": code, "value": value}
        )
        for name, value in defined.items()
        if values[name] != value
    ]
    if errors:
        raise ValidationFailed(errors)


async def ensure_not_shared(
    session: AsyncSession, plan: Plan, definition: Project | Indicator, fields: Collection[str]
) -> None:
    """Ensure that no other plan has adopted a definition of which these fields change.

    Locks the definition, so that no other plan can adopt it before the commit.

    Raises:
        StateConflict: another plan has.
    """
    if not fields:
        return
    model = type(definition)
    await session.execute(select(model.id).where(model.id == definition.id).with_for_update())
    if await _adopters(session, definition) - {plan.id}:
        raise StateConflict(IS_SHARED, code=definition.code, fields=terms.name_fields(fields))


async def is_adopted(session: AsyncSession, plan: Plan, definition: Project | Indicator) -> bool:
    """Whether a plan has adopted a definition."""
    return plan.id in await _adopters(session, definition)


async def _adopters(session: AsyncSession, definition: Project | Indicator) -> set[int]:
    """The ids of the plans that have adopted a definition."""
    if isinstance(definition, Project):
        query = select(PlanProject.plan_id).where(PlanProject.project_id == definition.id)
    else:
        query = select(PlanIndicator.plan_id).where(PlanIndicator.indicator_id == definition.id)
    return set(await session.scalars(query))


def version(definition: Project | Indicator, adoption: PlanProject | PlanIndicator) -> int:
    """The version of what a plan adopts; a change of the definition or of the adoption counts."""
    return definition.version + adoption.version - 1
