"""The district around an agency: for which its coordinators work, and which decides about it."""

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.agencies import Agency
from app.policy import Principal
from app.vocabulary import AgencyKind


async def around(session: AsyncSession, path: str) -> str | None:
    """The path of the nearest district at or above an agency."""
    return await session.scalar(
        select(Agency.path)
        .where(Agency.kind == AgencyKind.DISTRICT, literal(path).startswith(Agency.path))
        .order_by(func.length(Agency.path).desc())
        .limit(1)
    )


async def reaches(session: AsyncSession, principal: Principal, path: str) -> bool:
    """Whether the principal's reach holds all of the district around an agency.

    Where there is none, it is the agency itself that has to be reached.
    """
    return principal.reaches(await around(session, path) or path)
