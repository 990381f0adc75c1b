"""The tree of agencies: locking, parents, moves.

`Agency.path` lists the ids from the root to the agency, so a subtree is a prefix of paths.
"""

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
"""The kinds that define the reach of principals.

An agency has at most one district around it, so agencies of these kinds cannot lie within a
district.
"""

UNKNOWN_PARENT = Bilingual(
    "Không có cơ quan {code} trong phạm vi quản lý vào ngày {on}.",
    "There is no agency {code} within reach on {on}.",
)
NO_PARENT = Bilingual("Cần mã cơ quan cấp trên.", "The parent agency is required.")
OWN_SUBTREE = Bilingual(
    "{code} là chính đơn vị này hoặc nằm dưới nó.", "{code} is the agency itself or below it."
)
IN_A_DISTRICT = Bilingual(
    "Huyện, tỉnh không nằm trong một huyện khác.",
    "A district or a province cannot lie within a district.",
)

# Other writes to the table wait until the commit; reads continue.
LOCK_TREE = text("LOCK TABLE agency IN SHARE ROW EXCLUSIVE MODE")


async def lock(session: AsyncSession) -> None:
    """Serialise changes of the tree, because each path derives from the path above it."""
    await session.execute(LOCK_TREE)


async def get_parent(
    session: AsyncSession, principal: Principal, code: str | None, on: date
) -> Agency | None:
    """The agency within reach that the field `parent` of a body names; None for a root.

    Raises:
        ValidationFailed: there is no such agency on the day, or `code` is None and the principal
            does not reach the whole tree; at /parent.
    """
    if code is None:
        if principal.reach:  # an empty reach is the whole tree
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
    """Insert a new agency below its parent, with its path.

    Raises:
        ValidationFailed: a district or province would lie within a district.
    """
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
    """Move an agency and its subtree below another agency.

    Raises:
        ValidationFailed: there is no such agency within reach, it lies in the moved subtree, or
            a district or province would lie within a district.
    """
    parent = await get_parent(session, principal, code, on)
    if parent is None or parent.path.startswith(agency.path):
        raise ValidationFailed.at("/parent", "own_subtree", OWN_SUBTREE, code=code)
    old, new = agency.path, f"{parent.path}{agency.id}/"
    reach_kinds = select(Agency.id).where(Agency.path.startswith(old), Agency.kind.in_(REACH_KINDS))
    if await session.scalar(reach_kinds.limit(1)):
        await _ensure_no_district_around(session, parent)
    agency.parent_id = parent.id
    # Replace the prefix of every path in the subtree.
    await session.execute(
        update(Agency)
        .where(Agency.path.startswith(old))
        .values(path=literal(new) + func.substr(Agency.path, len(old) + 1))
        .execution_options(synchronize_session=False)
    )


async def _ensure_no_district_around(session: AsyncSession, parent: Agency) -> None:
    """Ensure that the parent is no district and lies in none.

    Raises:
        ValidationFailed: it is or does; at /parent.
    """
    if await lookup.district_around(session, parent.path):
        raise ValidationFailed.at("/parent", "in_a_district", IN_A_DISTRICT)
