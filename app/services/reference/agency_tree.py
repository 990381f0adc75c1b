"""The tree of agencies: parents and moves."""

from datetime import date

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound, ValidationFailed
from app.models.agencies import Agency
from app.policy import Principal
from app.services import lookup
from app.text.bilingual import Bilingual
from app.vocabulary import AgencyKind

REACH_KINDS = {AgencyKind.PROVINCE, AgencyKind.DISTRICT}
"""What everybody's reach is made of: each agency has at most one district around it."""


UNKNOWN_PARENT = Bilingual(
    "Không có cơ quan {code} trong phạm vi quản lý vào ngày {on}.",
    "There is no agency {code} within reach on {on}.",
)
NO_PARENT = Bilingual("Cần mã cơ quan cấp trên.", "The agency above is needed.")
OWN_SUBTREE = Bilingual(
    "{code} là chính đơn vị này hoặc nằm dưới nó.", "{code} is the agency itself or below it."
)
IN_A_DISTRICT = Bilingual(
    "Huyện, tỉnh không nằm trong một huyện khác.",
    "A district or a province cannot lie within a district.",
)

LOCK_TREE = text("LOCK TABLE agency IN SHARE ROW EXCLUSIVE MODE")


async def lock(session: AsyncSession) -> None:
    """Let changes of the tree come one after the other: paths are made from paths."""
    await session.execute(LOCK_TREE)


async def get_parent(
    session: AsyncSession, principal: Principal, code: str | None, on: date
) -> Agency | None:
    """The agency within reach that has the code; None only for who reaches everything."""
    if code is None:
        if principal.reach:
            raise ValidationFailed.at("/parent", "missing", NO_PARENT)
        return None
    try:
        parent = await lookup.get_agency(session, principal, code, on)
    except NotFound:
        parent = None
    if parent is None or not principal.reaches(parent.path):
        raise ValidationFailed.at("/parent", "unknown_agency", UNKNOWN_PARENT, code=code, on=on)
    return parent


async def insert(session: AsyncSession, agency: Agency, parent: Agency | None) -> None:
    """Store a new agency under its parent."""
    if parent is not None and agency.kind in REACH_KINDS:
        await _ensure_no_district_around(session, parent)
    agency.parent_id = parent.id if parent else None
    agency.path = ""
    session.add(agency)
    await session.flush()
    path = f"{parent.path if parent else '/'}{agency.id}/"
    await session.execute(update(Agency).where(Agency.id == agency.id).values(path=path))


async def move(
    session: AsyncSession, principal: Principal, agency: Agency, code: str, on: date
) -> None:
    """Put an agency and all below it under another one."""
    parent = await get_parent(session, principal, code, on)
    if parent is None or parent.path.startswith(agency.path):
        raise ValidationFailed.at("/parent", "own_subtree", OWN_SUBTREE, code=code)
    old, new = agency.path, f"{parent.path}{agency.id}/"
    reach_kinds = select(Agency.id).where(Agency.path.startswith(old), Agency.kind.in_(REACH_KINDS))
    if await session.scalar(reach_kinds.limit(1)):
        await _ensure_no_district_around(session, parent)
    agency.parent_id = parent.id
    await session.execute(
        update(Agency)
        .where(Agency.path.startswith(old))
        .values(path=literal(new) + func.substr(Agency.path, len(old) + 1))
        .execution_options(synchronize_session=False)
    )


async def _ensure_no_district_around(session: AsyncSession, parent: Agency) -> None:
    """Raise ValidationFailed where the parent is a district or lies within one."""
    if await lookup.district_around(session, parent.path):
        raise ValidationFailed.at("/parent", "in_a_district", IN_A_DISTRICT)
