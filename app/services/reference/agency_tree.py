"""The tree of agencies: locking, parents, moves.

`Agency.path` lists the ids from the root to the agency, so a subtree is a prefix of paths.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound, ValidationFailed
from app.models.agencies import Agency
from app.policy import Principal
from app.services import lookup
from app.text.bilingual import Bilingual
from app.vocabulary import TIERS, AgencyKind

UNKNOWN_PARENT = Bilingual(
    "Không có đơn vị {code} trong phạm vi quản lý vào ngày {on}.",
    "There is no agency {code} within reach on {on}.",
)
NO_PARENT = Bilingual("Phải ghi mã đơn vị cấp trên.", "The parent agency is required.")
OWN_SUBTREE = Bilingual(
    "{code} là chính đơn vị này hoặc nằm dưới nó.", "{code} is the agency itself or below it."
)
WRONG_TIER = Bilingual(
    "{name} không phải là cấp trên của đơn vị này.",
    "{name} is not of a higher tier.",
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
        ValidationFailed: a government would lie in one that is not of a higher tier.
    """
    if parent is not None:
        await _ensure_higher_tier(session, parent, {agency.kind})
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
            a government would lie in one that is not of a higher tier.
    """
    parent = await get_parent(session, principal, code, on)
    if parent is None or parent.path.startswith(agency.path):
        raise ValidationFailed.at("/parent", "own_subtree", OWN_SUBTREE, code=code)
    old, new = agency.path, f"{parent.path}{agency.id}/"
    moved_kinds = await session.scalars(
        select(Agency.kind).where(Agency.path.startswith(old)).distinct()
    )
    await _ensure_higher_tier(session, parent, set(moved_kinds))
    agency.parent_id = parent.id
    # Replace the prefix of every path in the subtree.
    await session.execute(
        update(Agency)
        .where(Agency.path.startswith(old))
        .values(path=literal(new) + func.substr(Agency.path, len(old) + 1))
        .execution_options(synchronize_session=False)
    )


async def _ensure_higher_tier(
    session: AsyncSession, parent: Agency, kinds: Collection[AgencyKind]
) -> None:
    """Ensure that governments of these kinds may lie below the parent.

    Raises:
        ValidationFailed: the nearest government around is not of a higher tier; at /parent.
    """
    tiers = [TIERS[kind] for kind in kinds if kind in TIERS]
    government = await lookup.government_around(session, parent.path)
    if tiers and government is not None and TIERS[government.kind] >= min(tiers):
        raise ValidationFailed.at("/parent", "wrong_tier", WRONG_TIER, name=government.name)
