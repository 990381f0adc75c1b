"""The district around an agency: for which its coordinators work, and which decides about it."""

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.agencies import Agency
from app.policy import Principal
from app.vocabulary import AgencyKind


async def path_around(session: AsyncSession, path: str) -> str:
    """The path of the nearest district at or above an agency; its own where there is none."""
    district = await session.scalar(
        select(Agency.path)
        .where(Agency.kind == AgencyKind.DISTRICT, literal(path).startswith(Agency.path))
        .order_by(func.length(Agency.path).desc())
        .limit(1)
    )
    return district or path


async def reaches(session: AsyncSession, principal: Principal, path: str) -> bool:
    """Whether the principal's reach holds all of the district around an agency."""
    return principal.reaches(await path_around(session, path))
